"""Answers while results are too few to prove anything: the rules and the Bayesian rung around them. Pure: no clock, no I/O."""

import numpy as np

from domain.scores import Rung
from tools.scoring.calibration import identity
from tools.scoring.evidence import Evidence, Sufficiency
from tools.scoring.learning.ladder import MIN_MINORITY
from tools.scoring.learning.problem import Problem
from tools.scoring.learning.ranges import Ranges
from tools.scoring.learning.stack import StackModel
from tools.scoring.linear import fit_linear
from tools.scoring.model import BaseRate, TrainedModel
from tools.scoring.rules import fit_rules

_EVEN_SHARES = 8
"""Results of the rarer kind at which rules and posterior count alike."""


def train_early(problem: Problem, why: str) -> TrainedModel:
    """Fit the Bayesian rung, and share the answer between it and the rules.

    Its prior is the rules, and how far it may leave them is chosen by the marginal likelihood: with few results hardly.
    Still, what forty results choose is mostly luck, and so would be any choice between the two by the same results.
    The share grows with the number of results instead: half at `_EVEN_SHARES` of the rarer kind, nearly all at thirty.
    Where the rules say the same of every lead there is nothing to share, and the Bayesian rung answers alone. It can be
    used from the first result of either kind on.
    Nothing is proved yet: the evidence says so, and the bounds are wide.

    Args:
        problem: Few rows, or none.
        why: What is lacking.

    Source:
        Clemen, "Combining forecasts: A review and annotated bibliography", International Journal of Forecasting 5
        (1989): shares that are estimated from few results do worse than shares that are not.
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
    linear, _ = fit_linear(problem.matrix, labels, problem.schema, rows_per_lead=problem.rows_per_lead)
    rules_rank = bool(np.ptp(rules.log_odds(problem.matrix)) > 0)
    share = problem.minority**3 / (problem.minority**3 + _EVEN_SHARES**3) if rules_rank else 1.0
    how = f"{share:.0%} the posterior around the rules" + (", the rest the rules" if rules_rank else "")
    return TrainedModel(
        schema=problem.schema,
        rung=Rung.LINEAR,
        ranker=StackModel((rules, linear), (1 - share, share), 0.0) if rules_rank else linear,
        calibrator=identity(),
        interval=None,
        base_rate=below.base_rate,
        no_signal=None,
        evidence=_evidence(problem, Rung.LINEAR, f"linear, not proved: {why}", f"none: {how}"),
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
