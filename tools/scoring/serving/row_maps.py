"""A calibrator's map and an interval's bounds for one number, without arrays. Fits nothing. Pure.

NumPy needs microseconds to wrap one number; `math` and `bisect` need a tenth of one.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import exp, hypot, log, log1p, tanh
from typing import Protocol

from tools.scoring.calibration import TWO_SIDED_95, Calibrator, Method, Tilt

RowMap = Callable[[float], float]
RowBounds = Callable[[float], tuple[float, float]]


class Knotted(Protocol):
    """An interval that is joined by straight lines between its knots."""

    @property
    def knots(self) -> tuple[tuple[float, float, float], ...]:
        """(log-odds, low, high), log-odds never falling."""
        ...


def trained_map(calibrator: Calibrator) -> RowMap:
    """Return `Calibrator.as_trained` for a single number, equal to it to 1e-12."""
    floor, ceiling = calibrator.floor, 1 - calibrator.floor
    match calibrator.method:
        case Method.SIGMOID:
            slope, shift = calibrator.parameters

            def raw(x: float) -> float:
                return sigmoid(slope * x + shift)
        case Method.BETA:
            a, b, c = calibrator.parameters

            def raw(x: float) -> float:
                return sigmoid(-a * softplus(-x) + b * softplus(x) + c)
        case Method.ISOTONIC:
            xs, ys = zip(*calibrator.knots, strict=True)

            def raw(x: float) -> float:
                return interpolate(x, xs, ys)

    def clipped(x: float) -> float:
        return min(max(raw(x), floor), ceiling)

    return clipped


def tilted_map(calibrator: Calibrator, tilt: Tilt) -> RowMap:
    """Return the map from a probability of the training to today's, for a single number."""
    floor, ceiling = calibrator.floor, 1 - calibrator.floor

    def today(p: float) -> float:
        return min(max(sigmoid(_tilted(logit(p), tilt)), floor), ceiling)

    return today


def tilted_bounds(calibrator: Calibrator, tilt: Tilt) -> Callable[[float, float], tuple[float, float]]:
    """Return `Calibrator.move` for a single pair of bounds, equal to it to 1e-12."""
    floor, ceiling = calibrator.floor, 1 - calibrator.floor

    def move(low: float, high: float) -> tuple[float, float]:
        below, above = (logit(min(max(p, floor), ceiling)) for p in (low, high))
        moved_low = _tilted(below, tilt) - TWO_SIDED_95 * _spread(below, tilt)
        moved_high = _tilted(above, tilt) + TWO_SIDED_95 * _spread(above, tilt)
        return sigmoid(moved_low), sigmoid(moved_high)

    return move


def knotted_bounds(interval: Knotted) -> RowBounds:
    """Return an interval's bounds over log-odds for a single number, before they are widened to hold p."""
    xs, lows, highs = zip(*interval.knots, strict=True)

    def bounds(x: float) -> tuple[float, float]:
        return interpolate(x, xs, lows), interpolate(x, xs, highs)

    return bounds


def sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return 0.5 * (1.0 + tanh(0.5 * x))


def logit(p: float) -> float:
    """Return log(p / (1 - p)) of a probability inside (0, 1)."""
    return log(p) - log1p(-p)


def softplus(x: float) -> float:
    """Return log(1 + exp(x)) without overflow."""
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def interpolate(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Interpolate along straight lines, flat beyond the ends, as `numpy.interp` does.

    Args:
        x: Where.
        xs: Shape (n_knots,), never falling, at least one.
        ys: Shape (n_knots,).
    """
    right = bisect_right(xs, x)
    if right == 0:
        return ys[0]
    if right == len(xs):
        return ys[-1]
    left = right - 1
    return (ys[right] - ys[left]) / (xs[right] - xs[left]) * (x - xs[left]) + ys[left]


def _tilted(x: float, tilt: Tilt) -> float:
    return x + tilt.level + (tilt.slope - 1.0) * (x - tilt.centre)


def _spread(x: float, tilt: Tilt) -> float:
    return hypot(tilt.level_sd, tilt.slope_sd * (x - tilt.centre))
