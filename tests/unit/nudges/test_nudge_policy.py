import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.nudges.policy import Arm, choose_propensities, draw_action, win_probabilities

counts = st.floats(0.5, 5_000)
arm_lists = st.lists(st.tuples(counts, counts, st.sampled_from([1.0, 0.6, 0.1])), min_size=1, max_size=8)


def _arms(rows):
    return [Arm(f"action-{i}", *row) for i, row in enumerate(rows)]


@settings(max_examples=50, deadline=None)
@given(arm_lists)
def test_probabilities_sum_to_one(rows):
    wins = win_probabilities(_arms(rows))
    assert (wins >= 0).all()
    assert wins.sum() == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(arm_lists, st.randoms(use_true_random=False))
def test_the_order_of_actions_does_not_matter(rows, shuffler):
    arms = _arms(rows)
    wins = {arm.action_id: p for arm, p in zip(arms, win_probabilities(arms), strict=True)}
    shuffler.shuffle(arms)
    again = {arm.action_id: p for arm, p in zip(arms, win_probabilities(arms), strict=True)}
    assert again == pytest.approx(wins, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_drawing_from_every_posterior(seed):
    rng = np.random.default_rng(seed)
    arms = _arms([(*(10 ** rng.uniform(0, 2.5, 2)), lever) for lever in (1.0, 0.7, 0.4, 1.0)])
    draws = np.stack([arm.lever * rng.beta(arm.replies, arm.silences, 200_000) for arm in arms])
    drawn = np.bincount(draws.argmax(axis=0), minlength=4) / 200_000
    assert win_probabilities(arms) == pytest.approx(drawn, abs=0.005)


def test_two_equal_arms_share_the_choice():
    assert win_probabilities([Arm("a", 3, 9), Arm("b", 3, 9)]) == pytest.approx([0.5, 0.5])


def test_the_closed_form_of_two_uniform_arms_holds():
    """P(0.5 U < V) for two uniform draws is 3/4."""
    assert win_probabilities([Arm("a", 1, 1), Arm("b", 1, 1, 0.5)]) == pytest.approx([0.75, 0.25], abs=1e-4)


def test_sharp_beliefs_decide():
    assert win_probabilities([Arm("a", 30_000, 70_000), Arm("b", 20_000, 80_000)]) == pytest.approx(
        [1.0, 0.0], abs=1e-6
    )


def test_an_action_never_tried_is_still_chosen_sometimes():
    assert win_probabilities([Arm("known", 100, 900), Arm("new", 1, 9)])[1] > 0.2


@settings(max_examples=30, deadline=None)
@given(arm_lists, st.floats(0, 1))
def test_no_propensity_is_below_the_floor(rows, exploration):
    arms = _arms(rows)
    propensities = choose_propensities(arms, exploration=exploration)
    assert propensities.sum() == pytest.approx(1.0)
    assert (propensities >= exploration / len(arms) - 1e-15).all()


def test_draws_come_as_often_as_their_propensity_says():
    rng = np.random.default_rng(0)
    drawn = np.bincount([draw_action(np.array([0.2, 0.5, 0.3]), rng) for _ in range(20_000)]) / 20_000
    assert drawn == pytest.approx([0.2, 0.5, 0.3], abs=0.015)
