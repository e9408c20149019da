"""The history that matching learns from: how leads ended in whose hands. Reads tables; estimates nothing."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from domain.events import OutcomeKind
from domain.values import LeadId, Market, content_hash

WINDOW_DAYS = 90
"""Days within which most leads end."""


class OutcomeHistory(Protocol):
    """Tells how leads ended."""

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Return every lead of a market created before a moment, with its outcome if that was known before it.

        Columns: lead_id, created_at, product_id, region, source, rep_id, outcome, outcome_at, value, currency.
        Optional columns: `language`; `hours_to_contact`, from the assignment to the rep's first contact; `p_base`, the
        scorer's probability of winning as it was before anybody had the lead, so that it is neither fitted to this
        outcome nor coloured by the rep; `bad_data`, whether a rep called the lead's record bad.
        """
        ...


def judged_leads(outcomes: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Keep the leads that a rep won or lost, and say which.

    Three kinds of leads are not what they seem. A lead without an outcome is left out however old it is: how
    long reps leave lost leads open differs between them more than how well they sell. A disqualified lead is
    left out: a bot or a duplicate says nothing about its rep. A lead that ended inside a window that is still
    open is kept but marked `young`: quick ends are not like all ends, so their base rate is their own. A lead whose
    record a rep called bad is left out: it says nothing about anybody.

    Args:
        outcomes: Table of `OutcomeHistory.outcomes`. Outcomes at or after `now` are taken as unknown.
        now: The moment of decision, aware.

    Returns:
        Columns lead_id, rep_id, product_id, region, source, quarter, week (Int64, weeks since 1970), young (Boolean),
        won (Float64) and, where given, language, hours_to_contact and p_base; in order of lead id.
    """
    created = pl.col("created_at")
    judged = pl.col("outcome").is_in([OutcomeKind.WON.value, OutcomeKind.LOST.value]) & (pl.col("outcome_at") < now)
    given = [name for name in ("language", "hours_to_contact", "p_base") if name in outcomes.columns]
    if "bad_data" in outcomes.columns:
        judged = judged & ~pl.col("bad_data").fill_null(value=False)
    return (
        outcomes.filter(pl.col("rep_id").is_not_null() & (created < now) & judged)
        .sort("lead_id")
        .select(
            "lead_id",
            "rep_id",
            "product_id",
            "region",
            "source",
            pl.format("{}-{}", created.dt.year(), created.dt.quarter()).alias("quarter"),
            (created.dt.epoch("d") // 7).cast(pl.Int64).alias("week"),
            (created + timedelta(days=WINDOW_DAYS) > now).alias("young"),
            (pl.col("outcome") == OutcomeKind.WON.value).cast(pl.Float64).alias("won"),
            *given,
        )
    )


def without_bad_data(outcomes: pl.DataFrame, bad: Collection[LeadId]) -> pl.DataFrame:
    """Drop the leads whose record a rep called bad, so that nobody learns from how they ended.

    Bad data is not a bad lead: kept as lost, such leads would teach a scorer that people with a mistyped number do not
    buy. For every table of outcomes, a scorer's too.

    Args:
        outcomes: Table with a column `lead_id`.
        bad: What `bad_data_leads` found.
    """
    return outcomes.filter(~pl.col("lead_id").is_in(sorted(bad))) if bad else outcomes


def fingerprint(judged: pl.DataFrame) -> str:
    """Name the content of a table of judged leads, so that a model is fitted once per content."""
    return content_hash(judged.columns, judged.height, int(judged.hash_rows(seed=0).sum() or 0) if judged.height else 0)
