"""Tunes the matcher's weights on a simulated objective, in few trials. Pure: no clock, no I/O; knows no matcher."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatMatrix, FloatVector

_CANDIDATES = 512
_LENGTHS = (0.15, 0.3, 0.6, 1.2)
_NOISES = (0.01, 0.1, 0.5)


@dataclass(frozen=True)
class Tuned:
    """What a search over weights found.

    Attributes:
        weights: The weights whose expected objective is greatest, by name.
        expected: That expectation, smoothed over all trials, so that one lucky trial does not win.
        trials: Every trial: its weights and what came of it, in order.
    """

    weights: Mapping[str, float]
    expected: float
    trials: tuple[tuple[Mapping[str, float], float], ...]


def tune_weights(
    objective: Callable[[Mapping[str, float]], float],
    bounds: Mapping[str, tuple[float, float]],
    *,
    rng: np.random.Generator,
    n_trials: int = 24,
    first: Mapping[str, float] | None = None,
) -> Tuned:
    """Search the weights that make an objective greatest, where each trial is costly and noisy.

    A third of the trials covers the space evenly; each further one goes where a Gaussian process through the trials so
    far expects the most improvement.

    Args:
        objective: Judges weights, greater is better; finite. Usually the mean value of simulated weeks.
        bounds: Least and greatest value of each weight, by name.
        rng: Source of randomness.
        n_trials: Calls of the objective, >= 4.
        first: Weights to try first, for instance those in force.

    Raises:
        InvalidInputError: If there are no bounds, some are empty, there are too few trials, or the objective is not
            finite.

    Source:
        Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box Functions", 1998; length and
        noise of the process are those of greatest marginal likelihood on a small grid.
    """
    names = tuple(bounds)
    low, high = (np.array([bounds[name][side] for name in names]) for side in (0, 1))
    if not names or (high <= low).any():
        raise InvalidInputError(
            "bounds", dict(bounds), "must name at least one weight, and the greatest above the least"
        )
    if n_trials < 4:  # noqa: PLR2004 - two to begin with, two to follow
        raise InvalidInputError("n_trials", n_trials, "must be at least 4")
    points: list[FloatVector] = []
    if first is not None:
        points.append(np.clip((np.array([first[name] for name in names]) - low) / (high - low), 0.0, 1.0))
    values: list[float] = []
    spread = _evenly(max(2, n_trials // 3), len(names), rng)
    for trial in range(n_trials):
        if trial >= len(points):
            drawn = trial - (first is not None)
            points.append(spread[drawn] if drawn < len(spread) else _most_promising(points, values, rng))
        weights = _named(names, low + points[trial] * (high - low))
        value = float(objective(weights))
        if not np.isfinite(value):
            raise InvalidInputError("objective", value, f"must be finite, at {weights!r}")
        values.append(value)
    tried, seen = np.array(points), np.array(values)
    mean, _ = _predict(tried, seen, tried)
    best = int(mean.argmax())
    trials = tuple((_named(names, low + p * (high - low)), v) for p, v in zip(points, values, strict=True))
    return Tuned(trials[best][0], float(mean[best]), trials)


def _named(names: tuple[str, ...], values: FloatVector) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _evenly(n: int, n_weights: int, rng: np.random.Generator) -> FloatMatrix:
    """Draw a Latin hypercube: each weight's range is cut into n parts and each part is used once."""
    order = np.argsort(rng.random((n, n_weights)), axis=0)
    points: FloatMatrix = (order + rng.random((n, n_weights))) / n
    return points


def _most_promising(points: list[FloatVector], values: list[float], rng: np.random.Generator) -> FloatVector:
    """Return the candidate of greatest expected improvement over the best of the smoothed trials."""
    tried, seen = np.array(points), np.array(values)
    smoothed, _ = _predict(tried, seen, tried)
    near = tried[int(smoothed.argmax())] + 0.1 * rng.standard_normal((_CANDIDATES // 4, tried.shape[1]))
    candidates = np.vstack([rng.random((_CANDIDATES, tried.shape[1])), np.clip(near, 0.0, 1.0)])
    mean, error = _predict(tried, seen, candidates)
    gain = mean - smoothed.max()
    z = gain / error
    found: FloatVector = candidates[int((gain * norm.cdf(z) + error * norm.pdf(z)).argmax())]
    return found


def _predict(tried: FloatMatrix, seen: FloatVector, at: FloatMatrix) -> tuple[FloatVector, FloatVector]:
    """Return mean and standard deviation of the noiseless objective at points, by a Gaussian process."""
    centre, scale = float(seen.mean()), float(seen.std()) or 1.0
    target = (seen - centre) / scale
    best: tuple[float, FloatMatrix, FloatVector, float] = (-np.inf, tried, target, 1.0)
    for length in _LENGTHS:
        kernel = _kernel(tried, tried, length)
        for noise in _NOISES:
            root = np.asarray(np.linalg.cholesky(kernel + (noise + 1e-9) * np.eye(len(tried))), dtype=np.float64)
            half = np.asarray(np.linalg.solve(root, target), dtype=np.float64)
            evidence = -0.5 * float(half @ half) - float(np.log(np.diag(root)).sum())
            if evidence > best[0]:
                best = (evidence, root, half, length)
    _, best_root, best_half, length = best
    across = np.linalg.solve(best_root, _kernel(tried, at, length))
    mean = centre + scale * (across.T @ best_half)
    error = scale * np.sqrt(np.maximum(1 - (across * across).sum(axis=0), 1e-12))
    return mean, error


def _kernel(a: FloatMatrix, b: FloatMatrix, length: float) -> FloatMatrix:
    distance = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)
    kernel: FloatMatrix = np.exp(-0.5 * distance / length**2)
    return kernel
