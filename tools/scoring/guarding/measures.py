"""Measures a model version on leads that settled after it was trained. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from domain.errors import InvalidInputError
from domain.values import Value
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.evidence import Measure, Segment, measure
from tools.scoring.learning.segments import segment_report

HALF = 0.5
"""The threshold that "accuracy" means where nobody names another."""

_TINY = 1e-12


class AtThreshold(Value):
    """What acting on every lead at or above a threshold would have meant."""

    threshold: float
    hits: int = Field(description="Said yes, converted.")
    false_alarms: int = Field(description="Said yes, did not convert.")
    misses: int = Field(description="Said no, converted.")
    rejections: int = Field(description="Said no, did not convert.")
    accuracy: float
    majority_class_rate: float = Field(description="Accuracy of always saying what is more frequent.")
    precision: float | None = Field(description="Null where nobody was said yes to.")
    recall: float | None = Field(description="Null where nobody converted.")
    f1: float | None

    @property
    def beats_majority(self) -> bool:
        """Whether the accuracy is worth a word."""
        return self.accuracy > self.majority_class_rate


class ModelMeasures(Value):
    """How a version did on later leads."""

    rows: int
    won: int
    measures: tuple[Measure, ...]
    at_thresholds: tuple[AtThreshold, ...]
    segments: tuple[Segment, ...] = ()

    def named(self, name: str) -> Measure | None:
        """Return the measure of a name, if it could be taken."""
        return next((found for found in self.measures if found.name == name), None)


def measure_model(
    p: FloatVector,
    labels: BoolVector,
    *,
    rng: np.random.Generator,
    thresholds: Sequence[float] = (HALF,),
    segments: Mapping[str, Sequence[str | None]] | None = None,
) -> ModelMeasures:
    """Measure what a version said of leads against what became of them.

    Args:
        p: Shape (n_rows,). Probabilities said, by a model that has not learned from these leads.
        labels: Shape (n_rows,).
        rng: For bootstrap intervals and the calibration error that chance alone would give.
        thresholds: From where on a lead counts as "will convert"; from costs, where there are any.
        segments: Level of each row by name of a column (`learning.segments.SEGMENT_COLUMNS`), each of length n_rows.

    Returns:
        AUC, average precision, precision of the top fifth beside the best that any ranking could reach, lift of the
        top fifth over the rest, Brier score, log loss, calibration error beside that of a perfect model. Measures of
        ranking are absent where all leads have the same result.

    Raises:
        InvalidInputError: If there are no rows, lengths differ, or a probability is not in [0, 1].
    """
    check_probabilities(p, labels)
    taken = (*ranking_measures(p, labels, rng=rng), Measure(name="log_loss", value=_log_loss(p, labels)))
    return ModelMeasures(
        rows=len(labels),
        won=int(labels.sum()),
        measures=taken,
        at_thresholds=tuple(at_threshold(p, labels, threshold=t) for t in sorted(set(thresholds))),
        segments=segment_report(segments, p, labels, rng=rng) if segments else (),
    )


def ranking_measures(p: FloatVector, labels: BoolVector, *, rng: np.random.Generator) -> tuple[Measure, ...]:
    """Return the measures of `evidence.measure` with the lift; only those of the level where one result is missing."""
    if labels.all() or not labels.any():
        base = metrics.wilson(labels.sum(), len(labels))
        return (
            Measure(name="brier", value=metrics.brier_score(p, labels)),
            Measure(name="base_rate", value=base.value, low=base.low, high=base.high),
            Measure(name="majority_class_rate", value=1.0),
        )
    clipped = np.clip(p, _TINY, 1 - _TINY)
    found = measure(p, np.log(clipped / (1 - clipped)), labels, np.zeros(len(p), dtype=np.int64), rng=rng)
    lift = metrics.lift_of_top(p, labels)
    return found if lift is None else (*found, Measure(name="lift_20", value=lift.value, low=lift.low, high=lift.high))


def at_threshold(p: FloatVector, labels: BoolVector, *, threshold: float) -> AtThreshold:
    """Count hits and errors at a threshold, with the accuracy of always saying the same beside."""
    counts = metrics.confusion(p, labels, threshold=threshold)
    return AtThreshold(
        threshold=threshold,
        hits=counts.hits,
        false_alarms=counts.false_alarms,
        misses=counts.misses,
        rejections=counts.rejections,
        accuracy=counts.accuracy,
        majority_class_rate=counts.majority_class_rate,
        precision=counts.precision,
        recall=counts.recall,
        f1=counts.f1,
    )


def check_probabilities(p: FloatVector, labels: BoolVector) -> None:
    """Refuse what cannot be measured."""
    if len(p) != len(labels) or len(labels) == 0:
        raise InvalidInputError(
            "labels", len(labels), f"must have one entry for each of the {len(p)} rows, one at least"
        )
    if not bool(((p >= 0) & (p <= 1)).all()):
        raise InvalidInputError("p", "a value outside [0, 1]", "must hold probabilities")


def _log_loss(p: FloatVector, labels: BoolVector) -> float:
    return float(metrics.log_losses(p, labels).mean())
