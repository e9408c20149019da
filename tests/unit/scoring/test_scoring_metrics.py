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


def test_leads_tied_at_the_cut_are_taken_in_equal_parts():
    labels = np.array([True] * 10 + [False] * 90)
    scores = np.zeros(100)
    assert metrics.precision_at_top(scores, labels) == metrics.precision_at_top(scores, labels[::-1]) == 0.1


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-2, 2))
def test_the_auc_of_counts_is_that_of_the_rows(seed, shift):
    scores, labels = draws(seed, 120, shift)
    levels = np.unique(scores)
    won, lost = (np.array([(scores[side] == level).sum() for level in levels], float) for side in (labels, ~labels))
    ours, exact = metrics.auc_of_counts(won, lost), metrics.auc_interval(scores, labels)
    assert (ours.value, ours.low, ours.high) == pytest.approx((exact.value, exact.low, exact.high))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_an_auc_differs_from_itself_by_nothing(seed):
    scores, labels = draws(seed, 80)
    gain = metrics.auc_difference(scores, 2 * scores, labels)
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)


def test_the_interval_of_a_difference_covers_no_difference_as_often_as_it_says():
    covered = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        labels = rng.random(300) < 0.3
        common = rng.normal(size=300) + labels
        first, second = (common + rng.normal(size=300) for _ in range(2))
        gain = metrics.auc_difference(first, second, labels)
        covered += gain.low <= 0 <= gain.high
    assert covered / 300 == pytest.approx(0.95, abs=0.03)


def test_the_interval_of_the_lift_covers_the_planted_lift_as_often_as_it_says():
    covered = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        top = np.arange(1000) < 200
        labels = rng.random(1000) < np.where(top, 0.3, 0.1)
        lift = metrics.lift_of_top(top + 0.01 * rng.random(1000), labels)
        covered += lift.low <= 3.0 <= lift.high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)


def test_a_lift_without_winners_below_stays_finite():
    labels = np.arange(100) < 5
    lift = metrics.lift_of_top(-np.arange(100.0), labels)
    assert 1 < lift.low < lift.value < lift.high < np.inf
    assert metrics.lift_of_top(np.arange(10.0), np.zeros(10, dtype=bool)) is None


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), threshold=st.floats(0, 1))
def test_a_confusion_counts_every_lead_once(seed, threshold):
    rng = np.random.default_rng(seed)
    p, labels = rng.random(60), rng.random(60) < 0.4
    counts = metrics.confusion(p, labels, threshold=threshold)
    assert counts.rows == 60
    assert counts.accuracy == pytest.approx(((p >= threshold) == labels).mean())


def test_f1_is_the_harmonic_mean_and_nothing_is_made_up_without_leads():
    counts = metrics.confusion(np.array([0.9, 0.8, 0.2, 0.1]), np.array([True, False, True, False]), threshold=0.5)
    assert (counts.precision, counts.recall, counts.f1, counts.majority_class_rate) == (0.5, 0.5, 0.5, 0.5)
    nobody = metrics.confusion(np.array([0.1]), np.array([False]), threshold=0.5)
    assert (nobody.precision, nobody.recall, nobody.f1) == (None, None, None)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(0, 500), share=st.floats(0, 1))
def test_wilson_holds_the_share_and_stays_in_range(rows, share):
    hits = round(rows * share)
    interval = metrics.wilson(hits, rows)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    if rows:
        assert interval.value == hits / rows
