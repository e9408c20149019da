"""Whether leads lie evenly over reps, and whether any group of leads is sent to weaker ones. Knows tables only."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.stats import norm

from domain.events import OutcomeKind
from tools.matching.arrays import FloatVector
from tools.matching.effectiveness.groups import Groups
from tools.matching.effectiveness.report import Equality, GroupTreatment
from tools.matching.effectiveness.statistics import Estimate, gini

ENOUGH_LEADS = 30
"""Leads with a rep from which a group's treatment is judged."""

_LEVEL = 0.05


def expected_values(leads: pl.DataFrame, mean_rate: float) -> pl.DataFrame:
    """Add `expected_value` to leads: probability times the mean value of a deal of the product.

    Args:
        leads: Table `LEADS` of the facts.
        mean_rate: Probability of a lead without a score.

    Returns:
        The leads. Where no deal has a value, a deal counts as 1, so expected values are expected wins.
    """
    won = leads.filter((pl.col("outcome") == OutcomeKind.WON.value) & pl.col("value").is_not_null())
    overall = float(won["value"].to_numpy().mean()) if won.height else 1.0
    by_product = won.group_by("product_id").agg(pl.col("value").mean().alias("deal"))
    joined = leads.join(by_product, on="product_id", how="left", nulls_equal=True)
    worth = pl.col("p_lead").fill_null(mean_rate) * pl.col("deal").fill_null(overall)
    return joined.with_columns(worth.alias("expected_value")).drop("deal")


def measure_equality(leads: pl.DataFrame, active: Sequence[str]) -> Equality:
    """Measure how evenly leads and expected value lie over the active reps; one without leads counts with 0."""
    sums = {
        rep: (count, value)
        for rep, count, value in leads.drop_nulls("rep_id")
        .group_by("rep_id")
        .agg(pl.len(), pl.col("expected_value").sum())
        .rows()
    }
    counts, values = (np.array([float(sums.get(rep, (0, 0.0))[i]) for rep in active]) for i in (0, 1))
    return Equality(
        reps=len(active),
        leads_gini=gini(counts) if len(active) else None,
        expected_value_gini=gini(values) if len(active) else None,
    )


def measure_treatment(leads: pl.DataFrame, reps: Groups, columns: Sequence[str]) -> tuple[GroupTreatment, ...]:
    """Compare the reps that each group of leads gets with those that all other leads get.

    The interval holds both sources of doubt: how well the reps' effects are known, and who happened to get which rep.
    It is widened for the number of groups looked at (Bonferroni), so that one in twenty reports cries wolf, not one in
    twenty groups.

    Args:
        leads: Table `LEADS` of the facts.
        reps: Effects of the reps.
        columns: Columns whose values are groups.
    """
    places = {rep: number for number, rep in enumerate(reps.keys)}
    index = np.array([places.get(rep, -1) for rep in leads["rep_id"]], dtype=np.int64)
    asked = [(column, group) for column in columns for group in leads[column].drop_nulls().unique().sort().to_list()]
    found = []
    for column, group in asked:
        inside = (leads[column] == group).fill_null(value=False).to_numpy()
        ours, theirs = (np.bincount(index[(index >= 0) & side], minlength=len(places)) for side in (inside, ~inside))
        if not theirs.sum():
            continue
        z = float(norm.isf(_LEVEL / 2 / len(asked)))
        estimate = _difference(ours.astype(np.float64), theirs.astype(np.float64), reps, z)
        enough = min(ours.sum(), theirs.sum()) >= ENOUGH_LEADS
        found.append(
            GroupTreatment(
                column=column,
                group=group,
                leads=int(ours.sum()),
                rep_effect=estimate,
                verdict=_verdict(estimate, enough=enough),
            )
        )
    return tuple(found)


def _difference(ours: FloatVector, theirs: FloatVector, reps: Groups, z: float) -> Estimate:
    effect, sd = reps.effects.mean, reps.effects.sd
    parts, luck = [], 0.0
    for counts in (ours, theirs):
        share = counts / max(1.0, float(counts.sum()))
        mean = float(share @ effect)
        luck += float(share @ (effect - mean) ** 2) / max(1.0, float(counts.sum()))
        parts.append(share)
    weight = parts[0] - parts[1]
    value = float(weight @ effect)
    half = z * float(np.sqrt(weight**2 @ sd**2 + luck))
    return Estimate(value=value, low=value - half, high=value + half)


def _verdict(estimate: Estimate, *, enough: bool) -> str:
    if not enough:
        return "not enough"
    if estimate.high < 0:
        return "weaker reps"
    return "stronger reps" if estimate.low > 0 else "no difference seen"
