"""Compares two histograms of one column: how far apart, and whether chance explains it. Pure: no clock, no I/O."""

import numpy as np
from scipy.special import chdtrc, kolmogorov

from tools.scoring.arrays import FloatVector, IntVector

_JOIN = 4
_MIN_EXPECTED = 5.0
_HALF = 0.5


def population_stability_index(before: FloatVector, now: FloatVector) -> float:
    """Return the PSI of two counts over the same cells, half a row added to each cell so that it stays finite.

    Cells of numbers should be joined first (`join_cells`): the index grows with the number of cells.

    Source:
        Siddiqi, "Credit Risk Scorecards", 2006: below 0.1 stable, above 0.25 a shift.
    """
    p, q = ((counts + _HALF) / (counts + _HALF).sum() for counts in (before, now))
    return float(((q - p) * np.log(q / p)).sum())


def kolmogorov_smirnov(before: FloatVector, now: FloatVector) -> tuple[float, float]:
    """Return the largest distance of two distribution functions over ordered cells, and its p-value.

    From counts the distance can only be smaller than from the values, so the test alarms no oftener than it says.
    """
    n_before, n_now = before.sum(), now.sum()
    if min(n_before, n_now) == 0:
        return 0.0, 1.0
    distance = float(np.abs(np.cumsum(before) / n_before - np.cumsum(now) / n_now).max())
    return distance, float(kolmogorov(distance * np.sqrt(n_before * n_now / (n_before + n_now))))


def homogeneity(before: FloatVector, now: FloatVector) -> float:
    """Return the p-value of Pearson's test that two counts come from one distribution.

    Cells in which fewer than five rows are expected are joined with the next one: the test is about counts that are
    nearly normal.
    """
    n_before, n_now = before.sum(), now.sum()
    if min(n_before, n_now) == 0:
        return 1.0
    share = min(n_before, n_now) / (n_before + n_now)
    cells = _with_enough(before + now, _MIN_EXPECTED / share)
    table = np.array([np.bincount(cells, weights=counts) for counts in (before, now)])
    if table.shape[1] < 2:  # noqa: PLR2004 - one cell has no shape
        return 1.0
    expected = table.sum(axis=0) * np.array([[n_before], [n_now]]) / (n_before + n_now)
    return float(chdtrc(table.shape[1] - 1, ((table - expected) ** 2 / expected).sum()))


def join_cells(counts: FloatVector) -> FloatVector:
    """Join ordered cells by fours, where there are many."""
    if len(counts) <= _JOIN**2:
        return counts
    return np.add.reduceat(counts, np.arange(0, len(counts), _JOIN))


def _with_enough(total: FloatVector, at_least: float) -> IntVector:
    """Number groups of neighbouring cells, each with enough rows; what is left at the end joins the last group."""
    groups, group, rows = np.zeros(len(total), dtype=np.int64), 0, 0.0
    for i, count in enumerate(total):
        groups[i] = group
        rows += count
        if rows >= at_least:
            group, rows = group + 1, 0.0
    if rows > 0 or groups[-1] == group:
        groups[groups == group] = max(0, group - 1)
    return groups
