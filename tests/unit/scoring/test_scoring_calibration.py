"""Calibrated probabilities rise with the score, mean what they say, and stay inside their bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.scoring.calibration import Method, align_folds, choose_method, fit_calibrator, sigmoid
from tools.scoring.intervals import fit_venn_abers
from tools.scoring.metrics import expected_calibration_error


def sample(seed: int, n: int, distort=lambda z: z):
    rng = np.random.default_rng(seed)
    z = rng.normal(-1, 1.5, size=n)
    return distort(z), rng.random(n) < sigmoid(z), sigmoid(z)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), method=st.sampled_from([*Method]), n=st.integers(30, 300))
def test_a_map_never_falls_and_keeps_off_zero_and_one(seed, method, n):
    scores, labels, _ = sample(seed, n)
    p = fit_calibrator(method, scores, labels)(np.linspace(-30, 30, 500))
    assert (np.diff(p) >= 0).all()
    assert (p > 0).all()
    assert (p < 1).all()


@pytest.mark.parametrize("method", [*Method])
def test_overconfident_scores_are_mended(method):
    scores, labels, truth = sample(1, 6000, distort=lambda z: 2.5 * z + 1)
    p = fit_calibrator(method, scores, labels)(scores)
    assert expected_calibration_error(sigmoid(scores), labels) > 0.08
    assert np.abs(p - truth).mean() < 0.02


def test_the_simple_map_is_kept_within_noise():
    scores, labels, _ = sample(2, 3000)
    method, p = choose_method(scores, labels, np.zeros(len(labels), dtype=int), rng=np.random.default_rng(1))
    assert method is Method.SIGMOID
    assert expected_calibration_error(p, labels) < 0.03


def test_a_bent_curve_gets_another_map_than_the_sigmoid():
    scores, labels, _ = sample(3, 20_000, distort=lambda z: np.sign(z) * np.abs(z) ** 3)
    method, _ = choose_method(scores, labels, np.zeros(len(labels), dtype=int), rng=np.random.default_rng(1))
    assert method is not Method.SIGMOID


def test_scores_that_rank_backwards_are_flattened_not_turned_round():
    scores, labels, _ = sample(4, 2000, distort=lambda z: -z)
    p = fit_calibrator(Method.SIGMOID, scores, labels)(scores)
    assert np.ptp(p) == pytest.approx(0, abs=1e-6)


def test_drift_between_folds_is_not_added_to_the_final_level():
    scores, labels, truth = sample(6, 6000)
    folds = np.arange(6000) // 3000
    drifted = scores + np.where(folds == 0, 0.8, -0.3)
    aligned = align_folds(drifted, labels, folds)
    assert fit_calibrator(Method.SIGMOID, aligned, labels)(scores) == pytest.approx(truth, abs=0.04)


def test_an_aligned_fold_says_what_it_saw():
    scores, labels, _ = sample(7, 600)
    folds = np.arange(600) // 200
    p = sigmoid(align_folds(scores, labels, folds))
    assert [p[folds == k].mean() for k in range(3)] == pytest.approx([labels[folds == k].mean() for k in range(3)])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(5, 250))
def test_bounds_hold_the_probability(seed, n):
    scores, labels, _ = sample(seed, n)
    p = fit_calibrator(Method.SIGMOID, scores, labels)(scores)
    low, high = fit_venn_abers(scores, labels).bounds(scores, p)
    assert ((low <= p) & (p <= high)).all()
    assert (low >= 0).all()
    assert (high <= 1).all()


def test_bounds_close_as_labels_come():
    widths = []
    for n in (50, 5000):
        scores, labels, _ = sample(5, n)
        p = fit_calibrator(Method.SIGMOID, scores, labels)(scores)
        low, high = fit_venn_abers(scores, labels).bounds(scores, p)
        widths.append((high - low).mean())
    assert widths[1] < widths[0] / 3
