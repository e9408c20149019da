from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import Decision, DecisionKind
from domain.events import Interaction, InteractionKind
from domain.score_history import ChangeCause, RecordedScore, explain_changes
from domain.scores import Temperature

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_score(points: float, day: float, model: str = "gbm-1") -> RecordedScore:
    at = NOON + timedelta(days=day)
    numbers = {"points": points, "p_convert": points / 100, "p_low": 0.0, "p_high": 1.0, "base_points": 12.0}
    return RecordedScore.of(
        Decision(
            id=f"score-{day}",
            kind=DecisionKind.SCORE,
            subject_id="dana",
            at=at,
            inputs_hash="abc",
            versions={"model": model, "features": "3", "rung": "gbm"},
            chosen="warm",
            considered=({**numbers, "expected_value": 40.0, "no_signal": None},),
            reasons=("+3.0 Opened the proposal twice",),
        )
    )


def an_event(id_: str, day: float) -> Interaction:
    return Interaction(id=id_, lead_id="dana", kind=InteractionKind.PAGE_VIEWED, at=NOON + timedelta(days=day))


def test_a_score_is_read_from_its_decision():
    score = a_score(20, 0)
    assert (score.lead_id, score.points, score.temperature, score.expected_value) == (
        "dana",
        20,
        Temperature.WARM,
        40.0,
    )
    assert (score.model_version, score.rung, score.features_version) == ("gbm-1", "gbm", "3")


def test_another_model_is_the_cause_whatever_else_happened():
    newer, older = explain_changes([a_score(30, 2, "gbm-2"), a_score(20, 1)], [an_event("view", 1.5)])
    assert newer.change is not None
    assert (newer.change.cause, newer.change.points, older.change) == (ChangeCause.MODEL, 10, None)


def test_the_events_between_two_scores_are_the_cause():
    events = [an_event("before", 0.5), an_event("at-the-older", 1), an_event("between", 1.5), an_event("late", 2)]
    change = explain_changes([a_score(30, 2), a_score(20, 1)], events)[0].change
    assert change is not None
    assert (change.cause, change.event_ids) == (ChangeCause.EVENTS, ("at-the-older", "between"))


def test_without_event_and_new_model_it_was_something_else():
    change = explain_changes([a_score(19, 2), a_score(20, 1)], [])[0].change
    assert change is not None
    assert change.cause is ChangeCause.OTHER


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=8))
def test_the_changes_add_up_to_the_whole_way(points: list[float]):
    scores = explain_changes([a_score(p, -day) for day, p in enumerate(points)], [])
    assert [score.points for score in scores] == points
    moved = sum(score.change.points for score in scores if score.change)
    assert moved == pytest.approx(points[0] - points[-1] if points else 0.0, abs=1e-9)
    assert all((newer.change is not None) for newer, _ in pairwise(scores))
