"""Reasons add up to the score, sum what tells one fact, and name the events behind them."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.unit.scoring.conftest import START
from tools.scoring.calibration import Calibrator, Method
from tools.scoring.features import FEATURES, Family
from tools.scoring.reasons import (
    MAX_REASONS,
    MIN_POINTS,
    ReasonPlan,
    points_by_feature,
    reason_plan,
    reasons_for,
    split_points,
    told_value,
)

SIGMOID = Calibrator(method=Method.SIGMOID, floor=0.001, parameters=(0.8, -0.3))
ISOTONIC = Calibrator(method=Method.ISOTONIC, floor=0.001, knots=((-2.0, 0.05), (0.0, 0.2), (0.001, 0.3), (2.0, 0.3)))
CALIBRATORS = st.sampled_from([SIGMOID, ISOTONIC])
PARTS = hnp.arrays(np.float64, (4, 6), elements=st.floats(-2, 2))


@settings(max_examples=100, deadline=None)
@given(parts=PARTS, calibrator=CALIBRATORS, cancel=st.booleans())
def test_points_add_up_to_the_score(parts, calibrator, cancel):
    if cancel:
        parts[:, 0] = -parts[:, 1:-1].sum(axis=1)
    points = points_by_feature(parts, calibrator)
    score = 100 * calibrator(parts.sum(axis=1))
    assert points.base + points.by_feature.sum(axis=1) == pytest.approx(score, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, calibrator=CALIBRATORS)
def test_points_add_up_to_the_probability_that_was_answered(parts, calibrator):
    p = calibrator(parts.sum(axis=1))
    points = points_by_feature(parts.astype(np.float32).astype(np.float64), calibrator, p)
    assert points.base + points.by_feature.sum(axis=1) == pytest.approx(100 * p, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, calibrator=CALIBRATORS)
def test_points_never_change_the_sign_of_a_contribution(parts, calibrator):
    assert (points_by_feature(parts, calibrator).by_feature * parts[:, :-1] >= 0).all()


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, calibrator=CALIBRATORS)
def test_the_base_is_the_models_starting_point(parts, calibrator):
    assert points_by_feature(parts, calibrator).base == pytest.approx(100 * calibrator(parts[:, -1]), abs=0.02)


def chosen(points: dict, values: dict, interactions=()):
    return reasons_for(
        np.array(list(points.values())), tuple(points), values,
        lead_id="a", as_of=START, interactions=interactions,
    )  # fmt: skip


def event(i: str, kind: str, days_before: float) -> dict:
    return {"id": i, "kind": kind, "at": START - timedelta(days=days_before)}


def test_the_strongest_reasons_come_first_and_at_most_three():
    names = ("source", "region", "language", "month", "product", "has_phone")
    reasons = chosen(dict(zip(names, (1.0, -9.0, 0.1, 4.0, 2.0, -3.0), strict=True)), {})
    assert [reason.feature for reason in reasons] == ["region", "month", "has_phone"]
    assert len(reasons) == MAX_REASONS == 3


def test_trifles_are_no_reasons():
    assert chosen({"source": 0.4, "region": -0.49}, {}) == ()


def test_one_fact_over_several_windows_is_one_reason():
    points = {"page_views_1d": 2.0, "page_views_7d": 3.0, "page_views_total": -1.0}
    (reason,) = chosen(points, {"page_views_7d": 6.0})
    assert (reason.feature, reason.points) == ("page_views_7d", 4.0)
    assert reason.text == "Page views in the last 7 days: 6, which raises the score"


def test_how_often_and_how_lately_is_one_fact_told_by_the_side_that_wins():
    points = {"days_since_inbound": -3.0, "inbound_7d": 5.0, "inbound_trend": 1.0}
    (reason,) = chosen(points, {"days_since_inbound": 0.0, "inbound_7d": 4.0, "inbound_trend": 4.0})
    assert (reason.feature, reason.points) == ("inbound_7d", 3.0)


def test_opposite_weights_that_cancel_are_silent():
    assert chosen({"days_since_inbound": -3.0, "inbound_7d": 3.2}, {}) == ()


def test_what_is_only_read_off_the_same_events_stays_a_fact_of_its_own():
    points = {"inbound_7d": 3.0, "budget_discussion_depth": 4.0, "questions_total": 2.0}
    assert [reason.feature for reason in chosen(points, {})] == [
        "budget_discussion_depth", "inbound_7d", "questions_total",
    ]  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(points=hnp.arrays(np.float64, (len(FEATURES),), elements=st.floats(-5, 5)))
def test_reasons_are_sums_of_whole_topics(points):
    names = tuple(feature.name for feature in FEATURES)
    plan = reason_plan(names)
    topics = {name: int(topic) for name, topic in zip(names, plan.topic_of, strict=True)}
    for reason in chosen(dict(zip(names, points, strict=True)), {}):
        mine = [p for name, p in zip(names, points, strict=True) if topics[name] == topics[reason.feature]]
        assert reason.points == pytest.approx(sum(mine))
        assert abs(reason.points) >= MIN_POINTS
        assert points[names.index(reason.feature)] * reason.points > 0


def test_a_models_plan_is_made_once():
    assert reason_plan(("source", "region")) is reason_plan(("source", "region"))


def test_a_model_without_columns_gives_no_reasons():
    assert ReasonPlan.of(()).strongest(np.zeros(0)) == []


def test_evidence_is_the_newest_events_of_the_window_oldest_first():
    events = [event("old", "page_viewed", 20), *(event(f"e{i}", "page_viewed", 7 - i) for i in range(1, 7))]
    events.append(event("x", "email_sent", 0.5))
    (reason,) = chosen({"page_views_7d": 2.0}, {"page_views_7d": 6.0}, events)
    assert reason.evidence_ids == ("e2", "e3", "e4", "e5", "e6")


def test_evidence_of_recency_is_the_newest_event():
    events = [event("old", "page_viewed", 20), event("new", "page_viewed", 1)]
    (reason,) = chosen({"days_since_inbound": 2.0}, {"days_since_inbound": 1.0}, events)
    assert reason.evidence_ids == ("new",)


def test_evidence_of_a_field_is_the_lead():
    (reason,) = chosen({"source": 2.0}, {"source": "referral"})
    assert reason.evidence_ids == ("a",)


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, calibrator=CALIBRATORS)
def test_a_family_that_holds_every_feature_has_the_score_itself(parts, calibrator):
    split = split_points(parts, calibrator, ["fit"] * 5)
    assert split["fit"] == pytest.approx(100 * calibrator(parts.sum(axis=1)))


def test_a_sub_score_counts_its_own_family_only():
    contributions = np.array([[1.0, 2.0, -1.0]])
    split = split_points(contributions, SIGMOID, ["fit", "engagement"])
    assert split["fit"] == pytest.approx(100 * SIGMOID(np.array([0.0])))
    assert split["engagement"] == pytest.approx(100 * SIGMOID(np.array([1.0])))


def test_families_are_those_of_the_table():
    plan = reason_plan(("source", "replies_7d", "month"))
    assert plan.families == (Family.FIT, Family.ENGAGEMENT, Family.TIMING)


def test_what_is_read_out_of_a_text_is_told_from_the_text():
    values = {"field.notes": "Urgent, call today please"}
    assert told_value("field.notes#word:urgent", values) is True
    assert told_value("field.notes#word:budget", values) is False
    assert told_value("field.notes#words", values) == 4.0
    assert told_value("field.notes#words", {"field.notes": None}) is None
