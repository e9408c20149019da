"""Reasons add up to the score, say the truth in few words and name the events behind them."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.unit.scoring.conftest import START
from tools.scoring.calibration import Calibrator, Method
from tools.scoring.features import FEATURES, describe
from tools.scoring.reasons import MAX_REASONS, MAX_WORDS, points_by_feature, reasons_for, say

SIGMOID = Calibrator(method=Method.SIGMOID, floor=0.001, parameters=(0.8, -0.3))
ISOTONIC = Calibrator(method=Method.ISOTONIC, floor=0.001, knots=((-2.0, 0.05), (0.0, 0.2), (0.001, 0.3), (2.0, 0.3)))
PARTS = hnp.arrays(np.float64, (4, 6), elements=st.floats(-2, 2))


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, calibrator=st.sampled_from([SIGMOID, ISOTONIC]))
def test_points_add_up_to_the_score(parts, calibrator):
    points = points_by_feature(parts, calibrator)
    score = 100 * calibrator(parts.sum(axis=1))
    gap = np.abs(points.base + points.by_feature.sum(axis=1) - score)
    assert (gap < 0.02).all()
    has_moved = np.abs(parts[:, :-1].sum(axis=1)) > 1e-5
    assert (gap[has_moved] < 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(parts=PARTS, calibrator=st.sampled_from([SIGMOID, ISOTONIC]))
def test_points_never_change_the_sign_of_a_contribution(parts, calibrator):
    assert (points_by_feature(parts, calibrator).by_feature * parts[:, :-1] >= 0).all()


def chosen(points: dict, values: dict, interactions=()):
    return reasons_for(
        np.array(list(points.values())), tuple(points), values,
        lead_id="a", as_of=START, interactions=interactions,
    )  # fmt: skip


def event(i: str, kind: str, days_before: float) -> dict:
    return {"id": i, "kind": kind, "at": START - timedelta(days=days_before)}


def test_the_strongest_reasons_come_first_and_trifles_do_not_come():
    names = ("source", "region", "language", "month", "product", "has_phone")
    reasons = chosen(dict(zip(names, (1.0, -9.0, 0.1, 4.0, 2.0, -3.0), strict=True)), {})
    assert [reason.feature for reason in reasons] == ["region", "month", "has_phone", "product"]


def test_one_fact_over_several_windows_is_one_reason():
    points = {"page_views_1d": 2.0, "page_views_7d": 3.0, "page_views_total": -1.0}
    (reason,) = chosen(points, {"page_views_7d": 6.0})
    assert (reason.feature, reason.points) == ("page_views_7d", 4.0)
    assert reason.text == "Page views in the last 7 days: 6, which raises the score"


def test_the_words_follow_the_sign():
    (reason,) = chosen({"replies_7d": -2.0}, {"replies_7d": 0.0})
    assert reason.text == "No replies in the last 7 days, which lowers the score"


def test_what_was_not_measured_is_said_to_be_unknown():
    assert say(describe("reply_rate"), None, raises=False) == "Replies per contact not known, which lowers the score"


def test_own_fields_are_named_in_words():
    assert say(describe("field.roof_age"), "21", raises=True) == "Roof age is 21, which raises the score"


def test_evidence_is_the_events_of_the_window():
    events = [event("old", "page_viewed", 20), event("x", "email_sent", 2), event("new", "page_viewed", 1)]
    (reason,) = chosen({"page_views_7d": 2.0}, {"page_views_7d": 1.0}, events)
    assert reason.evidence_ids == ("new",)


def test_evidence_of_recency_is_the_newest_event():
    events = [event("old", "page_viewed", 20), event("new", "page_viewed", 1)]
    (reason,) = chosen({"days_since_inbound": 2.0}, {"days_since_inbound": 1.0}, events)
    assert reason.evidence_ids == ("new",)


def test_evidence_of_a_field_is_the_lead():
    (reason,) = chosen({"source": 2.0}, {"source": "referral"})
    assert reason.evidence_ids == ("a",)


@settings(max_examples=60, deadline=None)
@given(
    feature=st.sampled_from(FEATURES),
    value=st.one_of(st.none(), st.booleans(), st.floats(0, 1e6), st.text(max_size=300)),
    raises=st.booleans(),
)
def test_every_sentence_has_at_most_25_words(feature, value, raises):
    text = say(feature, value, raises=raises)
    assert len(text.split()) <= MAX_WORDS
    assert ("raises" in text.split()[-3:]) is raises


def test_at_most_four_reasons_are_given():
    points = dict.fromkeys(("source", "region", "language", "month", "product", "has_phone", "has_email"), 5.0)
    assert len(chosen(points, {})) == MAX_REASONS


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_every_feature_is_documented(feature):
    assert feature.formula
    assert feature.label
