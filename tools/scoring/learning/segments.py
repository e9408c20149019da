"""Measures a model on each product, region and source apart. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence

import numpy as np

from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.evidence import Segment

SEGMENT_COLUMNS = ("product", "region", "source")

_MIN_ROWS = 200
_MIN_MINORITY = 20
_MOST_LEVELS = 12


def segment_report(
    columns: Mapping[str, Sequence[str | None]], p: FloatVector, labels: BoolVector, *, rng: np.random.Generator
) -> tuple[Segment, ...]:
    """Measure ranking and calibration by level.

    Args:
        columns: Level of each row, by name of the column; each of length n_rows. None is no level.
        p: Shape (n_rows,). Probabilities, each from a model and a map that have not seen the row.
        labels: Shape (n_rows,).
        rng: For the calibration error that chance alone would give.

    Returns:
        Levels with at least 200 rows, 20 of them of the rarer result; of each column the 12 largest.
    """
    found = []
    for column, levels in columns.items():
        names, sizes = np.unique([level for level in levels if level is not None], return_counts=True)
        for name in names[np.argsort(-sizes, kind="stable")][:_MOST_LEVELS].tolist():
            rows = np.array([level == name for level in levels], dtype=np.bool_)
            segment = _measured(column, name, p[rows], labels[rows], rng)
            if segment is not None:
                found.append(segment)
    return tuple(found)


def _measured(column: str, level: str, p: FloatVector, labels: BoolVector, rng: np.random.Generator) -> Segment | None:
    if len(labels) < _MIN_ROWS or min(labels.sum(), (~labels).sum()) < _MIN_MINORITY:
        return None
    auc = metrics.auc_interval(p, labels)
    if auc is None:
        return None
    return Segment(
        column=column,
        level=level,
        rows=len(labels),
        won=int(labels.sum()),
        auc=auc.value,
        auc_low=auc.low,
        auc_high=auc.high,
        ece=metrics.expected_calibration_error(p, labels),
        ece_if_perfect=metrics.ece_of_a_perfect_model(p, rng=rng),
    )
