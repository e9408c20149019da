"""The models that rungs are made of: predicted out of fold, and fitted for good. Pure: no clock, no I/O."""

from collections.abc import Sequence
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from tools.scoring.arrays import FloatVector
from tools.scoring.folds import Fold, rows_to_fit
from tools.scoring.gbm import Boosting, Style, crossfit_gbm, fit_gbm, fit_watched
from tools.scoring.learning.problem import Problem
from tools.scoring.learning.stack import Ranker, StackModel
from tools.scoring.linear import fit_linear
from tools.scoring.rules import fit_rules


class Member(StrEnum):
    """One model."""

    RULES = "rules"
    LINEAR = "linear"
    GROUPED = "grouped"
    ONE_HOT = "one_hot"
    DEEP = "deep"


DEEP_BELOW_ROWS = 2000
"""Rows from which large trees are not tried: there they overfit no less, and cost too much to serve."""

_STYLES = MappingProxyType({Member.GROUPED: Style.GROUPED, Member.ONE_HOT: Style.ONE_HOT, Member.DEEP: Style.DEEP})
_BAGS = MappingProxyType({Member.DEEP: 3})


def tree_members(n_rows: int) -> tuple[Member, ...]:
    """Return the tree styles that are tried on so many rows; the GBM rung is the best of them, a stack has all."""
    return tuple(_STYLES) if n_rows < DEEP_BELOW_ROWS else (Member.GROUPED, Member.ONE_HOT)


def predict_forward(problem: Problem, member: Member, folds: Sequence[Fold]) -> FloatVector:
    """Predict each fold by a model that saw its training rows only, also for the choice of the number of trees.

    Returns:
        Log-odds of shape (n_rows,), NaN where no fold tests a row.
    """
    log_odds = np.full(len(problem.labels), np.nan)
    for fold in folds:
        part = problem.rows(fold.train)
        rounds = _watched_rounds(part, member) if member in _STYLES else 0
        log_odds[fold.test] = fit_member(part, member, rounds=rounds).log_odds(problem.matrix[fold.test])
    return log_odds


def predict_crossfit(
    problem: Problem, member: Member, folds: Sequence[Fold], *, draw: int = 0
) -> tuple[FloatVector, int]:
    """Predict each fold from the others. `draw` changes the seed of the trees.

    Returns:
        Log-odds of shape (n_rows,), NaN where no fold tests a row; and the number of trees for the final model, 0 for
        a model without trees.
    """
    if member in _STYLES:
        return crossfit_gbm(problem.matrix, problem.labels, problem.schema, boosting(problem, member, draw=draw), folds)
    return predict_forward(problem, member, folds), 0


def fit_member(problem: Problem, member: Member, *, rounds: int) -> Ranker:
    """Fit on all rows, with a given number of trees."""
    matrix, labels, schema = problem.matrix, problem.labels, problem.schema
    if member in _STYLES:
        bag = [
            fit_gbm(matrix, labels, schema, boosting(problem, member, draw=draw), rounds=rounds)
            for draw in range(_BAGS.get(member, 1))
        ]
        return bag[0] if len(bag) == 1 else StackModel(tuple(bag), (1.0 / len(bag),) * len(bag), 0.0)
    if member is Member.LINEAR:
        return fit_linear(matrix, labels, schema, rows_per_lead=problem.rows_per_lead)[0]
    return fit_rules(matrix, labels, schema)


def fit_held(problem: Problem, member: Member, fold: Fold) -> tuple[Ranker, FloatVector]:
    """Fit on `fold.train` for good, as one does with many rows, and predict `fold.test`.

    Returns:
        The model, and log-odds of shape (n_rows,), NaN where the fold does not test a row.
    """
    if member in _STYLES:
        model: Ranker = fit_watched(
            problem.matrix, problem.labels, problem.schema, boosting(problem, member), fit_rows=~fold.test
        )[0]
    else:
        model = fit_member(problem.rows(fold.train), member, rounds=0)
    log_odds = np.full(len(problem.labels), np.nan)
    log_odds[fold.test] = model.log_odds(problem.matrix[fold.test])
    return model, log_odds


def boosting(problem: Problem, member: Member, *, draw: int = 0) -> Boosting:
    """Return how a member of trees is boosted; each draw of a bag has its own seed."""
    style = _STYLES[member]
    tuned = problem.tuned if style is Style.GROUPED else ()
    return Boosting(style, problem.seed + 10 * list(_STYLES).index(member) + draw, problem.threads, tuned)


def _watched_rounds(problem: Problem, member: Member) -> int:
    fit_rows = rows_to_fit(problem.order)
    return fit_watched(problem.matrix, problem.labels, problem.schema, boosting(problem, member), fit_rows=fit_rows)[1]
