"""Compares two model versions on leads neither has learned from, and says which may serve. Pure: no clock, no I/O."""

import numpy as np
import polars as pl
from scipy.special import ndtri

from domain.values import Value
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.evidence import Measure
from tools.scoring.guarding.drift import OutcomeDrift, Verdict, judge_outcomes
from tools.scoring.guarding.measures import check_probabilities
from tools.scoring.model import TrainedModel

MIN_OF_A_RESULT = 10
"""Settled leads of the rarer result without which two versions cannot be told apart."""

_LEVEL = 0.95


class Comparison(Value):
    """Two versions on the same leads. Gains are positive where the candidate is better; intervals are at 95 %."""

    rows: int
    won: int
    log_loss_current: float
    log_loss_candidate: float
    log_loss_gain: Measure
    auc_gain: Measure | None
    ece_current: float
    ece_candidate: float
    ece_if_perfect: float
    outcomes_current: OutcomeDrift
    outcomes_candidate: OutcomeDrift


class Promotion(Value):
    """Whether a candidate may replace the version that serves."""

    promote: bool
    why: str


def compare_models(
    current: TrainedModel, candidate: TrainedModel, table: pl.DataFrame, labels: BoolVector, *, rng: np.random.Generator
) -> Comparison:
    """Compare two versions on leads that settled after the current one was trained.

    The candidate must not have learned from these leads either. So a retraining is rehearsed: train on what was
    settled when the current version was trained, or up to a later day, compare on what settled since, and only then
    train on everything.

    Args:
        current: The version that serves.
        candidate: The version that wants to.
        table: Features of the leads as of their moments, one row each, n_rows rows.
        labels: Shape (n_rows,). Whether each converted.
        rng: For the calibration error that chance alone would give.

    Raises:
        InvalidInputError: If lengths differ or there are no rows.
    """
    return compare_predictions(current.predict(table).p, candidate.predict(table).p, labels, rng=rng)


def compare_predictions(
    current: FloatVector, candidate: FloatVector, labels: BoolVector, *, rng: np.random.Generator
) -> Comparison:
    """Compare what two versions said of the same leads. All of shape (n_rows,)."""
    for p in (current, candidate):
        check_probabilities(p, labels)
    losses = [metrics.log_losses(p, labels) for p in (current, candidate)]
    gain = losses[0] - losses[1]
    half = float(ndtri(0.5 + _LEVEL / 2) * gain.std() / np.sqrt(len(gain)))
    mean = float(gain.mean())
    auc = metrics.auc_difference(current, candidate, labels, level=_LEVEL)
    return Comparison(
        rows=len(labels),
        won=int(labels.sum()),
        log_loss_current=float(losses[0].mean()),
        log_loss_candidate=float(losses[1].mean()),
        log_loss_gain=Measure(name="log_loss_gain", value=mean, low=mean - half, high=mean + half),
        auc_gain=Measure(name="auc_gain", value=auc.value, low=auc.low, high=auc.high) if auc else None,
        ece_current=metrics.expected_calibration_error(current, labels),
        ece_candidate=metrics.expected_calibration_error(candidate, labels),
        ece_if_perfect=metrics.ece_of_a_perfect_model(candidate, rng=rng),
        outcomes_current=judge_outcomes(current, labels, base_rate=None),
        outcomes_candidate=judge_outcomes(candidate, labels, base_rate=None),
    )


def promotion(comparison: Comparison | None) -> Promotion:
    """Decide whether the candidate may serve.

    It may where it is not worse beyond noise, by log loss and by AUC, and its level is not further off than that of
    the version that serves. Where too few leads have settled to tell, the candidate serves: it has learned from all
    that the current version knew, and more.

    Args:
        comparison: Null where no version serves yet, or no lead has settled since it was trained.
    """
    if comparison is None:
        return Promotion(
            promote=True, why="there is nothing to compare with: no version serves, or no lead settled since"
        )
    rarer = min(comparison.won, comparison.rows - comparison.won)
    if rarer < MIN_OF_A_RESULT:
        return Promotion(
            promote=True,
            why=f"only {rarer} leads of the rarer result have settled since, {MIN_OF_A_RESULT} are needed to tell two "
            "versions apart; the candidate has learned from more leads",
        )
    worse = _worse(comparison)
    gain = comparison.log_loss_gain
    measured = (
        f"on {comparison.rows} leads settled since ({comparison.won} converted) its log loss is "
        f"{comparison.log_loss_candidate:.4f} instead of {comparison.log_loss_current:.4f} "
        f"(gain {gain.value:+.4f}, {gain.low:+.4f} to {gain.high:+.4f})"
    )
    if worse:
        return Promotion(promote=False, why=f"{'; '.join(worse)}; {measured}")
    return Promotion(promote=True, why=f"not worse beyond noise: {measured}")


def _worse(comparison: Comparison) -> list[str]:
    worse = []
    if comparison.log_loss_gain.high is not None and comparison.log_loss_gain.high < 0:
        worse.append("its log loss is higher beyond noise")
    auc = comparison.auc_gain
    if auc is not None and auc.high is not None and auc.high < 0:
        worse.append(f"its AUC is lower beyond noise ({auc.value:+.3f}, {auc.low:+.3f} to {auc.high:+.3f})")
    now, before = comparison.outcomes_candidate, comparison.outcomes_current
    if now.verdict is Verdict.DRIFT and abs(now.seen - now.said) > abs(before.seen - before.said):
        worse.append(f"its level is off: {now.why}")
    return worse
