"""Intervals, inequality and effects of groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from scipy.stats import binomtest

from domain.errors import InvalidInputError
from tools.matching.effectiveness.statistics import calibrated, gini, group_effects, wilson

amounts = arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1e6, allow_subnormal=False))


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_agrees_with_scipy(wins, n):
    wins = min(wins, n)
    found, theirs = wilson(wins, n), binomtest(wins, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_no_cases_have_no_proportion():
    assert wilson(0, 0) is None


@given(amounts, st.floats(0.001, 1000))
def test_the_gini_lies_between_even_and_one_and_knows_no_unit(values, unit):
    if values.sum() <= 0:
        assert gini(values) is None
        return
    assert -1e-9 <= gini(values) <= 1 - 1 / len(values) + 1e-9
    assert gini(values * unit) == pytest.approx(gini(values), abs=1e-6)


def test_the_gini_of_even_and_of_lopsided_shares_is_known():
    assert gini(np.array([5.0, 5.0, 5.0])) == pytest.approx(0)
    assert gini(np.array([0.0, 0.0, 0.0, 8.0])) == pytest.approx(0.75)
    with pytest.raises(InvalidInputError, match="at least 0"):
        gini(np.array([-1.0, 2.0]))


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_calibrated_odds_add_up_to_the_wins_and_keep_the_order(seed, error):
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 1, 300)
    won = (rng.random(300) < expit(truth)).astype(float)
    offset = calibrated(expit(truth + error), won)
    assert expit(offset).sum() == pytest.approx(won.sum(), abs=0.6)
    assert np.array_equal(np.argsort(offset), np.argsort(truth))


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_calibration_stays_finite_where_all_ended_alike(outcome):
    assert np.isfinite(calibrated(np.array([0.2, 0.9, 0.5]), np.full(3, outcome))).all()


def test_nine_in_ten_intervals_and_more_hold_the_true_effect():
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(20):
        truth = rng.normal(0, 0.5, 12)
        group = rng.integers(0, 12, 1200)
        offset = rng.normal(-1, 0.5, 1200)
        won = (rng.random(1200) < expit(offset + truth[group])).astype(float)
        found = group_effects(offset, won, group, 12)
        held += int((np.abs(found.mean - truth) <= 1.96 * found.sd).sum())
    assert 0.91 <= held / 240 <= 0.99


def test_a_group_without_cases_is_as_the_others():
    found = group_effects(np.zeros(4), np.array([1.0, 0.0, 1.0, 0.0]), np.zeros(4, dtype=np.int64), 2)
    assert found.mean[1] == 0
    assert found.sd[1] > 0


def test_a_thin_group_is_drawn_closer_to_the_others_than_a_full_one():
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1, 2, 3], [8, 400, 400, 400])
    truth = np.array([1.0, 1.0, -1.0, 0.0])
    won = (rng.random(len(group)) < expit(truth[group])).astype(float)
    won[:8] = [1, 1, 1, 1, 1, 1, 0, 0]
    found = group_effects(np.zeros(len(group)), won, group, 4)
    assert 0 < found.mean[0] < found.mean[1]
    assert found.sd[0] > found.sd[1]
