"""The interval of a probability has a level, and holds the true rate of leads that score alike as often as it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from tools.scoring.calibration import sigmoid
from tools.scoring.coverage import RateInterval, fit_interval
from tools.scoring.intervals import fit_venn_abers


def drawn(n, *, seed=0, curve=lambda x: -2 + x):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, rng.random(n) < sigmoid(curve(x))


def covered(interval, curve, *, seed):
    x = np.random.default_rng(seed).normal(size=400)
    low, high = interval.bounds(x, _inside(interval, x))
    rate = sigmoid(curve(x))
    return ((low <= rate) & (rate <= high)).mean()


def _inside(interval, x):
    knots = np.array(interval.knots).T
    return (np.interp(x, knots[0], knots[1]) + np.interp(x, knots[0], knots[2])) / 2


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("curve", [lambda x: -2 + x, lambda x: -2 + np.where(x > 0, 0.5 * x, 1.5 * x)])
def test_the_true_rate_is_held_at_the_share_of_scores_that_was_asked_for(level, curve):
    shares = [covered(fit_interval(*drawn(1500, seed=s, curve=curve), level=level), curve, seed=s) for s in range(30)]
    error = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) == pytest.approx(level, abs=3 * error + 0.03)


def test_venn_abers_has_no_level():
    curve = lambda x: -2 + x  # noqa: E731 - a formula
    shares = [covered(fit_venn_abers(*drawn(1500, seed=s)), curve, seed=s) for s in range(20)]
    assert np.mean(shares) < 0.7


def test_more_leads_make_it_narrower_and_a_higher_level_wider():
    x, y = drawn(4000)
    p = np.full(1, 0.1)

    def width(n, level):
        low, high = fit_interval(x[:n], y[:n], level=level).bounds(np.array([-0.2]), p)
        return (high - low)[0]

    assert width(4000, 0.9) < width(1000, 0.9) < width(200, 0.9)
    assert width(1000, 0.8) < width(1000, 0.95)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 60), rate=st.floats(0, 1), seed=st.integers(0, 2**31), p=st.floats(0.001, 0.999))
def test_bounds_are_probabilities_that_hold_the_score(n, rate, seed, p):
    rng = np.random.default_rng(seed)
    x, y = np.round(rng.normal(size=n), 1), rng.random(n) < rate
    asked = np.array([-50.0, 0.0, 50.0])
    low, high = fit_interval(x, y).bounds(asked, np.full(3, p))
    assert ((low >= 0) & (low <= p) & (p <= high) & (high <= 1)).all()


def test_without_a_single_win_the_upper_bound_is_about_three_in_n():
    low, high = fit_interval(np.zeros(300), np.zeros(300, dtype=bool), level=0.9).bounds(np.zeros(1), np.array([0.001]))
    assert 0.003 < high[0] < 0.03
    assert low[0] < 0.001


def test_bounds_move_with_a_level_that_has_moved_and_widen_with_the_days_ahead():
    rng = np.random.default_rng(3)
    x, days = rng.normal(size=6000), np.sort(rng.uniform(0, 360, 6000))
    y = rng.random(6000) < sigmoid(-2 + x + 1.5 * days / 360)
    near = fit_interval(x, y, days=days, day=360)
    far = fit_interval(x, y, days=days, day=560)
    still = fit_interval(x, rng.random(6000) < sigmoid(-2 + x), days=days, day=360)
    assert near.moved > 0.3
    assert far.wander > near.wander > still.wander
    assert abs(still.moved) < 0.15


def test_a_stored_interval_says_the_same():
    interval = fit_interval(*drawn(300))
    x, p = np.linspace(-3, 3, 7), np.full(7, 0.1)
    again = RateInterval.model_validate_json(interval.model_dump_json())
    assert np.array_equal(again.bounds(x, p), interval.bounds(x, p))


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(InvalidInputError, match="level"):
        fit_interval(*drawn(10), level=level)


def test_no_rows_are_refused():
    with pytest.raises(InvalidInputError, match="labels"):
        fit_interval(np.zeros(0), np.zeros(0, dtype=bool))
