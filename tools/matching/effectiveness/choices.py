"""What the matcher's choices were worth, and whether managers who decided otherwise were right. Knows tables only."""

import numpy as np
import polars as pl

from tools.matching.arrays import BoolVector, FloatVector
from tools.matching.effectiveness.report import OverrideReport, Regret
from tools.matching.effectiveness.statistics import Estimate, Z, wilson

ENOUGH_OVERRIDES = 30
"""Overridden leads that ended, from which it is said whether overriding helped."""

_SAME = 1e-9


def measure_regret(matches: pl.DataFrame) -> Regret:
    """Compare each chosen rep with the best one that was considered for the lead.

    The best for each lead alone is more than any plan can reach where places are scarce: it is a ceiling. The proven
    gap of the batch, where it was recorded, is what was really left on the table.
    """
    chosen, best = matches["utility"].to_numpy(), matches["best_utility"].to_numpy()
    gaps = matches["gap"].drop_nulls().to_numpy()
    reachable = float(best.sum())
    return Regret(
        matches=matches.height,
        part_of_best=float(chosen.sum()) / reachable if reachable > 0 else None,
        given_to_best=float((chosen >= best - _SAME).mean()) if matches.height else None,
        mean_gap=float(gaps.mean()) if len(gaps) else None,
        worst_gap=float(gaps.max()) if len(gaps) else None,
    )


def judge_overrides(leads: pl.DataFrame, settled: pl.DataFrame, overrides: pl.DataFrame) -> OverrideReport:
    """Compare overridden leads with the others by what they won above expectation.

    Managers choose which leads to override, so this is a comparison and no experiment; that the leads' own scores are
    taken out makes it a fair one as far as scores know.

    Args:
        leads: Table `LEADS` of the facts.
        settled: As `expectation.settle` returns.
        overrides: Table `OVERRIDES` of the facts.
    """
    told = overrides["lead_id"].unique().to_list()
    n = leads.filter(pl.col("lead_id").is_in(told)).height
    mine = settled["lead_id"].is_in(told).to_numpy()
    above = settled["won"].to_numpy() - settled["expected"].to_numpy()
    spread = settled["expected"].to_numpy() * (1 - settled["expected"].to_numpy())
    difference = _difference(above, spread, mine)
    return OverrideReport(
        overrides=overrides.height,
        share_of_leads=wilson(n, leads.height),
        settled=int(mine.sum()),
        added_per_100=difference,
        verdict=_verdict(int(mine.sum()), difference),
    )


def _difference(above: FloatVector, spread: FloatVector, mine: BoolVector) -> Estimate | None:
    if not mine.any() or mine.all():
        return None
    value = float(above[mine].mean() - above[~mine].mean())
    half = Z * float(np.sqrt(sum(spread[side].sum() / side.sum() ** 2 for side in (mine, ~mine))))
    return Estimate(value=100 * value, low=100 * (value - half), high=100 * (value + half))


def _verdict(n: int, difference: Estimate | None) -> str:
    if n < ENOUGH_OVERRIDES or difference is None:
        return "not enough"
    if difference.low > 0:
        return "helped"
    return "hurt" if difference.high < 0 else "no difference seen"
