"""Whether to act on one row's score, at a request's cost. The rule is `learning.abstention`; this only asks it seldom.

Almost every lead passes. What can be said quickly is said here; wherever the rule might abstain it is asked itself.
"""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tools.scoring.dataset import OTHER, Kind
from tools.scoring.learning.abstention import FAR_SHARE, MEASURED_SHARE, ODDS_SPAN, abstention, importances
from tools.scoring.model import TrainedModel
from tools.scoring.serving.row_rankers import Row

RowAbstention = Callable[[Row, float, float], str | None]
"""Takes a row, the lower and the upper bound of its probability."""

_NEARLY = 1 - 1e-9
_LARGEST = sys.float_info.max
_HALF = 0.5 / _NEARLY


class _Column(NamedTuple):
    """A column's share in what moves the scores, and the values that count as known and as like those of the training."""

    at: int
    weight: float
    unseen: float | None
    least: float
    most: float


def row_abstention(model: TrainedModel) -> RowAbstention:
    """Return `abstention` of a model for single rows: the same words for the same rows."""
    if model.no_signal is not None:
        return lambda _row, _low, _high: None
    columns = _columns(model)

    def asked(row: Row, low: float, high: float) -> str | None:
        if _is_narrow(low, high) and _is_known(row, columns):
            return None
        return abstention(low, high, np.array(row), model)

    return asked


def _is_narrow(low: float, high: float) -> bool:
    return high * (1 - low) < _NEARLY * ODDS_SPAN * low * (1 - high)


def _is_known(row: Row, columns: Sequence[_Column]) -> bool:
    """Whether surely enough was measured, and surely enough of it like in training."""
    usual = 0.0
    for at, weight, unseen, least, most in columns:
        if least <= row[at] <= most and row[at] != unseen:
            usual += weight
            # Half of all weight is enough of it, and leaves less than half of what was measured to be far away.
            if usual > _HALF:
                return True
    measured = sum(column.weight for column in columns if row[column.at] == row[column.at])
    far = sum(column.weight for column in columns if row[column.at] < column.least or row[column.at] > column.most)
    return _NEARLY * usual > MEASURED_SHARE and far < _NEARLY * FAR_SHARE * measured


def _columns(model: TrainedModel) -> list[_Column]:
    """Return the columns that weigh most first."""
    weights = importances(model).tolist()
    columns = [
        _Column(at, weight, float(OTHER) if column.kind is Kind.CATEGORY else None, *usual)
        for at, (column, weight, usual) in enumerate(zip(model.schema.columns, weights, _usual(model), strict=True))
    ]
    return sorted(columns, key=lambda column: -column.weight)


def _usual(model: TrainedModel) -> list[tuple[float, float]]:
    """Return from where to where each column's values count as like those of the training."""
    anywhere = (-_LARGEST, _LARGEST)
    if model.ranges is None or not model.ranges.low:
        return [anywhere] * len(model.schema.columns)
    pairs = zip(model.ranges.low, model.ranges.high, strict=True)
    return [
        anywhere if low is None or high is None else (low - (high - low), high + (high - low)) for low, high in pairs
    ]
