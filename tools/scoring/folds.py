"""Cuts labelled rows into folds: forward in time, or at random where rows have no time. Pure: no clock, no I/O."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tools.scoring.arrays import BoolVector, FloatVector, IntVector

N_FOLDS = 4
_SETTLED_SHARE = 0.4
"""Share of the rows that is settled when the first fold begins: models of far less data than the final one would
speak for it badly, and calibrate it worse."""

_TESTED_SHARE = 0.2
"""Share of the groups that is tested at least, however short the log."""

_HELD_SHARE = 0.15


@dataclass(frozen=True)
class Fold:
    """Masks of shape (n_rows,); no row and no group is in both."""

    train: BoolVector
    test: BoolVector


def forward_folds(
    times: FloatVector, settles_at: FloatVector, groups: IntVector, *, n_folds: int = N_FOLDS
) -> list[Fold]:
    """Cut so that every fold is predicted from what was settled before it began.

    Args:
        times: Shape (n_rows,). Moment of each row, in seconds.
        settles_at: Shape (n_rows,). When its label was known, in seconds; not before `times`.
        groups: Shape (n_rows,). Rows of one lead share a number; a group lies where its first row lies.
        n_folds: At least 1. The first begins once 40 % of the rows are settled, or with the last 20 % of the groups.

    Returns:
        Folds in order of time; those without a training row are left out.
    """
    starts = np.full(groups.max() + 1, np.inf)
    np.minimum.at(starts, groups, times)
    start = starts[groups]
    first = min(np.quantile(settles_at, _SETTLED_SHARE), np.quantile(start, 1 - _TESTED_SHARE))
    edges = np.quantile(start[start >= first], np.linspace(0.0, 1.0, n_folds + 1))
    edges[-1] = np.inf
    folds = [
        Fold(train=(start < begin) & (settles_at <= begin), test=(start >= begin) & (start < end))
        for begin, end in pairwise(edges)
    ]
    return [fold for fold in folds if fold.train.any() and fold.test.any()]


def random_folds(groups: IntVector, *, rng: np.random.Generator, n_folds: int = N_FOLDS + 1) -> list[Fold]:
    """Cut exchangeable rows at random, whole groups at a time."""
    n_groups = int(groups.max()) + 1
    part = (rng.permutation(n_groups) % n_folds)[groups]
    folds = [Fold(train=part != k, test=part == k) for k in range(n_folds)]
    return [fold for fold in folds if fold.train.any() and fold.test.any()]


def rows_to_fit(order: FloatVector) -> BoolVector:
    """Mark all but the last 15 % in order: the rest decides when fitting stops. Shape (n_rows,)."""
    rank = np.argsort(np.argsort(order, kind="stable"), kind="stable")
    return np.asarray(rank < np.ceil((1 - _HELD_SHARE) * len(order)))
