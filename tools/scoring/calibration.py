"""Turns log-odds into probabilities that mean what they say. Pure: no clock, no I/O."""

from enum import StrEnum

import numpy as np
from pydantic import Field
from scipy.optimize import brentq, minimize
from sklearn.isotonic import IsotonicRegression

from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.metrics import log_losses

TWO_SIDED_95 = 1.959964
_MIN_ROWS_FOR_ISOTONIC = 1000


class Method(StrEnum):
    """How log-odds become a probability."""

    SIGMOID = "sigmoid"
    BETA = "beta"
    ISOTONIC = "isotonic"


class Tilt(Value):
    """How level and slope have moved since training: `x` becomes `x + level + (slope - 1) * (x - centre)`."""

    level: float
    slope: float = Field(gt=0)
    centre: float
    level_sd: float = Field(ge=0)
    slope_sd: float = Field(ge=0)
    rows: float = Field(ge=0, description="Settled leads behind it, each counted by how much it still counts.")

    def log_odds(self, x: FloatVector) -> FloatVector:
        """Move log-odds, shape (n_rows,)."""
        return np.asarray(x + self.level + (self.slope - 1.0) * (x - self.centre))

    def spread(self, x: FloatVector) -> FloatVector:
        """Return the standard deviation of the moved log-odds that the few results leave, shape (n_rows,)."""
        return np.asarray(np.hypot(self.level_sd, self.slope_sd * (x - self.centre)))


class Calibrator(Value):
    """A continuous, never falling map from log-odds to probabilities in [`floor`, 1 - `floor`]."""

    method: Method
    floor: float = Field(gt=0, lt=0.5)
    parameters: tuple[float, ...] = Field(default=(), description="(slope, shift), or (a, b, c) of the beta map.")
    knots: tuple[tuple[float, float], ...] = Field(default=(), description="(log-odds, probability), isotonic only.")
    tilt: Tilt | None = Field(default=None, description="What has moved since training; see `recalibrate`.")

    def __call__(self, log_odds: FloatVector) -> FloatVector:
        """Map log-odds, shape (n_rows,), to probabilities of the same shape."""
        p = self.as_trained(log_odds)
        return p if self.tilt is None else self._clip(sigmoid(self.tilt.log_odds(logit(p))))

    def move(self, low: FloatVector, high: FloatVector) -> tuple[FloatVector, FloatVector]:
        """Move bounds around `as_trained` to bounds around the map of today, wider by what the tilt does not know."""
        if self.tilt is None:
            return low, high
        below, above = logit(self._clip(low)), logit(self._clip(high))
        moved_low = self.tilt.log_odds(below) - TWO_SIDED_95 * self.tilt.spread(below)
        moved_high = self.tilt.log_odds(above) + TWO_SIDED_95 * self.tilt.spread(above)
        return sigmoid(moved_low), sigmoid(moved_high)

    def as_trained(self, log_odds: FloatVector) -> FloatVector:
        """Map log-odds without the tilt, shape (n_rows,)."""
        if self.method is Method.ISOTONIC:
            x, y = np.array(self.knots).T
            p = np.interp(log_odds, x, y)
        else:
            p = sigmoid(_features(self.method, log_odds) @ np.array(self.parameters))
        return self._clip(p)

    def _clip(self, p: FloatVector) -> FloatVector:
        return np.asarray(np.clip(p, self.floor, 1 - self.floor), dtype=np.float64)


def sigmoid(log_odds: FloatVector) -> FloatVector:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)), dtype=np.float64)


def logit(p: FloatVector) -> FloatVector:
    """Return log(p / (1 - p)) of probabilities inside (0, 1)."""
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)


def fit_calibrator(method: Method, log_odds: FloatVector, labels: BoolVector) -> Calibrator:
    """Fit one map on out-of-fold log-odds.

    The isotonic map is joined by straight lines between the middles of its blocks instead of jumping, so that
    distinct scores keep distinct probabilities and reasons in points stay finite.

    Source:
        Platt 1999; Kull, Silva Filho and Flach, "Beta calibration", AISTATS 2017; Zadrozny and Elkan, KDD 2002.
    """
    floor = 1.0 / (2.0 * (len(labels) + 2))
    if method is Method.ISOTONIC:
        return Calibrator(method=method, floor=floor, knots=_isotonic_knots(log_odds, labels))
    features = _features(method, log_odds)
    free = features.shape[1] - 1
    start = np.append(np.ones(free), 0.0)

    def loss(parameters: FloatVector) -> tuple[float, FloatVector]:
        p = sigmoid(features @ parameters)
        return float(log_losses(p, labels).mean()), features.T @ (p - labels) / len(labels)

    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * free + [(None, None)])
    return Calibrator(method=method, floor=floor, parameters=tuple(float(v) for v in fitted.x))


def align_folds(log_odds: FloatVector, labels: BoolVector, folds: IntVector) -> FloatVector:
    """Shift each fold's log-odds so that its mean probability is the share seen in it.

    How far a fold's level lies off the data before it is drift, up in one fold and down in the next. A map
    fitted on unaligned folds would add the last drift to a final model that has learned from those folds.
    """
    aligned = log_odds.copy()
    for fold in np.unique(folds):
        rows = folds == fold
        wanted = min(max(float(labels[rows].mean()), 0.5 / rows.sum()), 1 - 0.5 / rows.sum())
        here = log_odds[rows]
        aligned[rows] += brentq(lambda shift, here=here, wanted=wanted: sigmoid(here + shift).mean() - wanted, -40, 40)
    return aligned


def identity() -> Calibrator:
    """Return the plain sigmoid, for a model that nothing has tested."""
    return Calibrator(method=Method.SIGMOID, floor=0.001, parameters=(1.0, 0.0))


def choose_method(
    log_odds: FloatVector, labels: BoolVector, folds: IntVector, *, rng: np.random.Generator
) -> tuple[Method, FloatVector]:
    """Choose the map with the lowest cross-fitted Brier score, keeping the simpler one within noise.

    Args:
        log_odds: Shape (n_rows,). Out-of-fold scores as they came.
        labels: Shape (n_rows,).
        folds: Shape (n_rows,). Fold of each row, to align by.
        rng: Splits the rows in five.

    Returns:
        The method, and its probabilities, shape (n_rows,): each from a map that has not seen its row, and with
        the level as it came, so that drift shows in whatever is measured on them.
    """
    parts = rng.permutation(len(labels)) % 5
    aligned = align_folds(log_odds, labels, folds)

    def crossfit(method: Method) -> FloatVector:
        p = np.empty(len(labels))
        for part in np.unique(parts):
            inside = parts == part
            p[inside] = fit_calibrator(method, aligned[~inside], labels[~inside])(log_odds[inside])
        return p

    best, best_p = Method.SIGMOID, crossfit(Method.SIGMOID)
    rivals = [Method.BETA] if len(labels) < _MIN_ROWS_FOR_ISOTONIC else [Method.BETA, Method.ISOTONIC]
    for rival in rivals:
        rival_p = crossfit(rival)
        gain = (best_p - labels) ** 2 - (rival_p - labels) ** 2
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best, best_p = rival, rival_p
    return best, best_p


def _features(method: Method, log_odds: FloatVector) -> FloatVector:
    ones = np.ones_like(log_odds)
    if method is Method.SIGMOID:
        return np.column_stack([log_odds, ones])
    return np.column_stack([-np.logaddexp(0.0, -log_odds), np.logaddexp(0.0, log_odds), ones])


def _isotonic_knots(log_odds: FloatVector, labels: BoolVector) -> tuple[tuple[float, float], ...]:
    steps = IsotonicRegression(y_min=0.0, y_max=1.0).fit_transform(log_odds, labels.astype(float))
    levels, block = np.unique(steps, return_inverse=True)
    size = np.bincount(block)
    middles = np.bincount(block, weights=log_odds) / size
    # One row's smoothing per block: a block of three wins is no certainty.
    base = labels.mean()
    smoothed = (levels * size + base) / (size + 1)
    return tuple(zip(middles.tolist(), np.maximum.accumulate(smoothed).tolist(), strict=True))
