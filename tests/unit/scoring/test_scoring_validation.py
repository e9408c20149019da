"""A candidate is promoted unless it is worse beyond noise; what a version is worth is measured beside what anyone could reach."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from tools.scoring.guarding.importance import compare_importance
from tools.scoring.guarding.measures import measure_model
from tools.scoring.guarding.validation import compare_models, compare_predictions, promotion
from tools.scoring.model import untrained_model


def leads(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(1.5 - 1.3 * rng.normal(size=n)))
    return p, rng.random(n) < p


def logit(p):
    return np.log(p / (1 - p))


def shy(p, *, noise, seed):
    x = logit(p) + noise * np.random.default_rng(seed).normal(size=len(p))
    return 1 / (1 + np.exp(-x))


def verdict(current, candidate, labels):
    return promotion(compare_predictions(current, candidate, labels, rng=np.random.default_rng(1)))


def test_a_better_candidate_is_promoted():
    p, labels = leads(1500, 1)
    assert verdict(shy(p, noise=2.0, seed=2), p, labels).promote


def test_a_worse_candidate_is_not():
    p, labels = leads(1500, 1)
    said = verdict(p, shy(p, noise=2.0, seed=2), labels)
    assert not said.promote
    assert said.why.startswith("its log loss is higher beyond noise; its AUC is lower beyond noise")


def test_the_same_model_again_is_promoted():
    p, labels = leads(400, 3)
    assert verdict(p, p, labels).promote


def test_equally_good_versions_are_promoted_nearly_always():
    kept = 0
    for seed in range(30):
        p, labels = leads(500, seed)
        kept += verdict(shy(p, noise=0.3, seed=1), shy(p, noise=0.3, seed=2), labels).promote
    assert kept >= 27


def test_a_candidate_whose_level_is_off_is_not_promoted():
    p, labels = leads(4000, 4)
    said = verdict(shy(p, noise=1.5, seed=1), 1 / (1 + np.exp(-logit(p) - 0.8)), labels)
    assert not said.promote
    assert "its level is off" in said.why


def test_too_few_settled_leads_cannot_hold_a_candidate_back():
    p, labels = leads(12, 5)
    said = verdict(p, 1 - p, labels)
    assert said.promote
    assert "are needed to tell two versions apart" in said.why
    assert promotion(None).promote


def test_versions_are_compared_on_what_they_say_of_the_same_leads():
    labels = np.arange(60) % 3 == 0
    table = pl.DataFrame({untrained_model().schema.names[0]: np.where(labels, 5.0, 0.0)})
    found = compare_models(untrained_model(), untrained_model(), table, labels, rng=np.random.default_rng(1))
    assert (found.rows, found.won, found.log_loss_gain.value) == (60, 20, 0.0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_gain_and_loss_are_mirror_images(seed):
    p, labels = leads(120, seed)
    other, rng = shy(p, noise=1.0, seed=seed), np.random.default_rng(1)
    there, back = (compare_predictions(a, b, labels, rng=rng) for a, b in ((p, other), (other, p)))
    assert there.log_loss_gain.value == pytest.approx(-back.log_loss_gain.value)
    assert there.auc_gain.value == pytest.approx(-back.auc_gain.value)
    assert there.auc_gain.low == pytest.approx(-back.auc_gain.high)


def measured(n=3000, seed=6, **told):
    p, labels = leads(n, seed)
    return measure_model(p, labels, rng=np.random.default_rng(1), **told), p, labels


def test_measures_stand_beside_what_anyone_could_reach():
    found, p, labels = measured()
    names = [measure.name for measure in found.measures]
    assert {"auc", "average_precision", "brier", "lift_20", "log_loss", "precision_at_20"} <= set(names)
    assert found.named("precision_at_20").value <= found.named("precision_at_20_ceiling").value
    assert found.named("lift_20").low > 1.0
    assert found.named("ece").value < 3 * found.named("ece_if_perfect").value
    (half,) = found.at_thresholds
    assert half.accuracy == pytest.approx(((p >= 0.5) == labels).mean())
    assert half.majority_class_rate == pytest.approx(max(labels.mean(), 1 - labels.mean()))


def test_accuracy_that_only_says_no_beats_nobody():
    rng = np.random.default_rng(1)
    labels = np.arange(200) % 10 == 0
    (half,) = measure_model(np.full(200, 0.1), labels, rng=rng).at_thresholds
    assert (half.accuracy, half.beats_majority, half.precision, half.recall) == (0.9, False, None, 0.0)


def test_thresholds_from_costs_are_reported_lowest_first():
    found, _, _ = measured(thresholds=(0.4, 0.1, 0.4))
    assert [row.threshold for row in found.at_thresholds] == [0.1, 0.4]
    assert found.at_thresholds[0].recall > found.at_thresholds[1].recall


def test_segments_are_measured_apart():
    found, _, labels = measured(segments={"source": ["web" if i % 3 else "fair" for i in range(3000)]})
    assert [(part.level, part.rows) for part in found.segments] == [("web", 2000), ("fair", 1000)]
    assert sum(part.won for part in found.segments) == labels.sum()


def test_leads_of_one_result_have_no_ranking():
    found = measure_model(np.full(30, 0.2), np.zeros(30, dtype=bool), rng=np.random.default_rng(1))
    assert found.named("auc") is None
    assert found.named("base_rate").high > 0


@pytest.mark.parametrize("p", [np.array([0.1]), np.array([]), np.array([0.1, np.nan]), np.array([0.1, 1.2])])
def test_what_are_no_probabilities_of_these_leads_is_refused(p):
    labels = np.zeros(0 if len(p) == 0 else 2, dtype=bool)
    with pytest.raises(InvalidInputError):
        measure_model(p, labels, rng=np.random.default_rng(1))


def test_importance_is_compared_by_fact_not_by_window():
    before = {"inbound_7d": 0.5, "inbound_30d": 0.1, "source": 0.4}
    now = {"inbound_7d": 0.1, "inbound_30d": 0.5, "source": 0.4}
    assert compare_importance(before, now).moved == pytest.approx(0.0)


def test_a_group_that_takes_over_is_named():
    report = compare_importance({"source": 0.5, "region": 0.5}, {"source": 0.1, "region": 0.5, "field.roof": 0.4})
    assert report.moved == pytest.approx(0.4)
    assert {shift.group for shift in report.notable} == {"source", "field.roof"}
    assert report.rests_on_other_things
    new = next(shift for shift in report.shifts if shift.group == "field.roof")
    assert (new.rank_before, new.rank_now, new.label) == (None, 2, "roof")


@settings(max_examples=30, deadline=None)
@given(weights=st.dictionaries(st.sampled_from(["source", "region", "engagement", "field.a"]), st.floats(0.01, 9)))
def test_nothing_moves_between_equal_versions(weights):
    report = compare_importance(weights, {name: 3 * weight for name, weight in weights.items()})
    assert report.moved == pytest.approx(0.0, abs=1e-12)
    assert not report.notable
