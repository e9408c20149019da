from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.conversations import Message, Speaker
from domain.decisions import DecisionKind, decision_id
from domain.people import Lead
from domain.values import LeadId, Market, content_hash

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def lead(created_at: datetime) -> Lead:
    return Lead(id=LeadId("L-1"), market=Market("roofing"), created_at=created_at, source="form")


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        lead(datetime(2026, 1, 1))  # noqa: DTZ001 - the subject of the test


def test_every_moment_is_kept_in_utc() -> None:
    paris = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=1)))

    assert lead(paris).created_at.tzinfo is UTC
    assert lead(paris).created_at == paris


def test_a_moment_at_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(ValidationError, match="must lie within the calendar"):
        lead(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="mood"):
        Message.model_validate({"speaker": Speaker.REP, "text": "hi", "mood": "good"})


@given(JSON)
def test_a_lead_survives_its_own_json(value: object) -> None:
    first = lead(datetime(2026, 1, 1, tzinfo=UTC)).model_copy(update={"fields": {"x": str(value)}})

    assert Lead.model_validate_json(first.model_dump_json()) == first


@given(JSON)
def test_the_same_content_has_the_same_hash(value: object) -> None:
    assert content_hash(value) == content_hash(value)


def test_the_order_of_keys_does_not_change_a_hash() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_a_retried_decision_keeps_its_id_and_another_step_gets_its_own() -> None:
    first, again, other = (decision_id(DecisionKind.NUDGE, "L-1", "abc", key) for key in ("w:1", "w:1", "w:2"))

    assert first == again
    assert first != other
