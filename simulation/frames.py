"""Writes a story down as records would have it up to the floor's last day: frames with the domain's column names."""

import json
from collections.abc import Sequence

import numpy as np
import polars as pl

from domain.events import OutcomeKind, Purpose
from simulation.market import ChoiceField, FieldSpec, FlagField, MarketModel
from simulation.moments import UTC_DATETIME
from simulation.story import Stage, Story
from simulation.streams import Streams
from simulation.team import Team
from simulation.vectors import BoolVector, FloatVector, IntVector

REP_LISTS = ("regions", "languages", "certificates", "skills", "work_days")
"""Columns of the reps that hold JSON text."""

_OUTCOMES = (OutcomeKind.WON.value, OutcomeKind.LOST.value, OutcomeKind.DISQUALIFIED.value)
_REGION_MISSING = 0.02
_FORM_PROOF = "ticked on the form"


def lead_frame(story: Story, streams: Streams) -> pl.DataFrame:
    """Return the leads as recorded, each market field in a column `fields.<name>`; null where it was not measured."""
    stage, roster = story.stage, story.roster
    market, population = stage.market, roster.population
    rng = streams.of("missing")
    missing = stage.effects.missing
    no_region = (rng.random(len(roster.ids)) < _REGION_MISSING) & missing
    hides = (rng.random(len(roster.ids)) < 0.5) & missing  # noqa: PLR2004 - half of those who refuse give no address
    no_email = hides & ~story.consents.given["email"]
    no_phone = hides & ~story.consents.given["phone"] & ~story.consents.given["sms"]
    columns = {
        "id": pl.Series(roster.ids, dtype=pl.String),
        "market": _constant(market.id, len(roster.ids)),
        "created_at": stage.timeline.series(roster.created),
        "source": _named(list(market.sources), population.source),
        "name": pl.Series(roster.identities.name, dtype=pl.String),
        "company": pl.Series(roster.identities.company, dtype=pl.String),
        "email": _blank(pl.Series(roster.identities.email, dtype=pl.String), no_email),
        "phone": _blank(pl.Series(roster.identities.phone, dtype=pl.String), no_phone),
        "region": _blank(_named([region.id for region in market.regions], population.region), no_region),
        "language": _named(list(market.language_ids), population.language),
        "timezone": _named([region.timezone for region in market.regions], population.region),
        "product_id": _named([product.id for product in market.products], population.product),
    }
    for field in market.fields:
        unknown = (rng.random(len(roster.ids)) < field.missing) & missing
        columns[f"fields.{field.name}"] = _blank(_measured(field, population.fields[field.name]), unknown)
    return pl.DataFrame(columns)


def rep_frame(team: Team) -> pl.DataFrame:
    """Return the reps; lists are JSON text."""
    rows = [rep.model_dump(mode="json") | {"hired_at": rep.hired_at} for rep in team.reps]
    for row in rows:
        for name in REP_LISTS:
            row[name] = json.dumps(row[name])
    return pl.DataFrame(rows, schema_overrides={"hired_at": UTC_DATETIME})


def product_frame(market: MarketModel) -> pl.DataFrame:
    """Return the products."""
    return pl.DataFrame([product.model_dump() for product in market.domain_products()], infer_schema_length=None)


def interaction_frame(story: Story) -> pl.DataFrame:
    """Return what happened before each lead's end and the floor's last day, in order of time."""
    stage, roster = story.stage, story.roster
    cut = pl.Series(_last_day(story))
    events = story.events.filter(pl.col("at") < cut.gather(story.events["lead"])).sort("at", "lead", "kind")
    n = events.height
    return pl.DataFrame(
        {
            "id": _numbered(f"{stage.market.code}-int-", n),
            "lead_id": pl.Series(roster.ids).gather(events["lead"]),
            "kind": events["kind"],
            "at": stage.timeline.series(events["at"].to_numpy()),
            "channel": events["channel"],
            "rep_id": _rep_ids(stage, events["rep"].to_numpy()),
            "product_id": pl.Series([None], dtype=pl.String).new_from_index(0, n),
            "duration_s": events["duration_s"].fill_nan(None),
            "text": events["text"],
            "attributes": events["attributes"],
        }
    )


def outcome_frame(story: Story) -> pl.DataFrame:
    """Return the ends that came before the floor's last day, in order of time."""
    stage, endings = story.stage, story.endings
    ended = np.flatnonzero(endings.at < stage.timeline.days)
    row = ended[np.argsort(endings.at[ended], kind="stable")]
    market, roster = stage.market, story.roster
    reasons = [*market.outcomes.lost_reasons, "bot", "duplicate", None]
    by_row = np.select(
        [endings.reason >= 0, roster.bot, roster.duplicate], [endings.reason, len(reasons) - 3, len(reasons) - 2], -1
    )
    return pl.DataFrame(
        {
            "lead_id": pl.Series(roster.ids).gather(pl.Series(row)),
            "kind": _named(list(_OUTCOMES), endings.kind[row]),
            "at": stage.timeline.series(endings.at[row]),
            "rep_id": _rep_ids(stage, story.allotment.rep_at(row, endings.at[row])),
            "product_id": _named([product.id for product in market.products], roster.population.product[row]),
            "value": pl.Series(endings.value[row]).fill_nan(None),
            "currency": _constant(market.currency, len(row)),
            "reason": pl.Series(reasons, dtype=pl.String).gather(pl.Series(np.mod(by_row[row], len(reasons)))),
        }
    )


def consent_frame(story: Story) -> pl.DataFrame:
    """Return grants at creation and withdrawals of every channel, in order of time."""
    stage, roster = story.stage, story.roster
    lead: list[IntVector] = []
    at: list[FloatVector] = []
    channel: list[str | None] = []
    granted: list[bool] = []
    for name, given in story.consents.given.items():
        rows = np.flatnonzero(given)
        lead.append(rows)
        channel += [name] * len(rows)
        at.append(roster.created[rows])
        granted += [True] * len(rows)
    withdrawn = np.flatnonzero(story.consents.withdrawn_at < _last_day(story))
    lead.append(withdrawn)
    channel += [None] * len(withdrawn)
    at.append(story.consents.withdrawn_at[withdrawn])
    granted += [False] * len(withdrawn)
    frame = pl.DataFrame(
        {
            "lead_id": pl.Series(roster.ids).gather(pl.Series(np.concatenate(lead))),
            "channel": pl.Series(channel, dtype=pl.String),
            "purpose": _constant(Purpose.MARKETING.value, len(granted)),
            "granted": pl.Series(granted, dtype=pl.Boolean),
            "at": stage.timeline.series(np.concatenate(at)),
        }
    ).sort("at", "lead_id", "channel")
    return frame.select(
        _numbered(f"{stage.market.code}-con-", frame.height).alias("id"),
        "lead_id",
        "channel",
        "purpose",
        "granted",
        "at",
        pl.when("granted").then(pl.lit("form")).otherwise(pl.lit("reply")).alias("source"),
        pl.when("granted").then(pl.lit(_FORM_PROOF)).otherwise(pl.lit("the lead's own words")).alias("proof"),
        pl.lit(None, dtype=UTC_DATETIME).alias("expires_at"),
    )


def assignment_frame(story: Story) -> pl.DataFrame:
    """Return who got which lead and when; a null rep puts the lead in the pool."""
    stage, allotment, created = story.stage, story.allotment, story.roster.created
    everyone = np.arange(len(created))
    parts = (
        (allotment.pooled, created, np.full(len(created), -1), "importer", "nobody free: pool"),
        (allotment.first >= 0, allotment.first_at, allotment.first, "importer", "round-robin"),
        (np.isfinite(allotment.moved_at), allotment.moved_at, allotment.final, "manager", "moved by a manager"),
    )
    cut = _last_day(story)
    pieces = []
    for kept, at, rep, by, reason in parts:
        row = everyone[kept & (at < cut)]
        pieces.append(
            pl.DataFrame(
                {
                    "lead_id": pl.Series(story.roster.ids).gather(pl.Series(row)),
                    "rep_id": _rep_ids(stage, rep[row]),
                    "at": stage.timeline.series(at[row]),
                    "by": _constant(by, len(row)),
                    "decision_id": pl.Series([None], dtype=pl.String).new_from_index(0, len(row)),
                    "reason": _constant(reason, len(row)),
                }
            )
        )
    frame = pl.concat(pieces).sort("at", "lead_id")
    return frame.insert_column(0, _numbered(f"{stage.market.code}-asg-", frame.height).alias("id"))


def nudge_frame(story: Story) -> pl.DataFrame:
    """Return the historical policy's decisions with their propensities, in order of time; `wait` has no channel."""
    stage, market = story.stage, story.stage.market
    touches = story.touches.where(story.touches.at < _last_day(story)[story.touches.lead])
    return pl.DataFrame(
        {
            "lead_id": pl.Series(story.roster.ids).gather(pl.Series(touches.lead)),
            "action_id": _named(list(market.action_ids), touches.action),
            "channel": _named(
                [action.channel.value if action.channel else None for action in market.actions], touches.action
            ),
            "at": stage.timeline.series(touches.at),
            "replied": touches.replied & (touches.reply_at < _last_day(story)[touches.lead]),
            "propensity": touches.propensity,
        }
    ).sort("at", "lead_id")


def lead_ids(market: MarketModel, n_leads: int) -> tuple[str, ...]:
    """Return ids in order of creation."""
    return tuple(f"{market.code}-lead-{number:06d}" for number in range(1, n_leads + 1))


def _last_day(story: Story) -> FloatVector:
    return np.minimum(story.endings.at, story.stage.timeline.days)


def _measured(field: FieldSpec, values: FloatVector) -> pl.Series:
    if isinstance(field, ChoiceField):
        return _named(list(field.levels), values.astype(np.int64))
    return pl.Series(values.astype(np.bool_)) if isinstance(field, FlagField) else pl.Series(values)


def _named(names: Sequence[str | None], index: IntVector) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(pl.Series(index))


def _constant(value: str, n: int) -> pl.Series:
    return pl.Series([value], dtype=pl.String).new_from_index(0, n)


def _blank(values: pl.Series, unknown: BoolVector) -> pl.Series:
    return pl.select(pl.when(~pl.Series(unknown)).then(values)).to_series()


def _rep_ids(stage: Stage, rep: IntVector) -> pl.Series:
    ids: list[str | None] = [*(str(rep.id) for rep in stage.team.reps), None]
    return _named(ids, np.where(rep < 0, len(ids) - 1, rep))


def _numbered(prefix: str, n: int) -> pl.Series:
    numbers = pl.int_range(1, n + 1, eager=True).cast(pl.String).str.zfill(7)
    return pl.select(pl.concat_str([pl.lit(prefix), numbers])).to_series()
