"""What tuning a team's rules on its own past finds, and when it finds nothing."""

import numpy as np
import pytest

from domain.errors import InvalidInputError
from domain.routing import RoutingPolicy
from tools.matching.replay.tuning import tune_routing


def tune(period, policy, **options):
    return tune_routing(period, policy, rng=np.random.default_rng(5), n_trials=8, **options)


@pytest.fixture
def two_reps(past, make):
    """A lead every two hours, and two reps who could take them all."""

    def build(n=24, **known):
        leads = [past.came(f"l-{i:02}", 2 * i, p=0.1 + 0.02 * i) for i in range(n)]
        return past.period(leads, [make.rep("a", capacity=30), make.rep("b", capacity=30)], **known)

    return build


def test_unevenness_beyond_going_round_must_be_worth_it(two_reps):
    """Nobody is much better, but without fairness one rep gets everything."""
    found = tune(two_reps(shifts={"a": 0.05}, spread={"a": 0.2, "b": 0.2}), RoutingPolicy(fairness=0.0))
    assert found.present.totals.gini == pytest.approx(0.5)
    assert found.best.totals.gini < 0.1
    assert found.gain.value < 0
    assert (found.present.even, found.pays) == (False, False)
    assert "no setting beats the present one beyond doubt" in found.summary


def test_a_setting_less_even_than_both_the_present_one_and_going_round_is_no_candidate(two_reps):
    found = tune(two_reps(shifts={"a": 0.8}, spread={"a": 0.05, "b": 0.05}), RoutingPolicy(fairness=1.0))
    assert any(trial.totals.gini > found.present.totals.gini for trial in found.trials)
    assert found.best.totals.gini <= max(found.present.totals.gini, found.turns.gini)


def test_a_setting_that_wins_more_and_is_as_even_pays(past, make):
    """The best rep's only place goes to the poor lead that comes first, unless spreading keeps it for the rich one."""
    leads = []
    for i in range(12):
        leads.append(past.came(f"{i:02}-poor", 3 * i + 0.5, p=0.02, stays=1.7))
        leads.append(past.came(f"{i:02}-rich", 3 * i + 1.5, p=0.5, stays=0.7))
    reps = [make.rep("good", capacity=2), make.rep("bad", capacity=2)]
    known = {"shifts": {"good": 0.4, "bad": -0.4}, "spread": dict.fromkeys(("good", "bad"), 0.02)}
    found = tune(past.period(leads, reps, held=[past.held("good")], **known), RoutingPolicy(fairness=0.0))
    assert found.best.fairness > 0
    assert found.best.totals.expected_wins > found.present.totals.expected_wins
    assert found.gain.low > 0
    assert found.pays
    assert "another setting pays" in found.summary


def test_where_nothing_differs_the_present_setting_stays(two_reps):
    found = tune(two_reps(silent="Rep history is too thin."), RoutingPolicy(fairness=0.1))
    assert found.best == found.present
    assert (found.gain.value, found.pays) == (0.0, False)
    assert "no setting that was tried is better" in found.summary


def test_trials_begin_with_what_is_in_force_and_keep_to_what_is_tuned(two_reps):
    found = tune(two_reps(shifts={"a": 0.2}), RoutingPolicy(fairness=0.1))
    assert 4 <= len({trial.fairness for trial in found.trials}) == len(found.trials) <= 8
    assert found.trials[0] == found.present
    assert all(0 <= trial.fairness <= 1 for trial in found.trials)
    assert {trial.vip_reserve for trial in found.trials} == {None}
    assert found.best in found.trials


def test_the_reserve_is_tuned_where_something_says_who_is_a_vip(two_reps):
    found = tune(two_reps(shifts={"a": 0.2}), RoutingPolicy(vip_value=0.4, vip_reserve=0.2))
    assert found.present.vip_reserve == 0.2
    assert len({trial.vip_reserve for trial in found.trials}) > 1


def test_the_same_period_finds_the_same(two_reps):
    period = two_reps(shifts={"a": 0.2})
    assert tune(period, RoutingPolicy()) == tune(period, RoutingPolicy())


def test_progress_tells_how_many_replays_are_done(two_reps):
    told = []
    tune(two_reps(n=4), RoutingPolicy(), on_trial=lambda done, of: told.append(done / of))
    assert told == sorted(told)
    assert 0 < told[-1] <= 1


def test_nothing_to_replay_is_refused(past, make):
    with pytest.raises(InvalidInputError, match="hold no lead"):
        tune(past.period([], [make.rep("a")]), RoutingPolicy())
