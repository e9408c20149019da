"""Counts, sums and ratios by segment, in the order of the events: the same for one segment and for many. Pure."""

import numpy as np

from tools.scoring.arrays import BoolVector, FloatVector, IntVector


def count(segment: IntVector, n_segments: int) -> FloatVector:
    """Return how many entries each segment has, shape (n_segments,)."""
    return np.bincount(segment, minlength=n_segments).astype(np.float64)


def total(segment: IntVector, amounts: FloatVector | BoolVector, n_segments: int) -> FloatVector:
    """Return the sum of the amounts of each segment, shape (n_segments,)."""
    return np.asarray(np.bincount(segment, weights=amounts, minlength=n_segments), dtype=np.float64)


def ratio(part: FloatVector, whole: FloatVector) -> FloatVector:
    """Divide; NaN where the whole is not positive."""
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0), dtype=np.float64)


def median(segment: IntVector, values: FloatVector, n_segments: int) -> FloatVector:
    """Return the median of each segment, shape (n_segments,); NaN for an empty one."""
    medians = np.full(n_segments, np.nan)
    if len(values):
        ordered = values[np.lexsort((values, segment))]
        n = np.bincount(segment, minlength=n_segments)
        has = np.flatnonzero(n)
        first, n = (np.cumsum(n) - n)[has], n[has]
        medians[has] = 0.5 * (ordered[first + (n - 1) // 2] + ordered[first + n // 2])
    return medians
