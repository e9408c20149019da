"""What the scorer's figures say of a scorer that knows the truth, of one that knows nothing, and of one that exaggerates."""

import numpy as np
import pytest

from evals.gate import Verdict, judge
from evals.results import Metric
from evals.suites.scorer import compare
from tools.scoring.arrays import BoolVector, FloatVector

GAP, ECE = "AUC behind the best possible", "calibration error (ECE)"


def floor(n_leads: int = 4_000) -> tuple[FloatVector, BoolVector]:
    rng = np.random.default_rng(7)
    truth = 1 / (1 + np.exp(-rng.normal(-2.0, 1.5, n_leads)))
    return truth, rng.random(n_leads) < truth


def verdicts(p: FloatVector, *, adding: float = 0.0) -> dict[str, Verdict]:
    truth, won = floor()
    found: tuple[Metric, ...] = compare(p, won, truth, adding=adding)
    return {metric.name: judge(metric) for metric in found if metric.bar is not None}


def test_the_truth_passes_every_bar() -> None:
    assert set(verdicts(floor()[0]).values()) == {Verdict.PASSED}


def test_a_scorer_that_answers_the_base_rate_closes_the_gate() -> None:
    truth, won = floor()
    found = verdicts(np.full(len(truth), won.mean()))
    assert (found[GAP], found[ECE]) == (Verdict.FAILED, Verdict.PASSED)


def test_a_scorer_that_ranks_well_and_exaggerates_closes_the_gate() -> None:
    found = verdicts(np.sqrt(floor()[0]))
    assert (found[GAP], found[ECE]) == (Verdict.PASSED, Verdict.FAILED)


@pytest.mark.parametrize(("adding", "verdict"), [(0.0, Verdict.PASSED), (0.5, Verdict.FAILED)])
def test_points_that_do_not_add_up_close_the_gate(adding: float, verdict: Verdict) -> None:
    assert verdicts(floor()[0], adding=adding)["points that do not add up"] is verdict
