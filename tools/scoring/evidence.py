"""What the out-of-fold predictions of a training prove, in numbers that go into the model card. Pure: no clock, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from domain.scores import Rung
from domain.values import Value
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector, IntVector

SIGNAL_LEVEL = 0.999
"""Confidence of the AUC interval that must lie above 0.5. Four rungs are tried, every night: at 95 % a market
without any signal would be given one some twenty times a year."""

_N_RESAMPLES = 200


class Measure(Value):
    """A number with its 95 % interval, where one is known."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Proof:
    """What the chosen rung said of rows that it had not seen.

    Attributes:
        rows: Shape (n_tested,). Positions in the training table.
        p: Shape (n_tested,). Probabilities, each calibrated without its own row.
        labels: Shape (n_tested,).
    """

    rows: IntVector
    p: FloatVector
    labels: BoolVector


class RungEvidence(Value):
    """How one rung did out of fold. `auc_low` and `auc_high` bound it at `SIGNAL_LEVEL`."""

    rung: Rung
    auc: float
    auc_low: float
    auc_high: float
    log_loss: float

    @property
    def has_signal(self) -> bool:
        """Whether it ranks better than chance beyond doubt."""
        return self.auc_low > 0.5  # noqa: PLR2004 - the AUC of chance


class Bin(Value):
    """One row of the calibration table."""

    rows: int
    said: float
    seen: float


class Sufficiency(Value):
    """Whether there are labels enough, and for what."""

    rung: Rung
    minority: int = Field(description="Labelled leads of the rarer result.")
    next_rung: Rung | None
    more: int | None = Field(
        description="How many more of them the next rung needs, as far as can be said; null where more labels of this "
        "kind need not help."
    )
    why: str


class Segment(Value):
    """How the model does on the leads of one product, region or source. The AUC's interval is at 95 %."""

    column: str
    level: str
    rows: int
    won: int
    auc: float
    auc_low: float
    auc_high: float
    ece: float
    ece_if_perfect: float = Field(description="What chance alone would give on as many leads.")


class Evidence(Value):
    """Everything measured in one training."""

    rows: int
    won: int
    folds: int
    tested_rows: int = 0
    candidates: tuple[RungEvidence, ...] = ()
    why: str
    calibration: str
    measures: tuple[Measure, ...] = ()
    reliability: tuple[Bin, ...] = ()
    importance: dict[str, float] = Field(default_factory=dict, description="Mean absolute log-odds, by feature.")
    sufficiency: Sufficiency | None = None
    segments: tuple[Segment, ...] = ()
    blend: dict[str, float] = Field(default_factory=dict, description="Weight of each member of a stack.")
    tuning: str | None = Field(default=None, description="What tuning tried and whether it paid.")


def measure(
    p: FloatVector, log_odds: FloatVector, labels: BoolVector, folds: IntVector, *, rng: np.random.Generator
) -> tuple[Measure, ...]:
    """Measure cross-fitted probabilities.

    Args:
        p: Shape (n_rows,). Probabilities, each calibrated without its own row.
        log_odds: Shape (n_rows,). The out-of-fold scores behind them.
        labels: Shape (n_rows,).
        folds: Shape (n_rows,). Fold of each row; the AUC compares pairs within a fold.
        rng: For the bootstrap, which resamples winners and others apart.
    """
    base = float(labels.mean())
    auc = metrics.auc_interval(log_odds, labels, strata=folds)
    measures = [Measure(name="auc", value=auc.value, low=auc.low, high=auc.high)] if auc else []
    bootstrapped: dict[str, Callable[[FloatVector, BoolVector], float]] = {
        "average_precision": metrics.average_precision,
        "brier": metrics.brier_score,
        "precision_at_20": metrics.precision_at_top,
    }
    resamples = [_resample(labels, rng) for _ in range(_N_RESAMPLES)]
    for name, function in bootstrapped.items():
        values = [function(p[rows], labels[rows]) for rows in resamples]
        low, high = np.quantile(values, [0.025, 0.975])
        measures.append(Measure(name=name, value=function(p, labels), low=float(low), high=float(high)))
    measures += [
        Measure(name="precision_at_20_ceiling", value=metrics.precision_ceiling(base)),
        Measure(name="ece", value=metrics.expected_calibration_error(p, labels)),
        Measure(name="ece_if_perfect", value=metrics.ece_of_a_perfect_model(p, rng=rng)),
        Measure(name="base_rate", value=base),
        Measure(name="majority_class_rate", value=max(base, 1 - base)),
    ]
    return tuple(measures)


def no_signal_statement(candidates: tuple[RungEvidence, ...], rows: int) -> str | None:
    """Say that nothing ranks better than chance, if so."""
    if not candidates or any(candidate.has_signal for candidate in candidates):
        return None
    best = max(candidates, key=lambda candidate: candidate.auc)
    return (
        f"No signal: on {rows} leads that it had not seen, the best model ({best.rung}) has an AUC of "
        f"{best.auc:.3f}, and its {SIGNAL_LEVEL:.1%} interval {best.auc_low:.3f} to {best.auc_high:.3f} contains 0.5. "
        "Every lead gets the base rate."
    )


def _resample(labels: BoolVector, rng: np.random.Generator) -> IntVector:
    won, lost = np.flatnonzero(labels), np.flatnonzero(~labels)
    return np.concatenate([rng.choice(won, len(won)), rng.choice(lost, len(lost))])
