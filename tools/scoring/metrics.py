"""Measures of ranking and of calibration, with intervals. Pure: no clock, no I/O."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

from tools.scoring.arrays import BoolVector, FloatVector, IntVector

ECE_BINS = 15
TOP_SHARE = 0.2
_TINY = 1e-12


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds."""

    value: float
    low: float
    high: float


def auc_interval(
    scores: FloatVector, labels: BoolVector, *, strata: IntVector | None = None, level: float = 0.95
) -> Interval | None:
    """Estimate the area under the ROC curve with DeLong's interval.

    With strata (the folds of a cross-validation) only pairs within one stratum are compared: a base rate that
    moves over time is not mistaken for the ability to rank.

    Args:
        scores: Shape (n_rows,). Higher means likelier; ties count half.
        labels: Shape (n_rows,).
        strata: Shape (n_rows,). None means one stratum.
        level: Two-sided confidence, in (0, 1).

    Returns:
        None when no stratum has two rows of either class.

    Source:
        DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988); by mid-ranks as in Sun and Xu, IEEE SPL 21
        (2014). Strata are pooled by their number of pairs.
    """
    strata = np.zeros(len(scores), dtype=np.int64) if strata is None else strata
    parts = [_delong(scores[strata == s], labels[strata == s]) for s in np.unique(strata)]
    usable = [part for part in parts if part is not None]
    if not usable:
        return None
    areas, variances, pairs = (np.array(column) for column in zip(*usable, strict=True))
    weights = pairs / pairs.sum()
    area = float(weights @ areas)
    half = float(norm.ppf(0.5 + level / 2) * np.sqrt(weights**2 @ variances))
    return Interval(area, max(0.0, area - half), min(1.0, area + half))


def _delong(scores: FloatVector, labels: BoolVector) -> tuple[float, float, float] | None:
    won, lost = scores[labels], scores[~labels]
    n_won, n_lost = len(won), len(lost)
    if min(n_won, n_lost) < 2:  # noqa: PLR2004 - a variance needs two
        return None
    ranks = rankdata(np.concatenate([won, lost]))
    by_won = (ranks[:n_won] - rankdata(won)) / n_lost
    by_lost = 1.0 - (ranks[n_won:] - rankdata(lost)) / n_won
    variance = by_won.var(ddof=1) / n_won + by_lost.var(ddof=1) / n_lost
    return float(by_won.mean()), float(variance), float(n_won * n_lost)


def expected_calibration_error(p: FloatVector, labels: BoolVector, *, n_bins: int = ECE_BINS) -> float:
    """Average gap between said and seen over bins of equal mass.

    Rows of equal probability are never split between bins by chance of order: ties are cut in input order,
    which carries no label.
    """
    order = np.argsort(p, kind="stable")
    gaps = [
        abs(float(p[rows].mean()) - float(labels[rows].mean())) * len(rows)
        for rows in np.array_split(order, n_bins)
        if len(rows)
    ]
    return sum(gaps) / len(p)


def ece_of_a_perfect_model(p: FloatVector, *, rng: np.random.Generator, n_draws: int = 100) -> float:
    """Average the calibration error that chance alone gives: labels drawn from the probabilities themselves."""
    draws = [expected_calibration_error(p, rng.random(len(p)) < p) for _ in range(n_draws)]
    return float(np.mean(draws))


def brier_score(p: FloatVector, labels: BoolVector) -> float:
    """Mean squared error of probabilities."""
    return float(np.mean((p - labels) ** 2))


def log_losses(p: FloatVector, labels: BoolVector) -> FloatVector:
    """Return minus the log of the probability given to what happened, per row."""
    kept = np.clip(p, _TINY, 1 - _TINY)
    return -np.where(labels, np.log(kept), np.log1p(-kept))


def average_precision(scores: FloatVector, labels: BoolVector) -> float:
    """Average precision over all thresholds, ties taken together; the base rate when the ranking is chance."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    found = np.cumsum(labels[order])[last_of_tie]
    gained = np.diff(found, prepend=0) / labels.sum()
    return float(gained @ (found / (last_of_tie + 1)))


def precision_at_top(scores: FloatVector, labels: BoolVector, *, share: float = TOP_SHARE) -> float:
    """Share converted among the highest-scored leads."""
    n_top = max(1, round(share * len(scores)))
    return float(labels[np.argsort(-scores, kind="stable")[:n_top]].mean())


def precision_ceiling(base_rate: float, *, share: float = TOP_SHARE) -> float:
    """Return the best reachable `precision_at_top`: below a base rate of `share`, even an oracle runs out of winners."""
    return min(1.0, base_rate / share)


def reliability(p: FloatVector, labels: BoolVector, *, n_bins: int = 10) -> list[tuple[int, float, float]]:
    """Return (rows, mean probability said, share seen) over bins of equal mass."""
    bins = [rows for rows in np.array_split(np.argsort(p, kind="stable"), n_bins) if len(rows)]
    return [(len(rows), float(p[rows].mean()), float(labels[rows].mean())) for rows in bins]
