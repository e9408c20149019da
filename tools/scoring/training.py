"""Climbs the ladder: rules, Bayesian logistic, LightGBM, stack, each kept only on evidence. Pure: no clock, no I/O."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from domain.errors import InvalidInputError
from domain.scores import Rung
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.calibration import choose_method
from tools.scoring.dataset import Schema, encode
from tools.scoring.evidence import Bin, Evidence, Proof, measure
from tools.scoring.learning.early import train_early
from tools.scoring.learning.final import calibrated_model, fit_finally
from tools.scoring.learning.ladder import MIN_MINORITY, Choice, choose_rung, sufficiency
from tools.scoring.learning.problem import Problem, labelled_problem
from tools.scoring.learning.ranges import Ranges
from tools.scoring.learning.segments import SEGMENT_COLUMNS, segment_report
from tools.scoring.learning.stack import Ranker
from tools.scoring.learning.trial import Trial, cut, try_rungs
from tools.scoring.learning.tuning import Tuned, TuningBudget, tune
from tools.scoring.model import BaseRate, TrainedModel
from tools.scoring.rules import rules_schema

JUDGED_ROWS = 20_000
"""Rows on which rungs are compared where there are more than twice as many: with so many, a difference that pays is far
above its noise."""

_IMPORTANCE_ROWS = 500

Progress = Callable[[str, float], None]


def train(
    frame: pl.DataFrame,
    labels: BoolVector,
    times: FloatVector | None,
    *,
    rng: np.random.Generator,
    settles_at: FloatVector | None = None,
    groups: IntVector | None = None,
    judged: BoolVector | None = None,
    threads: int = 1,
    tuning: TuningBudget | None = None,
    progress: Progress | None = None,
) -> TrainedModel:
    """Train the best model that the evidence supports.

    Every fold is predicted by a model that saw only what was settled before the fold began. On these predictions the
    rungs are compared: a rung whose AUC interval contains 0.5 is out; among the others a higher rung replaces a lower
    one only when its log loss is lower by more than a standard error of the difference. When no rung is left, the model
    says so and answers the base rate, unless too little was seen to say even that.

    Calibration and interval are fitted on out-of-fold predictions of models that saw four fifths of the leads: models of
    the early past are smaller and shyer than the final one, and a map fitted on them would stretch or shrink its
    probabilities (measured on a later window: ECE .044 instead of .020). The weights of a stack come from the folds in
    time, where it shows which member ages worse.

    Args:
        frame: Feature columns only, n_rows rows.
        labels: Shape (n_rows,). Whether each converted.
        times: Shape (n_rows,). Moment of each row in seconds; None when rows are exchangeable, and then the
            folds are random.
        rng: Source of randomness: seeds, splits, bootstraps.
        settles_at: Shape (n_rows,). When each label was known, in seconds. Defaults to `times`.
        groups: Shape (n_rows,). Rows of one lead share a number from 0. Defaults to one group a row.
        judged: Shape (n_rows,). Rows on which rungs are compared and calibrated, at most one a group; the others
            are only learned from. Defaults to all.
        threads: Threads of LightGBM while training.
        tuning: How long to search for better settings of the trees; None is not at all.
        progress: Told what is being done and the share of the work that is behind, in [0, 1].

    Raises:
        InvalidInputError: If lengths differ.
    """
    if len(labels) != frame.height:
        raise InvalidInputError("labels", len(labels), f"must have one entry for each of the {frame.height} rows")
    say = progress or _say_nothing
    in_time = times is not None
    order = times if times is not None else rng.permutation(len(labels)).astype(np.float64)
    problem = labelled_problem(
        frame, labels,
        order=order, settles_at=settles_at, groups=groups, judged=judged,
        seed=int(rng.integers(2**30)), threads=threads,
    )  # fmt: skip
    if problem.minority < MIN_MINORITY:
        why = f"{problem.minority} leads of the rarer result, {MIN_MINORITY} are needed to prove a model"
        return train_early(_with_rules(problem, frame), why)
    sampled = problem.sample(JUDGED_ROWS, rng=rng) if len(labels) > 2 * JUDGED_ROWS else problem
    cuts = cut(sampled, in_time=in_time, rng=rng)
    if cuts is None:
        why = "the log is too short to test a model on leads later than those it learns from"
        return train_early(_with_rules(problem, frame), why)
    tuned: Tuned | None = None
    if tuning is not None:
        tuned = tune(sampled, cuts, tuning, lambda share: say("tuning", 0.4 * share))
        is_whole = sampled is problem
        problem = replace(problem, tuned=tuned.settings)
        sampled = problem if is_whole else replace(sampled, tuned=tuned.settings)
    began = 0.0 if tuned is None else 0.4
    trial = try_rungs(sampled, cuts, lambda share: say("comparing rungs", began + (0.7 - began) * share))
    choice = choose_rung(trial.scores, sampled.labels[trial.rows], trial.strata)
    say("fitting", 0.7)
    fits = fit_finally(problem, choice.rung, trial, reuse=sampled is problem and not in_time, rng=rng)
    method, p = choose_method(trial.scores[choice.rung], sampled.labels[trial.rows], trial.strata, rng=rng)
    say("measuring", 0.9)
    model = calibrated_model(
        problem, fits, choice.rung,
        blend=trial.blend,
        method=method,
        base_rate=BaseRate.of(int(problem.labels[problem.judged].sum()), int(problem.judged.sum())),
        evidence=_evidence(problem, sampled, trial, choice, p, tuned, rng),
        no_signal=choice.no_signal,
    )  # fmt: skip
    calibration = f"{method} map of out-of-fold log-odds, {len(fits.labels)} rows"
    described = _described(model, frame, sampled, trial, p, calibration, rng)
    say("done", 1.0)
    proof = Proof(rows=sampled.index[trial.rows], p=p, labels=sampled.labels[trial.rows])
    return replace(model, evidence=described, ranges=Ranges.of(problem.matrix), proof=proof)


def _with_rules(problem: Problem, frame: pl.DataFrame) -> Problem:
    """Add what the rules read and few rows have not told apart yet: what is constant today differs tomorrow."""
    known = set(problem.schema.names)
    added = (column for column in rules_schema().columns if column.name in frame.columns and column.name not in known)
    schema = Schema(columns=(*problem.schema.columns, *added))
    return replace(problem, schema=schema, matrix=encode(frame, schema))


def _evidence(
    problem: Problem,
    sampled: Problem,
    trial: Trial,
    choice: Choice,
    p: FloatVector,
    tuned: Tuned | None,
    rng: np.random.Generator,
) -> Evidence:
    """Write down what the trial proved."""
    labels = sampled.labels[trial.rows]
    rows, won = int(problem.judged.sum()), int(problem.labels[problem.judged].sum())
    blend: dict[str, float] = {}
    if choice.rung is Rung.STACK and trial.blend is not None:
        blend = {member.value: w for member, w in zip(trial.made_of[Rung.STACK], trial.blend.weights, strict=True)}
    return Evidence(
        rows=rows,
        won=won,
        folds=trial.n_folds,
        tested_rows=len(labels),
        candidates=choice.candidates,
        why=choice.why,
        calibration="",
        measures=measure(p, trial.scores[choice.rung], labels, trial.strata, rng=rng),
        reliability=tuple(Bin(rows=n, said=said, seen=seen) for n, said, seen in metrics.reliability(p, labels)),
        sufficiency=sufficiency(choice, min(won, rows - won), rows),
        blend=blend,
        tuning=None if tuned is None else tuned.why,
    )


def _described(
    model: TrainedModel,
    frame: pl.DataFrame,
    sampled: Problem,
    trial: Trial,
    p: FloatVector,
    calibration: str,
    rng: np.random.Generator,
) -> Evidence:
    """Add what needs the model: importance, segments and the words on calibration."""
    if model.no_signal is not None:
        return model.evidence.model_copy(update={"calibration": calibration})
    tested = sampled.index[trial.rows]
    columns = {
        name: frame.get_column(name).cast(pl.Utf8).gather(tested).to_list()
        for name in SEGMENT_COLUMNS
        if name in frame.columns
    }
    found = {
        "calibration": calibration,
        "importance": _importance(sampled, model.ranker),
        "segments": segment_report(columns, p, sampled.labels[trial.rows], rng=rng),
    }
    return model.evidence.model_copy(update=found)


def _importance(problem: Problem, ranker: Ranker) -> dict[str, float]:
    sample = np.linspace(0, len(problem.labels) - 1, min(_IMPORTANCE_ROWS, len(problem.labels))).astype(int)
    weight = np.abs(ranker.contributions(problem.matrix[sample])[:, :-1]).mean(axis=0)
    ranked = sorted(zip(problem.schema.names, weight.tolist(), strict=True), key=lambda pair: -pair[1])
    return {name: value for name, value in ranked if value > 0}


def _say_nothing(stage: str, share: float) -> None:
    """Report to nobody."""
