"""Tries the rungs on rows they have not seen: later ones where rows have a time. Pure: no clock, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from domain.scores import Rung
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.calibration import Method, align_folds, fit_calibrator
from tools.scoring.folds import Fold, forward_folds, random_folds
from tools.scoring.learning.ladder import rungs_to_try
from tools.scoring.learning.members import Member, predict_crossfit, predict_forward, tree_members
from tools.scoring.learning.problem import Problem, minority_of
from tools.scoring.learning.stack import Blend, fit_blend

MIN_FOLD_MINORITY = 10

_REPEATED_BELOW = 3000
_REPEATS = 3
"""Random folds of few rows are cut this often and their predictions averaged: one cut alone decides much by luck."""


@dataclass(frozen=True)
class Cuts:
    """How the rows are cut.

    Attributes:
        repeats: One list of folds, or several cuts of the same rows.
        in_time: Whether the folds follow each other in time.
    """

    repeats: list[list[Fold]]
    in_time: bool


@dataclass(frozen=True)
class Trial:
    """What the rungs said of rows they had not seen.

    Attributes:
        members: Log-odds by member, each of shape (n_rows,), NaN where a row was not tested.
        rounds: Trees for the final model by member, 0 where the trial does not tell.
        rows: Shape (n_rows,). Which rows were tested and are judged.
        parts: Shape (n_rows,). Fold of each row, of the first cut.
        made_of: Members by rung; the GBM rung is the tree style with the lowest log loss.
        scores: Log-odds by rung, each of shape (n_tested,).
        strata: Shape (n_tested,). Fold where folds follow each other in time, zeros otherwise.
        blend: Weights of the stack's members; None without a stack.
        n_folds: Folds of a cut.
    """

    members: dict[Member, FloatVector]
    rounds: dict[Member, int]
    rows: BoolVector
    parts: IntVector
    made_of: dict[Rung, tuple[Member, ...]]
    scores: dict[Rung, FloatVector]
    strata: IntVector
    blend: Blend | None
    n_folds: int


def cut(problem: Problem, *, in_time: bool, rng: np.random.Generator) -> Cuts | None:
    """Cut the rows into folds; None where no fold could show anything."""
    if in_time:
        lists = [forward_folds(problem.order, problem.settles_at, problem.groups)]
    else:
        repeats = _REPEATS if len(problem.labels) < _REPEATED_BELOW else 1
        lists = [random_folds(problem.groups, rng=rng) for _ in range(repeats)]
    kept = [[_judged(fold, problem) for fold in folds if _is_usable(fold, problem)] for folds in lists]
    kept = [folds for folds in kept if folds and minority_of(problem.labels[_tested(folds)]) >= MIN_FOLD_MINORITY]
    return Cuts(kept, in_time) if kept else None


def try_rungs(problem: Problem, cuts: Cuts, progress: Callable[[float], None]) -> Trial:
    """Predict the tested rows by every member, and blend the stack of each fold by the weights of the others."""
    rungs = rungs_to_try(int(problem.judged.sum()), len(problem.schema.columns))
    trees = tree_members(len(problem.labels)) if Rung.GBM in rungs else ()
    simple = [Member(rung.value) for rung in rungs if rung in (Rung.RULES, Rung.LINEAR)]
    wanted = [*simple, *trees]
    members: dict[Member, FloatVector] = {}
    rounds: dict[Member, int] = {}
    for k, member in enumerate(wanted):
        members[member], rounds[member] = out_of_fold(problem, member, cuts)
        progress((k + 1) / len(wanted))
    first = cuts.repeats[0]
    parts = np.zeros(len(problem.labels), dtype=np.int64)
    for k, fold in enumerate(first):
        parts[fold.test] = k
    rows = np.asarray(_tested(first) & np.all([np.isfinite(score) for score in members.values()], axis=0))
    labels = problem.labels[rows]
    strata = parts[rows] if cuts.in_time else np.zeros(int(rows.sum()), dtype=np.int64)
    made_of: dict[Rung, tuple[Member, ...]] = {Rung(member.value): (member,) for member in simple}
    if trees:
        losses = {
            member: _loss(_aligned(members[member][rows, None], labels, strata)[:, 0], labels) for member in trees
        }
        made_of[Rung.GBM] = (min(trees, key=losses.__getitem__),)
        made_of[Rung.STACK] = (Member.LINEAR, *trees)
    scores: dict[Rung, FloatVector] = {}
    for rung, parts_of in made_of.items():
        if rung is not Rung.STACK:
            scores[rung] = members[parts_of[0]][rows]
    blend = None
    if trees:
        columns = np.column_stack([members[member][rows] for member in made_of[Rung.STACK]])
        scores[Rung.STACK] = _blended(columns, labels, parts[rows], strata)
        blend = fit_blend(_aligned(columns, labels, strata), labels)
    return Trial(members, rounds, rows, parts, made_of, scores, strata, blend, len(first))


def out_of_fold(problem: Problem, member: Member, cuts: Cuts) -> tuple[FloatVector, int]:
    """Predict by one member, averaged over the cuts; also the number of trees, 0 where it is not told."""
    if cuts.in_time:
        return predict_forward(problem, member, cuts.repeats[0]), 0
    predicted = [predict_crossfit(problem, member, folds, draw=draw) for draw, folds in enumerate(cuts.repeats)]
    return np.asarray(np.mean([score for score, _ in predicted], axis=0)), round(np.mean([n for _, n in predicted]))


def _blended(columns: FloatMatrix, labels: BoolVector, parts: IntVector, strata: IntVector) -> FloatVector:
    blended = np.empty(len(labels))
    for part in np.unique(parts):
        inside = parts == part
        others = ~inside if (~inside).any() else inside
        aligned = _aligned(columns[others], labels[others], strata[others])
        blended[inside] = fit_blend(aligned, labels[others])(columns[inside])
    return blended


def _aligned(columns: FloatMatrix, labels: BoolVector, strata: IntVector) -> FloatMatrix:
    """Take out of each member how far a fold's level lies off the data: drift, which no weight can mend."""
    return np.column_stack([align_folds(column, labels, strata) for column in columns.T])


def _loss(scores: FloatVector, labels: BoolVector) -> float:
    return float(metrics.log_losses(fit_calibrator(Method.SIGMOID, scores, labels)(scores), labels).mean())


def _judged(fold: Fold, problem: Problem) -> Fold:
    return Fold(fold.train, np.asarray(fold.test & problem.judged))


def _is_usable(fold: Fold, problem: Problem) -> bool:
    learned = problem.labels[fold.train & problem.judged]
    return minority_of(learned) >= MIN_FOLD_MINORITY and bool((fold.test & problem.judged).any())


def _tested(folds: list[Fold]) -> BoolVector:
    return np.asarray(np.any([fold.test for fold in folds], axis=0))
