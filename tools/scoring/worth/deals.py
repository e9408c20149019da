"""Which won leads the worth of others is learned from, at which moments, and how much each counts. Pure: no clock, no I/O."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from tools.scoring.arrays import FloatVector
from tools.scoring.history import MOMENT

WORTH_AGES = (0, 3, 7, 14, 30, 60, 120)
"""Ages, in days, at which won leads are looked at while they were open: an old lead's remaining time is no fresh one's."""

MAX_DEALS = 10_000
"""The newest won leads that are learned from; more would only be older."""

MIN_FOLLOWED = 0.1
"""Share of the leads that must have been followed for as long as a win took, for the win to count. It bounds the
weights at ten. Wins that took longer are left out, and the evidence says from which day on."""

DEALS_SCHEMA: dict[str, pl.DataType] = {
    "lead_id": pl.Utf8(),
    "as_of": MOMENT,
    "age_days": pl.Float64(),
    "days": pl.Float64(),
    "took_days": pl.Float64(),
    "followed_days": pl.Float64(),
    "value": pl.Float64(),
    "currency": pl.Utf8(),
    "weight": pl.Float64(),
}
"""Columns of the frame that `won_deals` returns."""

_DAY = timedelta(days=1)


def won_deals(outcomes: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """List the moments of won leads, each with what came of it and how much it counts.

    At any moment the newest leads that are won already are the quick ones; the slow ones are still open. A win that
    took t days could be known only of leads that came at least t days ago, so it counts 1 / G(t), where G(t) is the
    share of all leads, however they ended, that came so long ago. Every lead's age is known, so G needs no model; it
    needs that leads of early and of late months take alike. Lost leads are no censoring: of a lead that is lost it is
    known that it will not be won.

    Leads that came before the first end on file are left out. Where a log began, or was imported from, with leads
    that were open at the time, only the slow ones of their months are in it.

    Args:
        outcomes: `OUTCOMES_SCHEMA`, of all leads.
        now: Nothing after it is known.

    Returns:
        `DEALS_SCHEMA`, ordered by moment and lead: one row per won lead and age of `WORTH_AGES` at which it was
        open. `days` is the time from the moment to the win; `value` is null where it is not recorded, not above 0,
        or in another currency than most.

    Source:
        Inverse probability of censoring weights: Robins and Finkelstein, Biometrics 56 (2000). With competing ends
        and censoring by the calendar alone it is the Aalen-Johansen estimate of who wins when, given a win.
    """
    followed = followed_days(outcomes, now=now)
    won = (
        _seen_from_the_start(outcomes, now)
        .filter((pl.col("outcome") == "won") & (pl.col("outcome_at") <= now))
        .with_columns(
            took_days=_in_days(pl.col("outcome_at") - pl.col("created_at")),
            followed_days=_in_days(pl.lit(now) - pl.col("created_at")),
        )
        .filter(pl.col("took_days") >= 0)
        .sort(["outcome_at", "lead_id"])
        .tail(MAX_DEALS)
    )
    share = share_followed(followed, won.get_column("took_days").to_numpy())
    currency = main_currency(won)
    is_valued = (pl.col("currency") == pl.lit(currency, dtype=pl.Utf8)) & (pl.col("value") > 0)
    weighted = won.with_columns(
        pl.Series("weight", weights_of(share)),
        pl.Series("share", share),
        value=pl.when(is_valued).then(pl.col("value")),
        currency=pl.lit(currency, dtype=pl.Utf8),
    ).filter(pl.col("share") >= MIN_FOLLOWED)
    ages = pl.DataFrame({"age_days": [float(age) for age in WORTH_AGES], "age": [age * _DAY for age in WORTH_AGES]})
    return (
        weighted.join(ages, how="cross")
        .with_columns(as_of=(pl.col("created_at") + pl.col("age")).cast(MOMENT))
        .with_columns(days=_in_days(pl.col("outcome_at") - pl.col("as_of")))
        .filter((pl.col("days") > 0) | ((pl.col("days") == 0) & (pl.col("age_days") == 0)))
        .select(pl.col(name).cast(dtype) for name, dtype in DEALS_SCHEMA.items())
        .sort(["as_of", "lead_id"])
    )


def share_followed(followed: FloatVector, days: FloatVector) -> FloatVector:
    """Return the share of leads followed for at least so many days.

    Args:
        followed: Shape (n_leads,), ascending. Days since each lead came.
        days: Shape (n,).
    """
    return np.asarray(1.0 - np.searchsorted(followed, days, side="left") / max(len(followed), 1), dtype=np.float64)


def weights_of(share: FloatVector) -> FloatVector:
    """Return how much a win counts that such a share of the leads was followed for."""
    return np.asarray(1.0 / np.maximum(share, MIN_FOLLOWED), dtype=np.float64)


def followed_days(outcomes: pl.DataFrame, *, now: datetime) -> FloatVector:
    """Return for how many days each lead has been followed, however it ended; ascending, shape (n_leads,)."""
    leads = _seen_from_the_start(outcomes, now)
    return np.sort(leads.select(_in_days(pl.lit(now) - pl.col("created_at"))).to_series().to_numpy())


def horizon_days(followed: FloatVector) -> float:
    """Return the longest time that enough leads have been followed for; 0 without leads."""
    return float(np.quantile(followed, 1.0 - MIN_FOLLOWED)) if len(followed) else 0.0


def main_currency(won: pl.DataFrame) -> str | None:
    """Return the currency of most deals with a value, the first by name of several; None without one."""
    counts = won.drop_nulls(["value", "currency"]).group_by("currency").len()
    ordered = counts.sort(["len", "currency"], descending=[True, False])
    return None if ordered.is_empty() else str(ordered.get_column("currency")[0])


def _seen_from_the_start(outcomes: pl.DataFrame, now: datetime) -> pl.DataFrame:
    first_end = outcomes.filter(pl.col("outcome_at") <= now).get_column("outcome_at").min()
    known = outcomes.filter(pl.col("created_at") < now)
    return known.filter(pl.col("created_at") >= first_end) if isinstance(first_end, datetime) else known


def _in_days(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 86_400e6
