"""Measures how well one column alone, and the others together, tell the outcome. Pure: no clock, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.guarding.columns import Reading
from tools.scoring.metrics import Interval, auc_interval, auc_of_counts, wilson

LEVEL = 0.99
N_FOLDS = 5
MAX_ROWS_A_CLASS = 20_000
"""Rows of one result that a column is measured on. The AUC does not depend on the share of either."""

_MAX_ROWS_TOGETHER = 10_000
_SMOOTHING = 1.0
_GOLDEN = 0.6180339887498949


def rows_to_measure(labels: BoolVector, *, per_class: int = MAX_ROWS_A_CLASS) -> IntVector:
    """Choose rows evenly from both results, in input order: all of them up to `per_class`."""
    chosen = [_evenly(np.flatnonzero(labels == result), per_class) for result in (False, True)]
    return np.sort(np.concatenate(chosen))


def fold_of(n_rows: int) -> IntVector:
    """Deal rows into folds by multiples of the golden ratio: even, the same each time, and aliased with no period."""
    return np.asarray(np.floor(np.arange(n_rows) * _GOLDEN % 1.0 * N_FOLDS), dtype=np.int64)


@dataclass(frozen=True)
class Strength:
    """How well something tells the outcome, on rows it was not fitted on.

    Attributes:
        auc: Area under the ROC curve, with its 99 % interval.
        both: Mean of the shares said right among the converted and among the others (balanced accuracy), with its
            99 % interval. Unlike the AUC it tells a copy with errors, right for 95 % of either result whatever its
            form, from an honest sign of degree.
    """

    auc: Interval
    both: Interval


def strength_alone(cells: IntVector, labels: BoolVector) -> Strength | None:
    """Measure a column alone, by the target rate of its cells in the other folds.

    Args:
        cells: Shape (n_rows,). Cell of each row's value, -1 where missing.
        labels: Shape (n_rows,).

    Returns:
        None with too few rows of either result.
    """
    folds = fold_of(len(labels))
    n_cells = int(cells.max()) + 2
    place = folds * n_cells + cells + 1
    size = np.bincount(place, minlength=n_cells * N_FOLDS).reshape(N_FOLDS, n_cells).astype(np.float64)
    won = np.bincount(place, weights=labels, minlength=n_cells * N_FOLDS).reshape(N_FOLDS, n_cells)
    others, others_won = size.sum(0) - size, won.sum(0) - won
    # The prior is the whole table's rate, the same in each fold: that of the other folds would tell the fold's own.
    base = float(labels.mean())
    rates = (others_won + _SMOOTHING * base) / (others + _SMOOTHING)
    parts, said_won = [], np.zeros(2)
    for fold in range(N_FOLDS):
        starts, order = _by_rate(rates[fold])
        by_won, by_size = (np.add.reduceat(counts[fold][order], starts) for counts in (won, size))
        parts.append(auc_of_counts(by_won, by_size - by_won, level=LEVEL))
        says_won = rates[fold] > base
        said_won += won[fold][says_won].sum(), (size[fold] - won[fold])[says_won].sum()
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return Strength(_mean(known), _right_for_both(said_won[0], said_won[1], labels))


def strength_together(columns: Sequence[Reading], labels: BoolVector) -> Strength | None:
    """Measure columns together, by boosted trees on the other half.

    Args:
        columns: What the trees read, n_rows rows each.
        labels: Shape (n_rows,).

    Returns:
        Chance without columns; None with too few rows of either result.
    """
    rows = rows_to_measure(labels, per_class=_MAX_ROWS_TOGETHER // 2)
    target, halves = labels[rows], fold_of(len(rows)) % 2
    scores = np.zeros(len(rows))
    if columns:
        matrix = np.column_stack([_as_numbers(column.take(rows)) for column in columns])
        for half in range(2):
            learn, test = halves != half, halves == half
            scores[test] = _fit_and_predict(matrix[learn], target[learn], matrix[test])
    auc = auc_interval(scores, target, strata=halves, level=LEVEL)
    if auc is None:
        return None
    says_won = scores > np.log(target.mean() / (1 - target.mean())) if columns else np.zeros(len(rows), dtype=np.bool_)
    return Strength(auc, _right_for_both(float(says_won[target].sum()), float(says_won[~target].sum()), target))


def _by_rate(rates: FloatVector) -> tuple[IntVector, IntVector]:
    """Return where each distinct rate begins in the sorted cells, and the order that sorts them."""
    order = np.argsort(rates, kind="stable")
    return np.flatnonzero(np.diff(rates[order], prepend=-1.0)), order


def _mean(parts: list[Interval]) -> Interval:
    """Pool the folds' estimates, which share no row, with equal weights."""
    value = float(np.mean([part.value for part in parts]))
    half = float(np.sqrt(np.sum([(part.high - part.value) ** 2 for part in parts]))) / len(parts)
    half = max(half, float(np.sqrt(np.sum([(part.value - part.low) ** 2 for part in parts]))) / len(parts))
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def _right_for_both(hits: float, false_alarms: float, labels: BoolVector) -> Interval:
    won, lost = (
        wilson(hits, labels.sum(), level=LEVEL),
        wilson((~labels).sum() - false_alarms, (~labels).sum(), level=LEVEL),
    )
    value = float(won.value + lost.value) / 2
    low, high = (
        float(np.hypot(getattr(won, end) - won.value, getattr(lost, end) - lost.value)) / 2 for end in ("low", "high")
    )
    return Interval(value, value - low, value + high)


def _as_numbers(column: Reading) -> FloatVector:
    """Return numbers as they are and levels by how frequent they are: order enough for trees to split on."""
    if column.numbers is not None:
        return column.numbers
    cells = column.cells()
    counts = np.bincount(cells[cells >= 0], minlength=1)
    rank = np.empty(len(counts))
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.where(cells < 0, np.nan, rank[cells])


def _fit_and_predict(matrix: FloatMatrix, labels: BoolVector, test: FloatMatrix) -> FloatVector:
    import lightgbm as lgb

    params = {
        "objective": "binary", "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 20, "max_bin": 63,
        "feature_fraction": 0.7, "seed": 1, "deterministic": True, "force_row_wise": True, "num_threads": 1,
        "verbosity": -1,
    }  # fmt: skip
    booster = lgb.train(params, lgb.Dataset(matrix, labels.astype(np.float64)), 60)
    return np.asarray(booster.predict(test, raw_score=True, num_threads=1))


def _evenly(rows: IntVector, at_most: int) -> IntVector:
    if len(rows) <= at_most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, at_most).astype(np.int64)]
