"""Moves a calibrator to the level of the newest results, without training a model again. Pure: no clock, no I/O."""

from collections.abc import Sequence

import numpy as np

from domain.errors import InvalidInputError
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.calibration import Calibrator, Tilt, logit, sigmoid
from tools.scoring.metrics import log_losses

LEVEL_SD = 1.0
"""How far a level may easily have moved since training, in log-odds: odds 2.7 times as high or as low."""

SLOPE_SD = 0.15
"""How far the slope may easily have moved: a ranking ages more slowly than a level."""

HALF_LIVES = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 4.0)
"""Half-lives tried, as shares of the time that the settled leads span."""

_TRIALS = 12
_MIN_TRIAL_ROWS = 100
_STEPS = 25
_LOWEST_SLOPE = 0.1


def recalibrate(
    calibrator: Calibrator,
    log_odds: FloatVector,
    labels: BoolVector,
    times: FloatVector,
    *,
    now: float,
    half_life: float | None = None,
) -> Calibrator:
    """Return the calibrator with a level, and with enough results a slope, that recent settled leads support.

    The present map is the prior: with no result nothing changes, a few hardly move it. A result counts half after each
    half-life. Without a given half-life the one is taken that would have predicted the settled leads best, each from
    those before it.

    Args:
        calibrator: The map from training; a tilt that it carries is replaced, not added to.
        log_odds: Shape (n_settled,). Scores of leads whose result is known, as the ranker gave them.
        labels: Shape (n_settled,). Their results.
        times: Shape (n_settled,). When each lead was scored, in any unit.
        now: In the unit of `times`; not before the last of them.
        half_life: In the unit of `times`, > 0.

    Raises:
        InvalidInputError: If lengths differ, a time lies after `now`, or the half-life is not positive.

    Source:
        Logistic recalibration (Cox, "Two further applications of a model for binary regression", Biometrika 45, 1958)
        with a normal prior and exponential forgetting (Raftery, Karny and Ettler, Technometrics 52, 2010).
    """
    if not len(log_odds) == len(labels) == len(times):
        raise InvalidInputError("labels", len(labels), f"must be as many as scores ({len(log_odds)}) and times")
    if half_life is not None and half_life <= 0:
        raise InvalidInputError("half_life", half_life, "must be above 0")
    plain = calibrator.model_copy(update={"tilt": None})
    if not len(log_odds):
        return plain
    if times.max() > now:
        raise InvalidInputError("times", float(times.max()), f"must not lie after now ({now})")
    order = np.argsort(times, kind="stable")
    x, y, t = logit(plain(log_odds[order])), labels[order], times[order]
    chosen = half_life or _best_half_life(x, y, t)
    return plain.model_copy(update={"tilt": fit_tilt(x, y, 0.5 ** ((now - t) / chosen))})


def fit_tilt(x: FloatVector, labels: BoolVector, weights: FloatVector) -> Tilt:
    """Fit level and slope around "nothing has moved".

    Args:
        x: Shape (n_rows,). Log-odds of the present probabilities.
        labels: Shape (n_rows,).
        weights: Shape (n_rows,), in [0, 1]. How much each result still counts.
    """
    total = float(weights.sum())
    centre = float(weights @ x / total) if total > 0 else 0.0
    design = np.column_stack([np.ones(len(x)), x - centre])
    precision = np.array([LEVEL_SD**-2, SLOPE_SD**-2])
    moved = np.zeros(2)
    hessian = np.diag(precision)
    for _ in range(_STEPS):
        p = sigmoid(x + design @ moved)
        hessian = (design.T * (weights * p * (1 - p))) @ design + np.diag(precision)
        step = np.linalg.solve(hessian, design.T @ (weights * (p - labels)) + precision * moved)
        # A step of one unit of log-odds is as far as the quadratic can be trusted.
        moved = moved - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:  # noqa: PLR2004 - converged
            break
    covariance: FloatMatrix = np.linalg.inv(hessian)
    return Tilt(
        level=float(moved[0]),
        slope=max(_LOWEST_SLOPE, 1.0 + float(moved[1])),
        centre=centre,
        level_sd=float(np.sqrt(covariance[0, 0])),
        slope_sd=float(np.sqrt(covariance[1, 1])),
        rows=total,
    )


def _best_half_life(x: FloatVector, labels: BoolVector, times: FloatVector) -> float:
    """Try each half-life on the settled leads themselves, each block predicted from those before it.

    The longest stands unless a shorter one would have predicted better by more than a standard error: where nothing
    drifts, forgetting only adds noise.
    """
    span = float(times[-1] - times[0]) or 1.0
    longest, *shorter = [share * span for share in sorted(HALF_LIVES, reverse=True)]
    if len(x) < 2 * _MIN_TRIAL_ROWS:
        return longest
    blocks = np.array_split(np.arange(len(x)), min(_TRIALS, len(x) // _MIN_TRIAL_ROWS))
    best, losses = longest, _prequential_losses(x, labels, times, blocks, longest)
    for half_life in shorter:
        rival = _prequential_losses(x, labels, times, blocks, half_life)
        gain = losses - rival
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best, losses = half_life, rival
    return best


def _prequential_losses(
    x: FloatVector, labels: BoolVector, times: FloatVector, blocks: Sequence[IntVector], half_life: float
) -> FloatVector:
    parts = []
    for block in blocks[1:]:
        first = int(block[0])
        tilt = fit_tilt(x[:first], labels[:first], 0.5 ** ((times[first] - times[:first]) / half_life))
        parts.append(log_losses(sigmoid(tilt.log_odds(x[block])), labels[block]))
    return np.concatenate(parts)
