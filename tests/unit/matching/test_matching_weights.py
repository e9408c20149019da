import numpy as np
import pytest

from domain.errors import InvalidInputError
from tools.matching.weights import tune_weights

BOUNDS = {"fairness": (0.0, 1.0), "explore": (0.0, 0.2)}


def _hill(weights):
    return 3.0 - (weights["fairness"] - 0.7) ** 2 - 25 * (weights["explore"] - 0.05) ** 2


def test_finds_the_top_of_a_noisy_hill():
    noise = np.random.default_rng(0)
    tuned = tune_weights(
        lambda w: _hill(w) + 0.02 * noise.standard_normal(), BOUNDS, rng=np.random.default_rng(1), n_trials=24
    )
    assert _hill(tuned.weights) > 2.97
    assert tuned.expected == pytest.approx(3.0, abs=0.05)


def test_beats_as_many_trials_at_random():
    ours, blind = [], []
    for seed in range(8):
        tuned = tune_weights(_hill, BOUNDS, rng=np.random.default_rng(seed), n_trials=14)
        ours.append(_hill(tuned.weights))
        rng = np.random.default_rng(seed)
        blind.append(max(_hill({"fairness": rng.uniform(0, 1), "explore": rng.uniform(0, 0.2)}) for _ in range(14)))
    assert np.mean(ours) > np.mean(blind)


def test_tries_only_what_is_allowed_and_begins_with_what_is_in_force():
    now = {"fairness": 0.1, "explore": 0.05}
    tuned = tune_weights(_hill, BOUNDS, rng=np.random.default_rng(2), n_trials=10, first=now)
    assert tuned.trials[0][0] == pytest.approx(now)
    assert len(tuned.trials) == 10
    assert all(low <= w[name] <= high for w, _ in tuned.trials for name, (low, high) in BOUNDS.items())


def test_the_same_seed_finds_the_same():
    runs = [tune_weights(_hill, BOUNDS, rng=np.random.default_rng(3), n_trials=8) for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("bounds", [{}, {"fairness": (1.0, 1.0)}])
def test_nothing_to_search_is_refused(bounds):
    with pytest.raises(InvalidInputError, match="bounds"):
        tune_weights(_hill, bounds, rng=np.random.default_rng(0))


def test_too_few_trials_are_refused():
    with pytest.raises(InvalidInputError, match="at least 4"):
        tune_weights(_hill, BOUNDS, rng=np.random.default_rng(0), n_trials=3)


def test_an_objective_that_is_no_number_is_refused():
    with pytest.raises(InvalidInputError, match="finite"):
        tune_weights(lambda _: float("nan"), BOUNDS, rng=np.random.default_rng(0))
