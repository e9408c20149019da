"""Fits the chosen rung and its fallbacks on all rows, with the maps that make them probabilities. Pure: no clock, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.scores import Rung
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.calibration import Method, fit_calibrator
from tools.scoring.coverage import fit_interval
from tools.scoring.evidence import Evidence
from tools.scoring.folds import Fold, random_folds
from tools.scoring.learning.members import Member, fit_held, fit_member
from tools.scoring.learning.problem import Problem
from tools.scoring.learning.stack import Blend, Ranker, flattened
from tools.scoring.learning.trial import Cuts, Trial, out_of_fold
from tools.scoring.model import BaseRate, TrainedModel

HELD_FROM_ROWS = 100_000
"""From here on one tenth is held out once, for the trees' number and the maps: five folds would say the same later."""

_HELD_FOLDS = 10


@dataclass(frozen=True)
class Fits:
    """Final models with what they would have said of rows they did not learn from.

    Attributes:
        made_of: Members by rung.
        rankers: By member.
        scores: Log-odds by member, each of shape (n_calibrating,).
        labels: Shape (n_calibrating,).
    """

    made_of: Mapping[Rung, tuple[Member, ...]]
    rankers: Mapping[Member, Ranker]
    scores: Mapping[Member, FloatVector]
    labels: BoolVector


def fit_finally(problem: Problem, rung: Rung, trial: Trial, *, reuse: bool, rng: np.random.Generator) -> Fits:
    """Fit the members of a rung and of the rungs below it that need no trees.

    Args:
        problem: All rows.
        rung: The chosen one.
        trial: Tells what the rung is made of.
        reuse: Whether the trial's predictions are of exactly these rows and of random folds, and can be used again.
        rng: For new folds, where they cannot.
    """
    wanted = [*trial.made_of[rung], *(Member(below.value) for below in fallbacks(rung))]
    wanted = list(dict.fromkeys(wanted))
    if len(problem.labels) >= HELD_FROM_ROWS:
        return _fit_held(problem, trial, wanted, rng)
    if not reuse:
        cuts = Cuts([random_folds(problem.groups, rng=rng)], in_time=False)
        predicted = {member: out_of_fold(problem, member, cuts) for member in wanted}
    else:
        predicted = {member: (trial.members[member], trial.rounds[member]) for member in wanted}
    rows = problem.judged
    rankers = {member: fit_member(problem, member, rounds=max(1, rounds)) for member, (_, rounds) in predicted.items()}
    scores = {member: score[rows] for member, (score, _) in predicted.items()}
    return Fits(trial.made_of, rankers, scores, problem.labels[rows])


def fallbacks(rung: Rung) -> tuple[Rung, ...]:
    """Return the rungs below that need no trees, the highest first."""
    return {Rung.RULES: (), Rung.LINEAR: (Rung.RULES,)}.get(rung, (Rung.LINEAR, Rung.RULES))


def calibrated_model(
    problem: Problem,
    fits: Fits,
    rung: Rung,
    *,
    blend: Blend | None,
    method: Method,
    base_rate: BaseRate,
    evidence: Evidence,
    no_signal: str | None,
) -> TrainedModel:
    """Put a rung together: ranker, map, bounds, and below it the rungs that answer when it cannot."""
    below = None
    if no_signal is None:
        for lower in reversed(fallbacks(rung)):
            why = f"{lower}: kept below {rung}, answers when it cannot in time"
            below = _assembled(
                problem, fits, lower, None, Method.SIGMOID, base_rate, _brief(evidence, why), None, below
            )
    return _assembled(problem, fits, rung, blend, method, base_rate, evidence, no_signal, below)


def _assembled(
    problem: Problem,
    fits: Fits,
    rung: Rung,
    blend: Blend | None,
    method: Method,
    base_rate: BaseRate,
    evidence: Evidence,
    no_signal: str | None,
    below: TrainedModel | None,
) -> TrainedModel:
    members = fits.made_of[rung]
    if blend is None or rung is not Rung.STACK:
        ranker, scores = fits.rankers[members[0]], fits.scores[members[0]]
    else:
        scores = blend(np.column_stack([fits.scores[member] for member in members]))
        ranker = flattened([fits.rankers[member] for member in members], blend)
    return TrainedModel(
        schema=problem.schema,
        rung=rung,
        ranker=ranker,
        calibrator=fit_calibrator(method, scores, fits.labels),
        interval=fit_interval(scores, fits.labels),
        base_rate=base_rate,
        no_signal=no_signal,
        evidence=evidence,
        fallback=below,
    )


def _brief(evidence: Evidence, why: str) -> Evidence:
    return Evidence(
        rows=evidence.rows, won=evidence.won, folds=evidence.folds, why=why,
        calibration=f"{Method.SIGMOID} map of out-of-fold log-odds",
    )  # fmt: skip


def _fit_held(problem: Problem, trial: Trial, wanted: list[Member], rng: np.random.Generator) -> Fits:
    fold = random_folds(problem.groups, rng=rng, n_folds=_HELD_FOLDS)[0]
    rows = np.asarray(fold.test & problem.judged)
    fits = {member: fit_held(problem, member, Fold(fold.train, fold.test)) for member in wanted}
    return Fits(
        trial.made_of,
        {member: model for member, (model, _) in fits.items()},
        {member: score[rows] for member, (_, score) in fits.items()},
        problem.labels[rows],
    )
