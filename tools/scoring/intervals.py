"""Venn-Abers intervals: how far one more lead of either result could move a probability. Pure: no clock, no I/O."""

import numpy as np
from pydantic import Field
from scipy.optimize import isotonic_regression

from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatVector

_MAX_KNOTS = 100


class VennAbers(Value):
    """Lower and upper probability over log-odds, joined by straight lines."""

    knots: tuple[tuple[float, float, float], ...] = Field(description="(log-odds, low, high).", min_length=1)

    def bounds(self, log_odds: FloatVector, p: FloatVector) -> tuple[FloatVector, FloatVector]:
        """Return (low, high), each of shape (n_rows,), widened where the calibrated `p` lies outside."""
        x, low, high = np.array(self.knots).T
        return np.minimum(np.interp(log_odds, x, low), p), np.maximum(np.interp(log_odds, x, high), p)


def fit_venn_abers(log_odds: FloatVector, labels: BoolVector) -> VennAbers:
    """Fit an inductive Venn-Abers predictor on out-of-fold log-odds.

    For each of up to 100 scores the isotonic map is refitted twice with one more row at that score, once lost
    and once won; the two values are the bounds. Rows are first pooled into as many equal-mass bins, which
    changes the bounds by less than a bin's width.

    Source:
        Vovk and Petej, "Venn-Abers predictors", UAI 2014. The interval is about the calibration of leads that
        score alike, not about what the features do not show of one lead.
    """
    bins = np.array_split(np.argsort(log_odds, kind="stable"), min(_MAX_KNOTS, len(labels)))
    x = np.array([log_odds[rows].mean() for rows in bins])
    y = np.array([labels[rows].mean() for rows in bins])
    size = np.array([float(len(rows)) for rows in bins])
    low = [_at(y, size, i, 0.0) for i in range(len(x))]
    high = [_at(y, size, i, 1.0) for i in range(len(x))]
    return VennAbers(knots=tuple(zip(x.tolist(), low, high, strict=True)))


def _at(y: FloatVector, size: FloatVector, i: int, label: float) -> float:
    """Refit with one more row in bin `i` and read the value there."""
    pooled, weights = y.copy(), size.copy()
    weights[i] += 1
    pooled[i] = (y[i] * size[i] + label) / weights[i]
    return float(isotonic_regression(pooled, weights=weights).x[i])
