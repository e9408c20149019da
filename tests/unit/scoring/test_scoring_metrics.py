"""The measures agree with their definitions, and intervals cover what they should."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from tools.scoring import metrics


def draws(seed: int, n: int, shift: float = 1.0):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.3
    return np.round(rng.normal(size=n) + shift * labels, 1), labels


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-2, 2))
def test_auc_counts_pairs_and_half_of_ties(seed, shift):
    scores, labels = draws(seed, 80, shift)
    interval = metrics.auc_interval(scores, labels)
    assert interval.value == pytest.approx(roc_auc_score(labels, scores))
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-2, 2))
def test_average_precision_takes_ties_together(seed, shift):
    scores, labels = draws(seed, 80, shift)
    assert metrics.average_precision(scores, labels) == pytest.approx(average_precision_score(labels, scores))


def test_the_interval_covers_chance_as_often_as_it_says():
    covered = 0
    for seed in range(400):
        scores, labels = draws(seed, 200, 0.0)
        interval = metrics.auc_interval(scores, labels)
        covered += interval.low <= 0.5 <= interval.high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)


def test_a_base_rate_that_moves_between_strata_is_no_ranking():
    rng = np.random.default_rng(3)
    strata = np.repeat([0, 1], 1000)
    labels = rng.random(2000) < np.where(strata == 1, 0.6, 0.1)
    scores = strata + 0.01 * rng.normal(size=2000)
    inside, pooled = metrics.auc_interval(scores, labels, strata=strata), metrics.auc_interval(scores, labels)
    assert inside.low < 0.5 < inside.high
    assert pooled.low > 0.7


def test_one_class_has_no_auc():
    assert metrics.auc_interval(np.arange(5.0), np.zeros(5, dtype=bool)) is None


def test_calibration_error_is_the_gap_between_said_and_seen():
    labels = np.arange(300) % 2 == 0
    assert metrics.expected_calibration_error(np.full(300, 0.7), labels) == pytest.approx(0.2)


def test_chance_alone_gives_a_calibration_error():
    rng = np.random.default_rng(1)
    few, many = (metrics.ece_of_a_perfect_model(rng.random(n), rng=rng) for n in (300, 30_000))
    assert few > 3 * many


def test_precision_at_the_top_and_its_ceiling():
    labels = np.array([True] * 10 + [False] * 90)
    assert metrics.precision_at_top(np.arange(100, 0, -1.0), labels) == metrics.precision_ceiling(0.1) == 0.5
