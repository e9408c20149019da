"""Answers while results are too few to prove anything: the rules, or the Bayesian rung around them. Pure: no clock, no I/O."""

import numpy as np

from domain.scores import Rung
from tools.scoring import metrics
from tools.scoring.calibration import identity, sigmoid
from tools.scoring.evidence import Evidence, Sufficiency
from tools.scoring.learning.ladder import MIN_MINORITY
from tools.scoring.learning.problem import Problem
from tools.scoring.learning.ranges import Ranges
from tools.scoring.linear import fit_linear
from tools.scoring.model import BaseRate, TrainedModel
from tools.scoring.rules import fit_rules


def train_early(problem: Problem, why: str) -> TrainedModel:
    """Fit the Bayesian rung, and keep it if it says more of leads left out than the rules do.

    Its prior is the rules, and how far it may leave them is chosen by the marginal likelihood: with few results hardly.
    It can be used from the first result of either kind on, and it is where the rules say the same of every lead: what
    ranks nothing is no rival.
    Nothing is proved yet: the evidence says so, and the bounds are as wide as the posterior.

    Args:
        problem: Few rows, or none.
        why: What is lacking.
    """
    labels = problem.labels
    n_rows, won = int(problem.judged.sum()), int(labels[problem.judged].sum())
    rules = fit_rules(problem.matrix, labels, problem.schema)
    below = TrainedModel(
        schema=problem.schema,
        rung=Rung.RULES,
        ranker=rules,
        calibrator=identity(),
        interval=None,
        base_rate=BaseRate.of(won, n_rows),
        no_signal=None,
        evidence=_evidence(problem, Rung.RULES, f"rules: {why}", "level of the rules"),
    )
    if problem.minority == 0 or not problem.schema.columns:
        return below
    linear, without = fit_linear(problem.matrix, labels, problem.schema, rows_per_lead=problem.rows_per_lead)
    by_rules = metrics.log_losses(sigmoid(rules.log_odds(problem.matrix)), labels)[problem.judged].mean()
    by_linear = metrics.log_losses(sigmoid(without), labels)[problem.judged].mean()
    compared = f"log loss of leads left out {by_linear:.4f}, of the rules {by_rules:.4f}"
    if by_linear >= by_rules and np.ptp(rules.log_odds(problem.matrix)) > 0:
        return below
    return TrainedModel(
        schema=problem.schema,
        rung=Rung.LINEAR,
        ranker=linear,
        calibrator=identity(),
        interval=None,
        base_rate=below.base_rate,
        no_signal=None,
        evidence=_evidence(
            problem, Rung.LINEAR, f"linear, not proved: {why}; {compared}", "none: the posterior around the rules"
        ),
        fallback=below,
        ranges=Ranges.of(problem.matrix),
    )


def _evidence(problem: Problem, rung: Rung, why: str, calibration: str) -> Evidence:
    rows, minority = int(problem.judged.sum()), problem.minority
    is_rules = rung is Rung.RULES
    return Evidence(
        rows=rows,
        won=int(problem.labels[problem.judged].sum()),
        folds=0,
        why=why,
        calibration=f"{calibration}, {rows} rows",
        sufficiency=Sufficiency(
            rung=rung,
            minority=minority,
            next_rung=Rung.LINEAR if is_rules else Rung.GBM,
            more=1 if is_rules and not minority else max(1, MIN_MINORITY - minority),
            why=f"{minority} labelled leads of the rarer result, {MIN_MINORITY} are needed to prove any model",
        ),
    )
