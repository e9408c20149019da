import numpy as np
import pytest

from domain.errors import InvalidInputError
from tools.matching.comparing import compare_with_manual


def _trial(seed, *, effect=0.0, n_reps=20, n_each=60, spread=0.08):
    """Reps differ in skill; half of them get the matcher's leads."""
    rng = np.random.default_rng(seed)
    skill = rng.normal(0.25, spread, n_reps)
    rep = np.repeat(np.arange(n_reps), n_each)
    arm = rep % 2 == 0
    outcome = (rng.random(len(rep)) < np.clip(skill[rep] + effect * arm, 0, 1)).astype(float)
    return arm, rep, outcome


def test_no_difference_is_found_where_there_is_none():
    found = [compare_with_manual(*_trial(seed)).p_value < 0.05 for seed in range(200)]
    assert np.mean(found) <= 0.09


def test_counting_leads_as_if_they_were_independent_would_find_one():
    """The error between leads is a third of the error between reps; the test above would fail with it."""
    naive = []
    for seed in range(200):
        arm, _, outcome = _trial(seed)
        error = np.sqrt(outcome[arm].var() / arm.sum() + outcome[~arm].var() / (~arm).sum())
        naive.append(abs(outcome[arm].mean() - outcome[~arm].mean()) / error > 1.96)
    assert np.mean(naive) > 0.15


def test_the_interval_covers_the_true_difference():
    trials = [compare_with_manual(*_trial(seed, effect=0.1)) for seed in range(200)]
    assert np.mean([t.low <= 0.1 <= t.high for t in trials]) >= 0.9


def test_the_difference_is_that_of_the_two_means():
    arm, rep, outcome = _trial(1, effect=0.2)
    found = compare_with_manual(arm, rep, outcome)
    assert found.value == pytest.approx(outcome[arm].mean() - outcome[~arm].mean())
    assert (found.n_reps, found.n_leads) == (20, 1200)


def test_outcomes_all_alike_are_no_difference():
    arm, rep, outcome = _trial(2)
    assert compare_with_manual(arm, rep, np.ones_like(outcome)).p_value == 1.0


def test_an_arm_of_two_reps_is_refused():
    arm, rep, outcome = _trial(3, n_reps=4)
    with pytest.raises(InvalidInputError, match="at least 3 reps"):
        compare_with_manual(arm, rep, outcome)


def test_unequal_lengths_are_refused():
    arm, rep, outcome = _trial(4)
    with pytest.raises(InvalidInputError, match="shape"):
        compare_with_manual(arm[1:], rep, outcome)


def test_a_level_outside_its_range_is_refused():
    with pytest.raises(InvalidInputError, match="level"):
        compare_with_manual(*_trial(5), level=0.0)
