"""An event log in memory, from raw frames: answers as `History` does, without a database. Pure: no clock, no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from domain.errors import InvalidInputError
from domain.values import Market
from tools.scoring.history import HISTORY_SCHEMA, MOMENT, MOMENTS_SCHEMA, OUTCOMES_SCHEMA
from tools.scoring.reading import KEYS

FIELD_COLUMN = "fields."
"""Prefix of the columns of raw leads that hold a market's own fields."""

_TEXT, _NUMBER = pl.Utf8(), pl.Float64()
_LEADS: Mapping[str, pl.DataType] = {
    "id": _TEXT, "market": _TEXT, "created_at": MOMENT, "source": _TEXT, "region": _TEXT, "language": _TEXT,
    "timezone": _TEXT, "company": _TEXT, "email": _TEXT, "phone": _TEXT, "product_id": _TEXT,
}  # fmt: skip
_EVENTS: Mapping[str, pl.DataType] = {
    "lead_id": _TEXT, "kind": _TEXT, "at": MOMENT, "id": _TEXT, "channel": _TEXT, "rep_id": _TEXT,
    "product_id": _TEXT, "duration_s": _NUMBER, "text": _TEXT, "attributes": _TEXT,
}  # fmt: skip
_ASSIGNMENTS: Mapping[str, pl.DataType] = {"lead_id": _TEXT, "rep_id": _TEXT, "at": MOMENT, "id": _TEXT, "by": _TEXT}
_OUTCOMES: Mapping[str, pl.DataType] = {
    "lead_id": _TEXT, "kind": _TEXT, "at": MOMENT, "rep_id": _TEXT, "product_id": _TEXT, "value": _NUMBER,
    "currency": _TEXT,
}  # fmt: skip
_RECORD = {name: dtype for name, dtype in HISTORY_SCHEMA.items() if name != "as_of"}


@dataclass(frozen=True)
class EventLog:
    """Everything that is known of a team's leads, in memory.

    Its methods take and return what those of `History` do, but do not wait.

    Attributes:
        leads: One row per lead, in the columns of a history but `as_of`.
        events: All other records, in the same columns.
        described: One row per lead: `lead_id`, `market`, `created_at`, `product_id`, `region`, `source`.
        ends: `lead_id`, `outcome`, `outcome_at`, `named_rep`, `value`, `currency`; one row per end of a lead.
    """

    leads: pl.DataFrame
    events: pl.DataFrame
    described: pl.DataFrame
    ends: pl.DataFrame

    def known_before(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Return everything known about leads before moments (`HISTORY_SCHEMA`), ordered by lead, moment and time.

        Args:
            moments: `MOMENTS_SCHEMA`; a lead may appear at several moments.
        """
        asked = moments.select(pl.col(name).cast(dtype) for name, dtype in MOMENTS_SCHEMA.items()).unique()
        born = asked.join(self.leads, on="lead_id").filter(pl.col("at") <= pl.col("as_of"))
        past = born.select(KEYS).join(self.events, on="lead_id").filter(pl.col("at") < pl.col("as_of"))
        known = pl.concat([frame.select(HISTORY_SCHEMA.keys()) for frame in (born, past)])
        return known.sort(*KEYS, "at", "record", "id")

    def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Return one row per lead created before a moment, with how it ended, if it has (`OUTCOMES_SCHEMA`)."""
        here = self.described.filter((pl.col("market") == market) & (pl.col("created_at") < before))
        newest = self.ends.filter(pl.col("outcome_at") < before).sort("outcome_at").unique("lead_id", keep="last")
        with_end = here.join(newest, on="lead_id", how="left")
        given = self.events.filter((pl.col("record") == "assignment") & (pl.col("at") < before))
        rep = (
            with_end.select("lead_id", "outcome_at")
            .join(given.select("lead_id", "at", "rep_id"), on="lead_id")
            .filter(pl.col("outcome_at").is_null() | (pl.col("at") < pl.col("outcome_at")))
            .sort("at")
            .unique("lead_id", keep="last")
            .select("lead_id", "rep_id")
        )
        told = with_end.join(rep, on="lead_id", how="left").with_columns(rep_id=pl.coalesce("named_rep", "rep_id"))
        return told.select(OUTCOMES_SCHEMA.keys()).sort("created_at", "lead_id")

    def open_leads(self, market: Market, *, as_of: datetime) -> pl.DataFrame:
        """Return the leads without an outcome at a moment: `lead_id`, `created_at`."""
        here = self.described.filter((pl.col("market") == market) & (pl.col("created_at") <= as_of))
        ended = self.ends.filter(pl.col("outcome_at") < as_of)
        still = here.join(ended, on="lead_id", how="anti")
        return still.select("lead_id", "created_at").sort("created_at", "lead_id")


def ingest_lead_data(
    leads: pl.DataFrame,
    interactions: pl.DataFrame,
    assignments: pl.DataFrame | None = None,
    outcomes: pl.DataFrame | None = None,
) -> EventLog:
    """Make an event log of raw frames.

    Columns that a frame lacks are taken as not measured, columns not named here are left out.

    Args:
        leads: `id`, `market`, `created_at`, `source`, and if known `region`, `language`, `timezone`, `company`, `email`,
            `phone`, `product_id`; every column `fields.<name>` is a field of the market. A lead is described as it
            stands in the frame from its creation on.
        interactions: `lead_id`, `kind`, `at`, and if known `id`, `channel`, `rep_id`, `product_id`, `duration_s`,
            `text`, `attributes` (a JSON object as text).
        assignments: `lead_id`, `rep_id`, `at`, and if known `id` and `by`.
        outcomes: `lead_id`, `kind` (won, lost, disqualified), `at`, and if known `rep_id`, `product_id`, `value`,
            `currency`.

    Raises:
        InvalidInputError: If a column that is needed is absent, or a time is not aware.
    """
    people = _checked(leads, _LEADS, "leads", needed=("id", "market", "created_at", "source"))
    acts = _checked(interactions, _EVENTS, "interactions", needed=("lead_id", "kind", "at"))
    given = _checked(assignments, _ASSIGNMENTS, "assignments", needed=("lead_id", "rep_id", "at"))
    ended = _checked(outcomes, _OUTCOMES, "outcomes", needed=("lead_id", "kind", "at"))
    fields = [name for name in leads.columns if name.startswith(FIELD_COLUMN)]
    own = people.select(
        "id", "product_id", lead_id="id", record=pl.lit("lead"), at="created_at", kind="source", payload=_descriptions(people, leads.select(fields)),
    )  # fmt: skip
    events = [
        acts.select("lead_id", "id", "at", "kind", "channel", "rep_id", "product_id", value="duration_s",
                    record=pl.lit("interaction"), payload=_payloads(acts)),
        given.select("lead_id", "id", "at", "rep_id", record=pl.lit("assignment"), kind="by"),
        ended.select("lead_id", "at", "kind", "rep_id", "product_id", "value", record=pl.lit("outcome"),
                     id=pl.concat_str("lead_id", pl.lit("-end"))),
    ]  # fmt: skip
    return EventLog(
        leads=_records(own),
        events=pl.concat([_records(frame) for frame in events]),
        described=people.select("market", "created_at", "product_id", "region", "source", lead_id="id"),
        ends=ended.select("lead_id", "value", "currency", outcome="kind", outcome_at="at", named_rep="rep_id"),
    )


def _checked(
    frame: pl.DataFrame | None, schema: Mapping[str, pl.DataType], name: str, *, needed: tuple[str, ...]
) -> pl.DataFrame:
    if frame is None:
        return pl.DataFrame(schema=schema)
    for column in needed:
        if column not in frame.columns:
            raise InvalidInputError(name, frame.columns, f"lacks the column {column!r}")
    for column, dtype in schema.items():
        found = frame.schema.get(column)
        if dtype == MOMENT and not (isinstance(found, pl.Datetime) and found.time_zone is not None):
            raise InvalidInputError(f"{name}.{column}", str(found), "is no aware time; use Datetime with a time zone")
    columns = [
        (pl.col(column) if column in frame.columns else pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in schema.items()
    ]
    checked = frame.select(columns)
    if "id" in schema and "id" not in frame.columns:
        # An id of its own for each event, in the order of the frame.
        numbered = pl.concat_str(pl.lit(f"{name}-"), pl.int_range(pl.len()).cast(pl.Utf8).str.zfill(9))
        checked = checked.with_columns(id=numbered)
    return checked


def _records(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in _RECORD.items()
    )


def _descriptions(people: pl.DataFrame, fields: pl.DataFrame) -> pl.Series:
    names = [name.removeprefix(FIELD_COLUMN) for name in fields.columns]
    known = [
        {name: value for name, value in zip(names, row, strict=True) if value is not None} for row in fields.iter_rows()
    ] or [{}] * people.height
    payloads = [
        json.dumps(
            {name: row[name] for name in ("market", "region", "company")}
            | {"language": row["language"] or "en", "timezone": row["timezone"] or "UTC"}
            | {"fields": own, "has_email": row["email"] is not None, "has_phone": row["phone"] is not None},
            default=str,
        )
        for row, own in zip(people.iter_rows(named=True), known, strict=True)
    ]
    return pl.Series("payload", payloads, dtype=pl.Utf8)


def _payloads(acts: pl.DataFrame) -> pl.Series:
    """Put the text of an interaction into its attributes, as records do."""
    pairs = zip(acts["text"].to_list(), acts["attributes"].to_list(), strict=True)
    payloads = [
        attributes if text is None else json.dumps({"text": text} | json.loads(attributes or "{}"))
        for text, attributes in pairs
    ]
    return pl.Series("payload", payloads, dtype=pl.Utf8)
