"""Behaviour features: counts, recency, rates and engagement of many (lead, moment) pairs at once. Pure: no clock, no I/O."""

import polars as pl

from domain.events import OUTBOUND_KINDS, REPLY_KINDS, InteractionKind
from tools.scoring.features import (
    ACTIVITIES,
    HALF_LIFE_DAYS,
    WINDOWED,
    WINDOWS,
    WRITTEN_REPLY_KINDS,
)

KEYS = ["lead_id", "as_of"]
_BOT = r"bot\b|crawler|spider|headless"
_WEEK = 7.0


def interactions_before(history: pl.DataFrame) -> pl.DataFrame:
    """Select the interactions strictly before each moment, without bots, in order of time.

    Args:
        history: `HISTORY_SCHEMA`.

    Returns:
        The rows, with `age` in days before `as_of` added.
    """
    payload = pl.col("payload")
    # Most payloads hold no user agent: the cheap test keeps the JSON path off them.
    agent = pl.when(payload.str.contains("user_agent", literal=True)).then(payload).str.json_path_match("$.user_agent")
    is_bot = agent.str.to_lowercase().str.contains(_BOT).fill_null(value=False)
    return (
        history.filter((pl.col("record") == "interaction") & (pl.col("at") < pl.col("as_of")))
        .filter(~is_bot)
        .with_columns(age=(pl.col("as_of") - pl.col("at")).dt.total_microseconds() / 86_400e6)
        .sort([*KEYS, "at", "id"])
    )


def behaviour(interactions: pl.DataFrame) -> pl.DataFrame:
    """Compute the behaviour features of every (lead, moment) that has an interaction.

    Args:
        interactions: What `interactions_before` returns.

    Returns:
        `KEYS` and the feature columns. Counts are zero where a lead did nothing of the kind; recencies, rates
        and latencies are null where they are not defined.
    """
    marked = interactions.with_columns(_MARKS)
    counted = marked.group_by(KEYS, maintain_order=True).agg(_AGGREGATES)
    return counted.join(_latency(interactions), on=KEYS, how="left")


def _is(kinds: frozenset[InteractionKind]) -> pl.Expr:
    return pl.col("kind").is_in(sorted(kinds))


def _counts() -> list[pl.Expr]:
    totals = [pl.col(f"is_{name}").sum().cast(pl.Float64).alias(f"{name}_total") for name in ACTIVITIES]
    windows = [
        (pl.col(f"is_{name}") & (pl.col("age") <= days)).sum().cast(pl.Float64).alias(f"{name}_{days}d")
        for name in WINDOWED
        for days in WINDOWS
    ]
    return totals + windows


def _rates() -> list[pl.Expr]:
    age, inbound = pl.col("age"), pl.col("is_inbound")
    replies, outbound = pl.col("is_replies").sum(), pl.col("is_outbound").sum()
    attended, missed = pl.col("is_meetings_attended").sum(), pl.col("is_meetings_missed").sum()
    raised = pl.col("is_objections_raised").sum()
    resolved = (pl.col("kind") == InteractionKind.OBJECTION_RESOLVED).sum()
    talked = pl.col("is_calls_answered") | pl.col("is_meetings_attended")
    last_week, week_before = inbound & (age <= _WEEK), inbound & age.is_between(_WEEK, 2 * _WEEK, closed="right")
    return [
        age.filter(inbound).min().alias("days_since_inbound"),
        age.filter(pl.col("is_replies")).min().alias("days_since_reply"),
        age.filter(pl.col("is_outbound")).min().alias("days_since_outbound"),
        pl.when(outbound > 0).then(replies / outbound).alias("reply_rate"),
        pl.when(attended + missed > 0).then(attended / (attended + missed)).alias("meeting_attendance_rate"),
        pl.when(raised > 0).then((resolved / raised).clip(upper_bound=1.0)).alias("objections_resolved_share"),
        (pl.col("kind") == InteractionKind.BUDGET_DISCUSSED).any().alias("budget_discussed"),
        (0.5 ** (age.filter(inbound) / HALF_LIFE_DAYS)).sum().alias("engagement"),
        pl.col("at").filter(inbound).dt.date().n_unique().cast(pl.Float64).alias("active_days"),
        (last_week.sum().cast(pl.Float64) - week_before.sum().cast(pl.Float64)).alias("inbound_trend"),
        pl.col("value").filter(talked).sum().alias("talk_seconds"),
    ]


def _latency(interactions: pl.DataFrame) -> pl.DataFrame:
    """Return the median hours from an outbound interaction to the written reply that comes next."""
    turns = interactions.filter(_is(OUTBOUND_KINDS | REPLY_KINDS)).with_columns(
        previous_kind=pl.col("kind").shift(1).over(KEYS), previous_at=pl.col("at").shift(1).over(KEYS)
    )
    answers = turns.filter(_is(WRITTEN_REPLY_KINDS) & pl.col("previous_kind").is_in(sorted(OUTBOUND_KINDS)))
    hours = (pl.col("at") - pl.col("previous_at")).dt.total_microseconds() / 3_600e6
    return answers.group_by(KEYS).agg(hours.median().alias("response_latency_hours"))


# Building expressions costs more than running them on one lead: they are built once.
_MARKS = [_is(kinds).alias(f"is_{name}") for name, (_, kinds) in ACTIVITIES.items()]
_AGGREGATES = [*_counts(), *_rates()]
