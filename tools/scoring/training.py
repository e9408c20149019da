"""Climbs the ladder: rules, then logistic regression, then LightGBM, each kept only on evidence. Pure: no clock, no I/O."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from domain.errors import InvalidInputError
from domain.scores import Rung
from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.calibration import Method, choose_method, fit_calibrator, identity
from tools.scoring.dataset import Schema, encode, infer_schema
from tools.scoring.evidence import SIGNAL_LEVEL, Bin, Evidence, RungEvidence, measure, no_signal_statement
from tools.scoring.folds import Fold, forward_folds, random_folds, rows_to_fit
from tools.scoring.gbm import fit_gbm
from tools.scoring.intervals import fit_venn_abers
from tools.scoring.linear import fit_linear
from tools.scoring.model import BaseRate, Ranker, TrainedModel
from tools.scoring.rules import fit_rules

MIN_MINORITY = 50
"""Leads of the rarer result without which nothing is fitted: below it no model can prove that it beats the rules."""

MIN_ROWS_FOR_GBM = 500

_MIN_FOLD_MINORITY = 10
_IMPORTANCE_ROWS = 500


@dataclass(frozen=True)
class _Problem:
    """Labelled rows, encoded. `order` sorts them in time, or at random where they have none."""

    schema: Schema
    matrix: FloatMatrix
    labels: BoolVector
    order: FloatVector
    seed: int
    threads: int

    def fit(self, rung: Rung, rows: BoolVector) -> Ranker:
        matrix, labels = self.matrix[rows], self.labels[rows]
        fit_rows = rows_to_fit(self.order[rows])
        match rung:
            case Rung.RULES:
                return fit_rules(matrix, labels, self.schema)
            case Rung.LINEAR:
                return fit_linear(matrix, labels, self.schema, fit_rows=fit_rows)
            case Rung.GBM:
                return fit_gbm(matrix, labels, self.schema, fit_rows=fit_rows, seed=self.seed, threads=self.threads)


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
) -> TrainedModel:
    """Train the best model that the evidence supports.

    Every fold is predicted by a model that saw only what was settled before the fold began. On these
    predictions the rungs are compared: a rung whose AUC interval contains 0.5 is out; among the others a higher
    rung replaces a lower one only when its log loss is lower by more than a standard error of the difference.
    When no rung is left, the model says so and answers the base rate.

    Calibration and interval are fitted on a second set of out-of-fold predictions, of models that saw four fifths
    of the leads: models of the early past are smaller and shyer than the final one, and a map fitted on them would
    stretch or shrink its probabilities (measured on a later window: ECE .044 instead of .020).

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

    Raises:
        InvalidInputError: If lengths differ.
    """
    if len(labels) != frame.height:
        raise InvalidInputError("labels", len(labels), f"must have one entry for each of the {frame.height} rows")
    schema = infer_schema(frame)
    order = rng.permutation(len(labels)).astype(np.float64) if times is None else times
    seed = int(rng.integers(2**31 - 1))
    problem = _Problem(schema, encode(frame, schema), labels, order, seed, threads)
    judged = np.ones(len(labels), dtype=np.bool_) if judged is None else judged
    minority = _minority(labels[judged])
    if minority < MIN_MINORITY:
        return _rules_only(problem, f"rules: {minority} leads of the rarer result, {MIN_MINORITY} are needed to fit")
    groups = np.arange(len(labels)) if groups is None else groups
    if times is None:
        folds = random_folds(groups, rng=rng)
    else:
        folds = forward_folds(times, times if settles_at is None else settles_at, groups)
    folds = [
        Fold(fold.train, fold.test & judged)
        for fold in folds
        if _minority(labels[fold.train & judged]) >= _MIN_FOLD_MINORITY and (fold.test & judged).any()
    ]
    if not folds or _minority(labels[_tested(folds)]) < _MIN_FOLD_MINORITY:
        return _rules_only(
            problem, "rules: the log is too short to test a model on leads later than those it learns from"
        )
    return _climb(problem, folds, groups, judged, rng)


def _climb(
    problem: _Problem, folds: list[Fold], groups: IntVector, judged: BoolVector, rng: np.random.Generator
) -> TrainedModel:
    rungs = [Rung.RULES, Rung.LINEAR] + ([Rung.GBM] if len(problem.labels) >= MIN_ROWS_FOR_GBM else [])
    if not problem.schema.columns:
        rungs = [Rung.RULES]
    tested = _tested(folds)
    labels = problem.labels[tested]
    fold_of = np.zeros(len(problem.labels), dtype=np.int64)
    for k, fold in enumerate(folds):
        fold_of[fold.test] = k
    strata = fold_of[tested]
    scores = {rung: _out_of_fold(problem, rung, folds)[tested] for rung in rungs}
    losses = {rung: _loss(scores[rung], labels) for rung in rungs}
    candidates = tuple(_judge(rung, scores[rung], losses[rung], labels, strata) for rung in rungs)
    no_signal = no_signal_statement(candidates, len(labels))
    rung, why = _choose(candidates, losses)
    method, p = choose_method(scores[rung], labels, strata, rng=rng)
    calibrating = _out_of_fold(problem, rung, random_folds(groups, rng=rng))[judged]
    base_rate = BaseRate.of(int(problem.labels[judged].sum()), int(judged.sum()))
    ranker = problem.fit(rung, np.ones(len(problem.labels), dtype=np.bool_))
    evidence = Evidence(
        rows=int(judged.sum()),
        won=int(problem.labels[judged].sum()),
        folds=len(folds),
        tested_rows=len(labels),
        candidates=candidates,
        why="no rung ranks better than chance" if no_signal else why,
        calibration=f"{method} map of out-of-fold log-odds, {len(calibrating)} rows",
        measures=measure(p, scores[rung], labels, strata, rng=rng),
        reliability=tuple(Bin(rows=n, said=said, seen=seen) for n, said, seen in metrics.reliability(p, labels)),
        importance=_importance(problem, ranker) if no_signal is None else {},
    )
    return TrainedModel(
        schema=problem.schema,
        rung=rung,
        ranker=ranker,
        calibrator=fit_calibrator(method, calibrating, problem.labels[judged]),
        venn_abers=fit_venn_abers(calibrating, problem.labels[judged]),
        base_rate=base_rate,
        no_signal=no_signal,
        evidence=evidence,
    )


def _choose(candidates: tuple[RungEvidence, ...], losses: dict[Rung, FloatVector]) -> tuple[Rung, str]:
    usable = [candidate for candidate in candidates if candidate.has_signal] or list(candidates[:1])
    chosen, why = usable[0], f"{usable[0].rung}: the simplest rung that ranks better than chance"
    for rival in usable[1:]:
        gain = losses[chosen.rung] - losses[rival.rung]
        error = float(gain.std() / np.sqrt(len(gain)))
        if gain.mean() > error:
            why = f"{rival.rung}: log loss lower than {chosen.rung}'s by {gain.mean():.4f} (standard error {error:.4f})"
            chosen = rival
    return chosen.rung, why


def _judge(rung: Rung, scores: FloatVector, losses: FloatVector, labels: BoolVector, strata: IntVector) -> RungEvidence:
    auc = metrics.auc_interval(scores, labels, strata=strata, level=SIGNAL_LEVEL)
    area, low, high = (auc.value, auc.low, auc.high) if auc else (0.5, 0.0, 1.0)
    return RungEvidence(rung=rung, auc=area, auc_low=low, auc_high=high, log_loss=float(losses.mean()))


def _loss(scores: FloatVector, labels: BoolVector) -> FloatVector:
    """Log loss per row after a sigmoid map: rungs are compared on what they know, not on their scale."""
    return metrics.log_losses(fit_calibrator(Method.SIGMOID, scores, labels)(scores), labels)


def _out_of_fold(problem: _Problem, rung: Rung, folds: list[Fold]) -> FloatVector:
    scores = np.full(len(problem.labels), np.nan)
    for fold in folds:
        scores[fold.test] = problem.fit(rung, fold.train).log_odds(problem.matrix[fold.test])
    return scores


def _rules_only(problem: _Problem, why: str) -> TrainedModel:
    rows, won = len(problem.labels), int(problem.labels.sum())
    return TrainedModel(
        schema=problem.schema,
        rung=Rung.RULES,
        ranker=fit_rules(problem.matrix, problem.labels, problem.schema),
        calibrator=identity(),
        venn_abers=None,
        base_rate=BaseRate.of(won, rows),
        no_signal=None,
        evidence=Evidence(rows=rows, won=won, folds=0, why=why, calibration=f"level of the rules, {rows} rows"),
    )


def _importance(problem: _Problem, ranker: Ranker) -> dict[str, float]:
    sample = np.linspace(0, len(problem.labels) - 1, min(_IMPORTANCE_ROWS, len(problem.labels))).astype(int)
    weight = np.abs(ranker.contributions(problem.matrix[sample])[:, :-1]).mean(axis=0)
    ranked = sorted(zip(problem.schema.names, weight.tolist(), strict=True), key=lambda pair: -pair[1])
    return {name: value for name, value in ranked if value > 0}


def _tested(folds: list[Fold]) -> BoolVector:
    return np.asarray(np.any([fold.test for fold in folds], axis=0))


def _minority(labels: BoolVector) -> int:
    return int(min(labels.sum(), (~labels).sum()))
