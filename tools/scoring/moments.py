"""When past leads are scored for training, and what counts as their label. Pure: no clock, no I/O."""

from datetime import datetime, timedelta

import polars as pl

from domain.values import content_hash
from tools.scoring.history import MOMENT

MOMENT_DAYS = (0, 1, 3, 7, 14)
"""Ages, in days, at which past leads are scored: models see leads fresh and worked on."""

FURTHER_DAYS = (0, 7)
"""Ages at which every past lead is learned from, beside its own moment: a model that saw the same lead fresh and worked
on learns what a week adds. Measured: +.010 AUC on a later window over one moment a lead; all five ages add nothing."""

OUTCOME_WINDOW = timedelta(days=90)
"""A lead that is won within this time after the score counts as converted."""


def scoring_moments(outcomes: pl.DataFrame, *, now: datetime, days: tuple[int, ...] = MOMENT_DAYS) -> pl.DataFrame:
    """Choose one moment per past lead and label it.

    The age is drawn by a hash of the lead id: the same lead gets the same moment in every run. A lead that had
    ended by its moment is left out.

    Args:
        outcomes: `OUTCOMES_SCHEMA`.
        now: Nothing after it is known.
        days: Ages to draw from.

    Returns:
        `lead_id`, `as_of`, `settles_at` (end of the outcome window), `converted`. `converted` is null for a
        censored lead: its window is not over and it has not ended.
    """
    lead_ids = outcomes.get_column("lead_id").to_list()
    ages = [days[int(content_hash("moment", lead_id, length=8), 16) % len(days)] for lead_id in lead_ids]
    ended = pl.col("outcome_at") <= now
    won_in_time = (
        ended & (pl.col("outcome") == "won") & (pl.col("outcome_at") <= pl.col("settles_at"))
    ).fill_null(value=False)  # fmt: skip
    known = ended.fill_null(value=False) | (pl.col("settles_at") <= now)
    return (
        outcomes.with_columns(
            as_of=pl.col("created_at") + pl.Series([timedelta(days=age) for age in ages], dtype=pl.Duration("us"))
        )
        .with_columns(settles_at=pl.col("as_of") + OUTCOME_WINDOW)
        .filter((pl.col("as_of") < now) & (pl.col("outcome_at").is_null() | (pl.col("outcome_at") >= pl.col("as_of"))))
        .select("lead_id", pl.col("as_of").cast(MOMENT), "settles_at", converted=pl.when(known).then(won_in_time))
        .sort(["as_of", "lead_id"])
    )


def training_moments(outcomes: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Choose the moments to learn from: each lead's own, and those of `FURTHER_DAYS`.

    Args:
        outcomes: `OUTCOMES_SCHEMA`.
        now: Nothing after it is known.

    Returns:
        As `scoring_moments`, with `judged`: true for one moment a lead, on which models are compared. Moments of
        one lead share its result, so counting all of them would make every interval too narrow.
    """
    own = scoring_moments(outcomes, now=now).with_columns(judged=pl.lit(value=True))
    further = [
        scoring_moments(outcomes, now=now, days=(day,)).with_columns(judged=pl.lit(value=False)) for day in FURTHER_DAYS
    ]
    return (
        pl.concat([own, *further])
        .unique(["lead_id", "as_of"], keep="first", maintain_order=True)
        .sort(["as_of", "lead_id"])
    )


def settled(moments: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Keep the moments whose outcome window is over.

    A recent lead whose result is known already is a quick one, won or lost: kept beside leads that are merely
    still open, it would bend the rate. Only complete windows are unbiased.
    """
    return moments.filter(pl.col("settles_at") <= now)
