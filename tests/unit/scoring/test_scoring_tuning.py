"""Tuning keeps to its budget, depends on its seed alone, and is kept only if it pays."""

import numpy as np
import polars as pl

from tools.scoring.calibration import sigmoid
from tools.scoring.learning.problem import labelled_problem
from tools.scoring.learning.trial import cut
from tools.scoring.learning.tuning import TuningBudget, tune
from tools.scoring.training import train


def problem(n: int = 300):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 2))
    labels = rng.random(n) < sigmoid(1.5 * x[:, 0] - 0.5)
    return labelled_problem(pl.DataFrame({"x": x[:, 0], "z": x[:, 1]}), labels, order=np.arange(float(n)), seed=3)


def test_a_search_tries_as_many_settings_as_it_may_and_repeats_itself():
    found = []
    for _ in range(2):
        told = []
        cuts = cut(problem(), in_time=False, rng=np.random.default_rng(2))
        found.append(tune(problem(), cuts, TuningBudget(trials=2), told.append))
        assert told == [0.5, 1.0]
    assert found[0] == found[1]
    assert "2 settings tried" in found[0].why


def test_found_settings_are_kept_only_beyond_a_standard_error():
    cuts = cut(problem(), in_time=False, rng=np.random.default_rng(2))
    found = tune(problem(), cuts, TuningBudget(trials=2), lambda _: None)
    assert bool(found.settings) is ("not kept" not in found.why and "none with" not in found.why)


def test_a_training_with_a_budget_says_what_tuning_found():
    data = problem()
    frame = pl.DataFrame({"x": data.matrix[:, 0], "z": data.matrix[:, 1]})
    model = train(frame, data.labels, None, rng=np.random.default_rng(1), tuning=TuningBudget(trials=1))
    assert "1 settings tried" in model.evidence.tuning
