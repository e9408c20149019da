"""Searches better settings for the trees within a budget, and keeps them only if they pay. Deterministic but for the clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tools.scoring import metrics
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.calibration import Method, fit_calibrator
from tools.scoring.folds import Fold
from tools.scoring.gbm import crossfit_gbm
from tools.scoring.learning.ladder import paired_gain
from tools.scoring.learning.members import Member, boosting
from tools.scoring.learning.problem import Problem
from tools.scoring.learning.trial import Cuts, out_of_fold

_SEARCH_ROWS = 15_000
"""Rows that the search looks at; what it finds is then tested on all."""

_SEARCH_FOLDS = 3


@dataclass(frozen=True)
class TuningBudget:
    """How long to search.

    Attributes:
        trials: Settings tried at most, at least 1.
        seconds: No trial is begun after this time, > 0. With infinity a search depends on its seed alone.
    """

    trials: int = 30
    seconds: float = float("inf")


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        settings: To replace those of the style; empty where nothing paid.
        why: In words, with the numbers.
    """

    settings: tuple[tuple[str, float], ...]
    why: str


def tune(problem: Problem, cuts: Cuts, budget: TuningBudget, progress: Callable[[float], None]) -> Tuned:
    """Search settings of the first tree style by the log loss of rows left out, then test the best against the default.

    Args:
        problem: Training rows only.
        cuts: The folds on which rungs are compared; found settings must pay there, by more than a standard error.
        budget: How long.
        progress: Told the share of the trials that is behind.

    Source:
        Akiba et al., "Optuna", KDD 2019; the sampler is Bergstra et al., "Algorithms for hyper-parameter optimization",
        NeurIPS 2011.
    """
    import optuna  # half a second, and only where tuning is asked for

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    part = problem.sample(_SEARCH_ROWS, rng=np.random.default_rng(problem.seed))
    number = np.random.default_rng(problem.seed).permutation(int(part.groups.max()) + 1) % _SEARCH_FOLDS
    folds = [Fold(number[part.groups] != k, (number[part.groups] == k) & part.judged) for k in range(_SEARCH_FOLDS)]

    def objective(trial: Any) -> float:
        return _mean_loss(replace(part, tuned=_suggest(trial)), folds)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=problem.seed % 2**31, n_startup_trials=8))
    default = _mean_loss(part, folds)

    def tell(study: Any, _: Any) -> None:
        progress(len(study.trials) / budget.trials)

    timeout = None if np.isinf(budget.seconds) else budget.seconds
    study.optimize(objective, n_trials=budget.trials, timeout=timeout, callbacks=[tell])
    tried = f"{len(study.trials)} settings tried"
    if not study.trials or study.best_value >= default:
        return Tuned((), f"{tried}, none with a lower log loss than the default's {default:.4f}")
    found = tuple(sorted(study.best_params.items()))
    losses = [_losses(candidate, cuts) for candidate in (problem, replace(problem, tuned=found))]
    gain, error = paired_gain(*losses)
    verdict = f"{tried}; the best saves {gain:.5f} of log loss (standard error {error:.5f})"
    return Tuned(found, f"{verdict}: kept") if gain > error else Tuned((), f"{verdict}: not kept")


def _suggest(trial: Any) -> tuple[tuple[str, float], ...]:
    """Draw settings. Trees stay small enough to be served in tens of microseconds."""
    return (
        ("learning_rate", trial.suggest_float("learning_rate", 0.03, 0.1, log=True)),
        ("num_leaves", trial.suggest_int("num_leaves", 4, 16)),
        ("min_data_in_leaf", trial.suggest_int("min_data_in_leaf", 10, 150, log=True)),
        ("feature_fraction", trial.suggest_float("feature_fraction", 0.25, 1.0)),
        ("bagging_fraction", trial.suggest_float("bagging_fraction", 0.5, 1.0)),
        ("lambda_l2", trial.suggest_float("lambda_l2", 0.1, 50.0, log=True)),
        ("cat_smooth", trial.suggest_float("cat_smooth", 2.0, 200.0, log=True)),
        ("cat_l2", trial.suggest_float("cat_l2", 2.0, 200.0, log=True)),
        ("max_cat_to_onehot", trial.suggest_categorical("max_cat_to_onehot", [4, 8, 64])),
        ("path_smooth", trial.suggest_float("path_smooth", 0.01, 50.0, log=True)),
    )


def _mean_loss(problem: Problem, folds: Sequence[Fold]) -> float:
    log_odds, _ = crossfit_gbm(problem.matrix, problem.labels, problem.schema, boosting(problem, Member.GROUPED), folds)
    tested = np.isfinite(log_odds)
    return float(_loss(log_odds[tested], problem.labels[tested]).mean())


def _losses(problem: Problem, cuts: Cuts) -> FloatVector:
    log_odds, _ = out_of_fold(problem, Member.GROUPED, cuts)
    tested = np.isfinite(log_odds)
    return _loss(log_odds[tested], problem.labels[tested])


def _loss(log_odds: FloatVector, labels: BoolVector) -> FloatVector:
    return metrics.log_losses(fit_calibrator(Method.SIGMOID, log_odds, labels)(log_odds), labels)
