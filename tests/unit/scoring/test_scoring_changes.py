"""A change of score is explained by what changed, in points that add up, with the events in between."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from domain.errors import InvalidInputError
from tests.unit.scoring.conftest import START, InMemoryHistory, moments_of
from tools.scoring.calibration import Calibrator, Method
from tools.scoring.context import MarketContext
from tools.scoring.explaining.changes import (
    MAX_CHANGES,
    Snapshot,
    explain_change,
    points_of_change,
    say_change,
    take_snapshots,
)
from tools.scoring.explaining.wording import MAX_WORDS
from tools.scoring.features import FEATURES, describe
from tools.scoring.model import untrained_model
from tools.scoring.table import build_features

NAMES = ("replies_7d", "days_since_reply", "meetings_booked_total", "source", "page_views_7d")
SIGMOID = Calibrator(method=Method.SIGMOID, floor=0.001, parameters=(0.8, -0.3))
ISOTONIC = Calibrator(method=Method.ISOTONIC, floor=0.001, knots=((-2.0, 0.05), (0.0, 0.2), (0.001, 0.3), (2.0, 0.3)))
PARTS = hnp.arrays(np.float64, (6,), elements=st.floats(-2, 2))


def snapshot(parts, *, day=0.0, version="v1", calibrator=SIGMOID, **values) -> Snapshot:
    p = float(calibrator(np.array([np.sum(parts)]))[0])
    return Snapshot(
        lead_id="a", as_of=START + timedelta(days=day), model_version=version, names=NAMES,
        values=dict.fromkeys(NAMES) | values, p=p, low=max(0.0, p - 0.02), high=min(1.0, p + 0.02),
        contributions=np.array(parts, dtype=np.float64), calibrator=calibrator,
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(old=PARTS, new=PARTS, calibrator=st.sampled_from([SIGMOID, ISOTONIC]))
def test_points_by_feature_add_up_to_the_difference(old, new, calibrator):
    new[-1] = old[-1]
    before, after = snapshot(old, calibrator=calibrator), snapshot(new, day=1, calibrator=calibrator)
    gap = abs(points_of_change(before, after).sum() - (after.points - before.points))
    assert gap < (1e-6 if abs(new.sum() - old.sum()) > 1e-5 else 0.02)


@settings(max_examples=100, deadline=None)
@given(old=PARTS, new=PARTS, by_new=PARTS, is_new_model=st.booleans())
def test_the_parts_of_an_explanation_add_up(old, new, by_new, is_new_model):
    before = snapshot(old, replies_7d=1.0)
    after = snapshot(new, day=3, version="v2" if is_new_model else "v1", replies_7d=2.0, source="web")
    same_facts = replace(snapshot(by_new, version="v2"), values=before.values) if is_new_model else None
    change = explain_change(before, after, same_facts=same_facts)
    told = sum(reason.points for reason in change.changes)
    assert change.model_points + told + change.other_points == pytest.approx(change.points, abs=1e-6)
    assert change.points == pytest.approx(change.points_after - change.points_before, abs=1e-6)
    assert len(change.changes) <= MAX_CHANGES


@given(old=PARTS, step=st.floats(-2, 2))
def test_a_feature_whose_log_odds_stayed_the_same_gets_nothing(old, step):
    new = old.copy()
    new[0] += step
    assert (points_of_change(snapshot(old), snapshot(new, day=1))[1:] == 0).all()


def test_a_fact_that_did_not_change_is_never_a_cause():
    before = snapshot([0.0, 0.0, 0.0, 0.5, 0.0, -1.0], source="web", replies_7d=0.0)
    after = snapshot([1.0, 0.0, 0.0, 1.5, 0.0, -1.0], day=2, source="web", replies_7d=3.0)
    change = explain_change(before, after)
    assert [reason.feature for reason in change.changes] == ["replies_7d"]
    assert change.other_points > 1


def test_a_change_says_what_is_and_what_was():
    before = snapshot([0.0, 0, 0, 0, 0, -1.0], replies_7d=0.0)
    after = snapshot([1.0, 0, 0, 0, 0, -1.0], day=2, replies_7d=2.0)
    (reason,) = explain_change(before, after).changes
    assert reason.text == f"Replies in the last 7 days: 2, was 0: {reason.points:+.0f} points"


def events(*days: float, kind: str = "email_replied") -> list[dict]:
    return [{"id": f"e{day}", "kind": kind, "at": START + timedelta(days=day)} for day in days]


def test_evidence_is_the_events_in_between():
    before = snapshot([0.0, 0, 0, 0, 0, -1.0], replies_7d=1.0)
    after = snapshot([1.0, 0, 0, 0, 0, -1.0], day=2, replies_7d=2.0)
    (reason,) = explain_change(before, after, interactions=events(-1, 0.5, 1.5, 2.5)).changes
    assert reason.evidence_ids == ("e0.5", "e1.5")


def test_evidence_of_a_fall_is_the_events_that_left_the_window():
    before = snapshot([1.0, 0, 0, 0, 0, -1.0], replies_7d=1.0)
    after = snapshot([0.0, 0, 0, 0, 0, -1.0], day=5, replies_7d=0.0)
    (reason,) = explain_change(before, after, interactions=events(-20, -4)).changes
    assert (reason.evidence_ids, reason.points < 0) == (("e-4",), True)


def test_a_new_model_is_told_apart_from_the_lead():
    before = snapshot([1.0, 0, 0, 0, 0, -1.0], replies_7d=1.0)
    same_facts = snapshot([0.5, 0, 0, 0, 0, -1.5], version="v2", replies_7d=1.0)
    after = snapshot([0.5, 0, 0, 0, 0, -1.5], day=4, version="v2", replies_7d=1.0)
    change = explain_change(before, after, same_facts=same_facts)
    assert change.changes == ()
    assert change.model_points == pytest.approx(change.points)
    assert change.model_text == f"The model was trained again: {change.points:+.0f} points for the same facts"


def test_a_new_model_that_says_the_same_is_said_to():
    before = snapshot([1.0, 0, 0, 0, 0, -1.0])
    change = explain_change(
        before, snapshot([1.0, 0, 0, 0, 0, -1.0], day=1, version="v2"),
        same_facts=snapshot([1.0, 0, 0, 0, 0, -1.0], version="v2"),
    )  # fmt: skip
    assert change.model_text == "The model was trained again and says the same of the same facts"


@pytest.mark.parametrize(
    ("after", "same_facts", "field"),
    [
        (snapshot([0.0] * 6, day=1, version="v2"), None, "same_facts"),
        (snapshot([0.0] * 6, day=1, version="v2"), snapshot([0.0] * 6, version="v1"), "same_facts"),
        (snapshot([0.0] * 6, day=1, version="v2"), snapshot([0.0] * 6, day=1, version="v2"), "same_facts"),
        (snapshot([0.0] * 6, day=-1), None, "as_of"),
        (replace(snapshot([0.0] * 6, day=1), lead_id="b"), None, "lead_id"),
    ],
)
def test_what_cannot_be_compared_is_refused(after, same_facts, field):
    with pytest.raises(InvalidInputError, match=field):
        explain_change(snapshot([0.0] * 6), after, same_facts=same_facts)


@settings(max_examples=80, deadline=None)
@given(
    feature=st.sampled_from(FEATURES),
    old=st.one_of(st.none(), st.floats(0, 1e6), st.text(max_size=200)),
    new=st.one_of(st.none(), st.floats(0, 1e6), st.text(max_size=200)),
    points=st.floats(-90, 90),
)
def test_every_change_has_at_most_25_words(feature, old, new, points):
    assert len(say_change(feature, old, new, points=points).split()) <= MAX_WORDS


def test_a_change_too_small_to_show_is_said_to_be_small():
    text = say_change(describe("days_since_reply"), 2.1, 2.3, points=-1.0)
    assert text == "Last reply: 2 days, slightly changed: -1 points"


def test_snapshots_of_a_real_lead_show_its_reply():
    history = InMemoryHistory()
    history.add_lead("a", START)
    reply = history.add_event("a", START + timedelta(days=7), "email_replied")
    moments = moments_of(("a", START + timedelta(days=6)), ("a", START + timedelta(days=8)))
    table = build_features(history.frame(moments), MarketContext.unknown())
    before, after = take_snapshots(table, untrained_model(), model_version="rules")
    rows = [{"id": reply, "kind": "email_replied", "at": START + timedelta(days=7)}]
    change = explain_change(before, after, interactions=rows)
    assert change.points > 0
    assert change.changes[0].evidence_ids == (reply,)
    assert change.changes[0].feature.startswith("replies")


def test_no_rows_give_no_snapshots():
    assert take_snapshots(pl.DataFrame(), untrained_model(), model_version="rules") == []
