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


@dataclass(frozen=True)
class Confusion:
    """What acting on every lead at or above a threshold would have meant.

    Attributes:
        threshold: Probability from which a lead counts as "will convert".
        hits: Said yes, converted.
        false_alarms: Said yes, did not convert.
        misses: Said no, converted.
        rejections: Said no, did not convert.
    """

    threshold: float
    hits: int
    false_alarms: int
    misses: int
    rejections: int

    @property
    def rows(self) -> int:
        """All leads."""
        return self.hits + self.false_alarms + self.misses + self.rejections

    @property
    def accuracy(self) -> float:
        """Share said right. Means little without `majority_class_rate` beside it."""
        return (self.hits + self.rejections) / self.rows

    @property
    def majority_class_rate(self) -> float:
        """Accuracy of always saying what is more frequent."""
        won = (self.hits + self.misses) / self.rows
        return max(won, 1 - won)

    @property
    def precision(self) -> float | None:
        """Share converted among those said yes to; None when there are none."""
        said = self.hits + self.false_alarms
        return self.hits / said if said else None

    @property
    def recall(self) -> float | None:
        """Share said yes to among those that converted; None when none did."""
        won = self.hits + self.misses
        return self.hits / won if won else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when nothing converted and nothing was said yes to."""
        said = 2 * self.hits + self.false_alarms + self.misses
        return 2 * self.hits / said if said else None


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
    placements = _placements(scores, labels)
    if placements is None:
        return None
    by_won, by_lost = placements
    variance = by_won.var(ddof=1) / len(by_won) + by_lost.var(ddof=1) / len(by_lost)
    return float(by_won.mean()), float(variance), float(len(by_won) * len(by_lost))


def _placements(scores: FloatVector, labels: BoolVector) -> tuple[FloatVector, FloatVector] | None:
    """Return, per winner, the share of losers ranked below it, and per loser the share of winners above it."""
    won, lost = scores[labels], scores[~labels]
    n_won, n_lost = len(won), len(lost)
    if min(n_won, n_lost) < 2:  # noqa: PLR2004 - a variance needs two
        return None
    ranks = rankdata(np.concatenate([won, lost]))
    return (ranks[:n_won] - rankdata(won)) / n_lost, 1.0 - (ranks[n_won:] - rankdata(lost)) / n_won


def auc_of_counts(won: FloatVector, lost: FloatVector, *, level: float = 0.95) -> Interval | None:
    """Estimate the AUC with DeLong's interval from counts by score, which is what binned scores leave.

    Args:
        won: Shape (n_scores,). Converted rows at each distinct score, the lowest score first.
        lost: Shape (n_scores,). The other rows.
        level: Two-sided confidence, in (0, 1).

    Returns:
        None with fewer than two rows of either class.
    """
    n_won, n_lost = float(won.sum()), float(lost.sum())
    if min(n_won, n_lost) < 2:  # noqa: PLR2004 - a variance needs two
        return None
    by_won = (np.cumsum(lost) - lost / 2) / n_lost
    by_lost = 1.0 - (np.cumsum(won) - won / 2) / n_won
    area = float(won @ by_won / n_won)
    spread = won @ (by_won - area) ** 2 / (n_won - 1) / n_won + lost @ (by_lost - area) ** 2 / (n_lost - 1) / n_lost
    half = float(norm.ppf(0.5 + level / 2) * np.sqrt(spread))
    return Interval(area, max(0.0, area - half), min(1.0, area + half))


def auc_difference(
    first: FloatVector, second: FloatVector, labels: BoolVector, *, level: float = 0.95
) -> Interval | None:
    """Estimate how much higher the AUC of `second` is than that of `first` on the same rows.

    Args:
        first: Shape (n_rows,). Scores of one model.
        second: Shape (n_rows,). Scores of the other.
        labels: Shape (n_rows,).
        level: Two-sided confidence, in (0, 1).

    Returns:
        None with fewer than two rows of either class.

    Source:
        DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988): the two areas share their rows, so the variance is
        that of the difference of their placements.
    """
    placements = [_placements(scores, labels) for scores in (first, second)]
    if placements[0] is None or placements[1] is None:
        return None
    by_won, by_lost = (after - before for before, after in zip(*placements, strict=True))
    gain = float(by_won.mean())
    half = float(
        norm.ppf(0.5 + level / 2) * np.sqrt(by_won.var(ddof=1) / len(by_won) + by_lost.var(ddof=1) / len(by_lost))
    )
    return Interval(gain, max(-1.0, gain - half), min(1.0, gain + half))


def wilson(hits: float, rows: float, *, level: float = 0.95) -> Interval:
    """Return a share with Wilson's interval; without rows [0, 1] around one half."""
    if rows <= 0:
        return Interval(0.5, 0.0, 1.0)
    z, p = float(norm.ppf(0.5 + level / 2)), hits / rows
    middle = (p + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z * float(np.sqrt(p * (1 - p) / rows + z**2 / (4 * rows**2))) / (1 + z**2 / rows)
    return Interval(p, max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half)))


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


def top_counts(scores: FloatVector, labels: BoolVector, *, share: float = TOP_SHARE) -> tuple[float, int]:
    """Count the converted among the highest-scored leads.

    Leads tied at the cut are taken in equal parts, so the count does not depend on the order of the rows.

    Returns:
        (converted, leads) of the top; the first may be broken by a tie.
    """
    n_top = max(1, round(share * len(scores)))
    cut = np.partition(scores, len(scores) - n_top)[len(scores) - n_top]
    above, tied = scores > cut, scores == cut
    places = n_top - int(above.sum())
    return float(labels[above].sum()) + places * float(labels[tied].mean()), n_top


def precision_at_top(scores: FloatVector, labels: BoolVector, *, share: float = TOP_SHARE) -> float:
    """Share converted among the highest-scored leads."""
    won, rows = top_counts(scores, labels, share=share)
    return won / rows


def lift_of_top(
    scores: FloatVector, labels: BoolVector, *, share: float = TOP_SHARE, level: float = 0.95
) -> Interval | None:
    """Estimate how many times as often the highest-scored leads convert as all the others.

    Args:
        scores: Shape (n_rows,).
        labels: Shape (n_rows,).
        share: Share of leads that counts as the top, in (0, 1).
        level: Two-sided confidence, in (0, 1).

    Returns:
        The ratio of the two rates. Half a winner is added to both sides where one of them has none, so that the
        ratio stays finite. None when nobody converted, or the rest is empty.

    Source:
        Katz et al., Biometrics 34 (1978): the interval of a ratio of two shares, on the log scale.
    """
    won_top, n_top = top_counts(scores, labels, share=share)
    n_rest, won_rest = len(labels) - n_top, float(labels.sum()) - won_top
    if n_rest == 0 or not labels.any():
        return None
    half = 0.5 if min(won_top, won_rest) <= 0 else 0.0
    top, rest = (won_top + half) / (n_top + half), (won_rest + half) / (n_rest + half)
    variance = (1 - top) / (won_top + half) + (1 - rest) / (won_rest + half)
    factor = float(np.exp(norm.ppf(0.5 + level / 2) * np.sqrt(variance)))
    return Interval(top / rest, top / rest / factor, top / rest * factor)


def confusion(p: FloatVector, labels: BoolVector, *, threshold: float) -> Confusion:
    """Count hits and errors of acting on every lead at or above a threshold."""
    said = p >= threshold
    return Confusion(
        threshold=threshold,
        hits=int((said & labels).sum()),
        false_alarms=int((said & ~labels).sum()),
        misses=int((~said & labels).sum()),
        rejections=int((~said & ~labels).sum()),
    )


def precision_ceiling(base_rate: float, *, share: float = TOP_SHARE) -> float:
    """Return the best reachable `precision_at_top`: below a base rate of `share`, even an oracle runs out of winners."""
    return min(1.0, base_rate / share)


def reliability(p: FloatVector, labels: BoolVector, *, n_bins: int = 10) -> list[tuple[int, float, float]]:
    """Return (rows, mean probability said, share seen) over bins of equal mass."""
    bins = [rows for rows in np.array_split(np.argsort(p, kind="stable"), n_bins) if len(rows)]
    return [(len(rows), float(p[rows].mean()), float(labels[rows].mean())) for rows in bins]
