"""Keeps what each column held in training, to tell a lead unlike any of them. Pure: no clock, no I/O."""

import warnings

import numpy as np
from pydantic import Field

from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector

_TAIL = 0.001


class Ranges(Value):
    """Where nearly all training values of each column lay; null where a column was never measured."""

    low: tuple[float | None, ...] = Field(description="The 0.1 % quantile by column.")
    high: tuple[float | None, ...] = Field(description="The 99.9 % quantile by column.")

    @classmethod
    def of(cls, matrix: FloatMatrix) -> "Ranges":
        """Measure them on a training matrix, shape (n_rows, n_features)."""
        with warnings.catch_warnings():
            # A column without a value has no range; that is what null says.
            warnings.simplefilter("ignore", RuntimeWarning)
            bounds = np.nanquantile(matrix, [_TAIL, 1 - _TAIL], axis=0) if len(matrix) else np.empty((2, 0))
        low, high = (tuple(None if np.isnan(v) else float(v) for v in bound) for bound in bounds)
        return cls(low=low, high=high)

    def far(self, values: FloatVector) -> BoolVector:
        """Mark measured values farther outside their range than the range is wide, shape (n_features,)."""
        if not self.low:
            return np.zeros(len(values), dtype=np.bool_)
        low = np.array([np.nan if v is None else v for v in self.low])
        high = np.array([np.nan if v is None else v for v in self.high])
        width = high - low
        return np.asarray((values < low - width) | (values > high + width))
