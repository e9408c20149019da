"""Recent results move the level, a few hardly, many fully; the bounds move along and never leave the probability out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from tools.scoring.calibration import Calibrator, Method, fit_calibrator, identity, sigmoid
from tools.scoring.learning.recalibration import recalibrate
from tools.scoring.metrics import expected_calibration_error


def drifted(n: int, seed: int, *, shift: float):
    rng = np.random.default_rng(seed)
    x = rng.normal(-2, 1, size=n)
    return x, rng.random(n) < sigmoid(x + shift), np.arange(float(n))


def test_without_results_the_map_stays_as_it_is():
    nothing = np.zeros(0)
    assert recalibrate(identity(), nothing, nothing.astype(bool), nothing, now=5.0) == identity()


def test_a_level_that_has_moved_is_followed():
    x, labels, times = drifted(4000, 1, shift=2.0)
    moved = recalibrate(identity(), x, labels, times, now=4000.0)
    fresh, results, _ = drifted(4000, 2, shift=2.0)
    assert expected_calibration_error(identity()(fresh), results) > 0.15
    assert expected_calibration_error(moved(fresh), results) < 0.03


def test_a_level_that_has_not_moved_is_left_alone():
    x, labels, times = drifted(3000, 3, shift=0.0)
    moved = recalibrate(identity(), x, labels, times, now=3000.0)
    assert np.abs(moved(x) - identity()(x)).mean() < 0.015


def test_one_win_hardly_moves_anything():
    moved = recalibrate(identity(), np.array([-2.0]), np.array([True]), np.array([0.0]), now=1.0, half_life=10.0)
    assert float(moved(np.array([-2.0]))[0]) < 0.25


def test_a_short_half_life_follows_a_late_jump():
    early, late = drifted(2000, 4, shift=0.0), drifted(600, 5, shift=2.0)
    x, labels = np.concatenate([early[0], late[0]]), np.concatenate([early[1], late[1]])
    times = np.arange(2600.0)
    fresh, results, _ = drifted(3000, 6, shift=2.0)
    chosen = recalibrate(identity(), x, labels, times, now=2600.0)
    sluggish = recalibrate(identity(), x, labels, times, now=2600.0, half_life=1e9)
    error = {name: expected_calibration_error(c(fresh), results) for name, c in (("own", chosen), ("slow", sluggish))}
    assert error["own"] < 0.06 < error["slow"]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), n=st.integers(0, 150), shift=st.floats(-3, 3))
def test_a_moved_map_never_falls_and_its_bounds_hold_it(seed, n, shift):
    x, labels, times = drifted(n, seed, shift=shift)
    moved = recalibrate(identity(), x, labels, times, now=float(n))
    grid = np.linspace(-12, 12, 200)
    p, trained = moved(grid), moved.as_trained(grid)
    low, high = moved.move(np.maximum(trained - 0.05, 1e-4), np.minimum(trained + 0.05, 1 - 1e-4))
    assert (np.diff(p) >= 0).all()
    assert (low <= p + 1e-12).all()
    assert (high >= p - 1e-12).all()


def test_bounds_are_wider_while_few_results_back_the_move():
    widths = []
    for n in (60, 6000):
        x, labels, times = drifted(n, 7, shift=1.0)
        moved = recalibrate(identity(), x, labels, times, now=float(n), half_life=1e9)
        p = moved.as_trained(np.array([-2.0]))
        low, high = moved.move(p, p)
        widths.append(float(high[0] - low[0]))
    assert 0 < widths[1] < widths[0] / 3


def test_a_tilt_is_replaced_not_added_to():
    x, labels, times = drifted(2000, 8, shift=1.5)
    once = recalibrate(identity(), x, labels, times, now=2000.0)
    assert recalibrate(once, x, labels, times, now=2000.0) == once


def test_a_tilted_calibrator_survives_its_plain_form():
    x, labels, times = drifted(500, 9, shift=1.0)
    tilted = recalibrate(fit_calibrator(Method.ISOTONIC, x, labels), x, labels, times, now=500.0)
    assert Calibrator.model_validate(tilted.model_dump(mode="json")) == tilted


def test_results_from_the_future_are_refused():
    with pytest.raises(InvalidInputError, match="must not lie after now"):
        recalibrate(identity(), np.zeros(2), np.zeros(2, dtype=bool), np.array([1.0, 9.0]), now=5.0)


def test_a_half_life_of_nothing_is_refused():
    with pytest.raises(InvalidInputError, match="half_life"):
        recalibrate(identity(), np.zeros(1), np.zeros(1, dtype=bool), np.zeros(1), now=5.0, half_life=0.0)
