"""Reads a simulated floor as `History` reads the records: what was known before a moment, and how leads ended."""

import json
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from simulation.floor import SalesFloor
from tools.scoring.activity import KEYS
from tools.scoring.history import HISTORY_SCHEMA, OUTCOMES_SCHEMA


@dataclass(frozen=True)
class FloorLog:
    """The log of a simulated floor."""

    leads: pl.DataFrame
    rest: pl.DataFrame
    ends: pl.DataFrame

    def known_before(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Return the history of (lead, moment) pairs, `HISTORY_SCHEMA`."""
        born = moments.join(self.leads, on="lead_id").filter(pl.col("at") <= pl.col("as_of"))
        past = moments.join(self.rest, on="lead_id").filter(pl.col("at") < pl.col("as_of"))
        return pl.concat([frame.select(HISTORY_SCHEMA.keys()) for frame in (born, past)]).sort(*KEYS, "at", "id")

    def outcomes(self, before: datetime) -> pl.DataFrame:
        """Return the leads born before a moment, with the ends known by then, `OUTCOMES_SCHEMA`."""
        known = pl.col("outcome_at") < before
        hidden = [pl.when(known).then(name).alias(name) for name in ("outcome", "outcome_at", "value", "currency")]
        return self.ends.filter(pl.col("created_at") < before).with_columns(hidden)


def floor_log(floor: SalesFloor) -> FloorLog:
    """Lay out a floor's leads, events, assignments and outcomes as records."""
    fields = [name for name in floor.leads.columns if name.startswith("fields.")]
    payload = [
        json.dumps(
            {name: row[name] for name in ("market", "region", "language", "timezone", "company")}
            | {"has_email": row["email"] is not None, "has_phone": row["phone"] is not None}
            | {"fields": {name.removeprefix("fields."): row[name] for name in fields}}
        )
        for row in floor.leads.iter_rows(named=True)
    ]
    leads = floor.leads.select(
        "id", "product_id", lead_id="id", record=pl.lit("lead"), at="created_at", kind="source",
        channel=pl.lit(None, pl.Utf8), rep_id=pl.lit(None, pl.Utf8), value=pl.lit(None, pl.Float64),
        payload=pl.Series(payload),
    )  # fmt: skip
    events = floor.interactions.select(
        "id", "product_id", "lead_id", "at", "kind", "channel", "rep_id",
        record=pl.lit("interaction"), value="duration_s", payload="attributes",
    )  # fmt: skip
    assignments = floor.assignments.select(
        "id", "lead_id", "at", "rep_id", record=pl.lit("assignment"), kind="by", channel=pl.lit(None, pl.Utf8),
        product_id=pl.lit(None, pl.Utf8), value=pl.lit(None, pl.Float64), payload=pl.lit(None, pl.Utf8),
    )  # fmt: skip
    ends = floor.outcomes.select("lead_id", "rep_id", "value", "currency", outcome="kind", outcome_at="at")
    table = floor.leads.select("created_at", "product_id", "region", "source", lead_id="id")
    ends = table.join(ends, on="lead_id", how="left").select(OUTCOMES_SCHEMA.keys())
    return FloorLog(leads, pl.concat([events, assignments.select(events.columns)]), ends)
