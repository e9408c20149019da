"""An interval with a level for a calibrated probability: leads that score alike convert at a rate inside it. Pure: no clock, no I/O."""

from dataclasses import dataclass

import numpy as np
from pydantic import Field
from scipy.interpolate import BSpline
from scipy.special import ndtri

from domain.errors import InvalidInputError
from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.calibration import sigmoid

LEVEL = 0.9
"""Share of the scores at which the interval is to hold the rate of the leads that score so."""

_DEGREE = 3
_FEWEST_PIECES, _MOST_PIECES = 4, 30
_MAX_BINS = 400
_MAX_KNOTS = 100
_MARKS = 201
_EDGE_SHARE = 0.005
_PENALTIES = 10.0 ** np.arange(-2.0, 3.5, 0.5)
"""From free bends to nearly a line. Not further: a curve that may only be a line is held too narrowly where it is none
(80 % of the scores instead of 90 %), and the room for bends costs a tenth of the width."""

_FAR_PENALTY = 1e-4
_STRETCHES = 12
_PULL_DAYS = 365.0
_WANDERS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_FREE_LEVEL = 100.0
_STEPS = 60
_MIN_SHARE = 1e-9


class RateInterval(Value):
    """Lower and upper probability over log-odds, joined by straight lines."""

    level: float = Field(gt=0, lt=1)
    moved: float = Field(description="How far the level is taken to have moved by the day of use, log-odds.")
    wander: float = Field(ge=0, description="Standard deviation of that, log-odds.")
    knots: tuple[tuple[float, float, float], ...] = Field(description="(log-odds, low, high).", min_length=1)

    def bounds(self, log_odds: FloatVector, p: FloatVector) -> tuple[FloatVector, FloatVector]:
        """Return (low, high), each of shape (n_rows,), widened where the calibrated `p` lies outside."""
        x, low, high = np.array(self.knots).T
        return np.minimum(np.interp(log_odds, x, low), p), np.maximum(np.interp(log_odds, x, high), p)


def fit_interval(
    log_odds: FloatVector,
    labels: BoolVector,
    *,
    level: float = LEVEL,
    days: FloatVector | None = None,
    day: float | None = None,
) -> RateInterval:
    """Fit the rate as a smooth curve of the score, and bounds around it.

    The log-odds of the rate are a straight line of the score (what a sigmoid map would be) plus a penalised spline,
    so the bounds know both how few leads there are and how far the map may be off the line. The penalty is not
    chosen but averaged over, by its marginal likelihood. The bounds are credible bounds of the curve, which hold the
    true curve at a share `level` of the scores, in the mean over the curve and not at each score by itself.

    With `days` and `day` the level is taken to wander as it did in the past, and the bounds are for that day: the
    newest outcomes are a window old, and what has happened since is not known.

    Args:
        log_odds: Shape (n_rows,). Scores of models that had not seen the row.
        labels: Shape (n_rows,).
        level: In (0, 1).
        days: Shape (n_rows,). When each row was scored, in days; None takes the rows as exchangeable.
        day: The day that the bounds are for.

    Raises:
        InvalidInputError: If the level is not in (0, 1) or there are no rows.

    Source:
        Nychka, "Bayesian confidence intervals for smoothing splines", JASA 83 (1988), for the coverage across the
        curve; Eilers and Marx, Statistical Science 11 (1996), for the penalty.
    """
    if not 0 < level < 1:
        raise InvalidInputError("level", level, "must lie between 0 and 1")
    if not len(labels):
        raise InvalidInputError("labels", 0, "must hold at least one row")
    bins = _pool(log_odds, labels)
    low_end, high_end = np.quantile(log_odds, [_EDGE_SHARE, 1 - _EDGE_SHARE])
    marks = np.unique(np.quantile(log_odds, np.linspace(0.0, 1.0, _MARKS)))
    span = _Span(float(low_end), float(max(high_end - low_end, 1e-6)), marks, _pieces(len(labels)))
    knots = np.unique(np.append(np.quantile(log_odds, np.linspace(0, 1, _MAX_KNOTS)), [low_end, high_end]))
    middle, variance = _curve(bins, span.basis(bins.x), span.basis(knots))
    moved, wander = (0.0, 0.0) if days is None or day is None else _moved(span, bins, log_odds, labels, days, day)
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(variance + wander**2)
    low, high = sigmoid(middle + moved - half), sigmoid(middle + moved + half)
    rows = zip(knots.tolist(), low.tolist(), high.tolist(), strict=True)
    return RateInterval(level=level, moved=moved, wander=wander, knots=tuple(rows))


@dataclass(frozen=True)
class _Bins:
    """Rows of nearly equal scores pooled: mean score, rows and wins, each of shape (n_bins,)."""

    x: FloatVector
    n: FloatVector
    won: FloatVector


@dataclass(frozen=True)
class _Span:
    """The range of scores over which the curve may bend, and where in it most leads are."""

    low: float
    width: float
    marks: FloatVector
    pieces: int

    def basis(self, x: FloatVector) -> FloatMatrix:
        """Return the columns of the curve, shape (n, 2 + n_bends): 1, the score, and bends of variance one each.

        Bends are splines over the rank of a score, so that there are more of them where there are more leads.

        Source:
            Wand and Ormerod, Australian & New Zealand Journal of Statistics 50 (2008): a penalised spline as a line
            plus random effects.
        """
        z = (x - self.low) / self.width
        rank = np.interp(x, self.marks, np.linspace(0.0, 1.0 - _MIN_SHARE, len(self.marks)))
        n_columns = self.pieces + _DEGREE
        knots = np.arange(-_DEGREE, self.pieces + _DEGREE + 1) / self.pieces
        splines = BSpline.design_matrix(rank, knots, _DEGREE).toarray()
        steps = np.diff(np.eye(n_columns), axis=0)
        strength, direction = np.linalg.eigh(steps.T @ steps)
        bends = splines @ (direction[:, 1:] / np.sqrt(strength[1:]))
        return np.column_stack([np.ones_like(z), z, bends])


def _pieces(n_rows: int) -> int:
    """Let the curve bend in more places the more there is to see: the cube root of the rows."""
    return int(np.clip(round(n_rows ** (1 / 3)), _FEWEST_PIECES, _MOST_PIECES))


def _pool(log_odds: FloatVector, labels: BoolVector) -> _Bins:
    parts = np.array_split(np.argsort(log_odds, kind="stable"), min(_MAX_BINS, len(labels)))
    n = np.array([float(len(rows)) for rows in parts])
    won = np.array([float(labels[rows].sum()) for rows in parts])
    # One more lead, half won, spread over all: a curve without a single win has bounds too.
    share = n / n.sum()
    return _Bins(np.array([log_odds[rows].mean() for rows in parts]), n + share, won + 0.5 * share)


def _curve(bins: _Bins, seen: FloatMatrix, asked: FloatMatrix) -> tuple[FloatVector, FloatVector]:
    """Return mean and variance of the log-odds at the asked scores, averaged over the penalties."""
    fits = [_penalised(bins, seen, penalty) for penalty in _PENALTIES]
    evidence = np.array([fit[2] for fit in fits])
    weight = np.exp(evidence - evidence.max())
    weight /= weight.sum()
    means = np.array([asked @ beta for beta, _, _ in fits])
    variances = np.array([((asked @ cov) * asked).sum(axis=1) for _, cov, _ in fits])
    mean = weight @ means
    return mean, weight @ (variances + (means - mean) ** 2)


def _penalised(bins: _Bins, x: FloatMatrix, penalty: float) -> tuple[FloatVector, FloatMatrix, float]:
    """Fit by Newton's method; return coefficients, their covariance and the log marginal likelihood (Laplace)."""
    ridge = np.full(x.shape[1], penalty)
    ridge[:2] = _FAR_PENALTY
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(bins.won.sum() / (bins.n - bins.won).sum())

    def objective(b: FloatVector) -> float:
        eta = x @ b
        return float(bins.won @ eta - bins.n @ np.logaddexp(0.0, eta) - 0.5 * ridge @ b**2)

    value = objective(beta)
    for _ in range(_STEPS):
        p = sigmoid(x @ beta)
        curvature = (x * (bins.n * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curvature, x.T @ (bins.won - bins.n * p) - ridge * beta)
        size = 1.0
        while objective(beta + size * step) < value and size > _MIN_SHARE:
            size /= 2
        beta = beta + size * step
        new = objective(beta)
        if new - value < 1e-9 * abs(value):
            break
        value = new
    p = sigmoid(x @ beta)
    curvature = (x * (bins.n * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
    evidence = objective(beta) + 0.5 * float(np.log(ridge).sum() - np.linalg.slogdet(curvature)[1])
    return beta, np.asarray(np.linalg.inv(curvature), dtype=np.float64), evidence


def _moved(
    span: _Span, bins: _Bins, log_odds: FloatVector, labels: BoolVector, days: FloatVector, day: float
) -> tuple[float, float]:
    """Predict how far the level lies off the curve at `day`: mean and standard deviation, in log-odds.

    The level is a random walk that is pulled back over a year; how far it wanders is averaged over by its marginal
    likelihood. What the curve's own variance says of the level already is not counted twice.
    """
    beta, _, _ = _penalised(bins, span.basis(bins.x), float(_PENALTIES[-1]))
    p = sigmoid(span.basis(log_odds) @ beta)
    parts = np.array_split(np.argsort(days, kind="stable"), min(_STRETCHES, len(days)))
    information = np.array([(p[rows] * (1 - p[rows])).sum() for rows in parts])
    offset = np.array([(labels[rows] - p[rows]).sum() for rows in parts]) / information
    at = np.append([days[rows].mean() for rows in parts], day)
    kernel = np.exp(-np.abs(at[:, None] - at[None, :]) / _PULL_DAYS)
    noise = np.diag(1.0 / information)
    means, variances, evidence = [], [], []
    for wander in _WANDERS:
        covariance = wander**2 * kernel + _FREE_LEVEL
        seen = covariance[:-1, :-1] + noise
        gain = np.linalg.solve(seen, covariance[:-1, -1])
        means.append(float(gain @ offset))
        own = float(covariance[-1, -1] - covariance[:-1, -1] @ gain)
        variances.append(max(0.0, own - 1.0 / float(information.sum())))
        evidence.append(-0.5 * float(offset @ np.linalg.solve(seen, offset) + np.linalg.slogdet(seen)[1]))
    weight = np.exp(np.array(evidence) - max(evidence))
    weight /= weight.sum()
    mean = float(weight @ means)
    return mean, float(np.sqrt(weight @ (np.array(variances) + (np.array(means) - mean) ** 2)))
