from datetime import UTC, datetime, timedelta

import pytest

from domain.decisions import Decision, DecisionKind, Feedback
from domain.errors import DecisionNotFoundError, InvalidInputError
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_decision(n: int, **changes) -> Decision:
    values = {
        "id": f"nudge-{n}",
        "kind": DecisionKind.NUDGE,
        "subject_id": "lead-1",
        "at": NOON + timedelta(minutes=n),
        "inputs_hash": "abc",
        "versions": {"policy": "p-7", "model": "gbm-3"},
        "chosen": "email_case_study",
        "propensity": 0.1 + 0.2,
        "considered": ({"action_id": "wait", "gain": 1e-300, "terms": [1, 2.5, None]},),
        "excluded": ({"action_id": "call", "rule": "quiet_hours"},),
        "reasons": ("She opened the proposal twice.",),
    }
    return Decision(**{**values, **changes})


async def test_a_decision_comes_back_to_the_last_digit(records: Records):
    await records.decisions.record(a_decision(1))
    assert await records.decisions.get("nudge-1") == a_decision(1)


async def test_a_decision_is_recorded_once_and_never_changed(records: Records):
    written = [await records.decisions.record(each) for each in (a_decision(1), a_decision(1, chosen="wait"))]
    assert (written, await records.decisions.get("nudge-1")) == ([True, False], a_decision(1))


async def test_of_many_decisions_the_new_ones_are_counted(records: Records):
    await records.decisions.record(a_decision(1))
    assert await records.decisions.record_many([a_decision(n) for n in (1, 2, 3, 3)]) == 2


async def test_no_decisions_are_no_work(records: Records):
    assert await records.decisions.record_many([]) == 0


async def test_when_one_of_many_decisions_cannot_be_stored_none_is(records: Records):
    with pytest.raises(InvalidInputError, match="NaN"):
        await records.decisions.record_many([a_decision(1), a_decision(2, considered=({"gain": float("nan")},))])
    assert await records.decisions.about("lead-1") == ()


async def test_decisions_about_a_subject_come_newest_first(records: Records):
    await records.decisions.record_many([*(a_decision(n) for n in range(4)), a_decision(9, subject_id="lead-2")])
    assert [each.id for each in await records.decisions.about("lead-1", limit=2)] == ["nudge-3", "nudge-2"]


async def test_many_decisions_are_read_at_once_and_share_the_lists_that_are_equal(records: Records):
    lists = [({"rule": "région", "detail": "fär", "rep_ids": ["a", "b"], "n": 1},), (), ({"rule": "full", "n": 2.5},)]
    decisions = [a_decision(n, excluded=lists[n % 3]) for n in range(1_100)]
    await records.decisions.record_many(decisions)
    found = await records.decisions.get_many([*(each.id for each in decisions), "nobody"])
    assert found == {each.id: each for each in decisions}
    assert {type(row["n"]) for each in found.values() for row in each.excluded} == {int, float}
    assert len({id(each.excluded) for each in found.values()}) == 3


async def test_an_unknown_decision_is_not_found(records: Records):
    with pytest.raises(DecisionNotFoundError, match="nudge-9"):
        await records.decisions.get("nudge-9")


async def test_feedback_is_stored_once_and_comes_in_order_of_time(records: Records):
    later = Feedback(id="f-1", decision_id="nudge-1", by="rep-1", at=NOON, helpful=False, code="too_soon", note="…")
    sooner = Feedback(id="f-2", decision_id="nudge-1", by="rep-2", at=NOON - timedelta(hours=1))
    assert [await records.feedback.record(each) for each in (later, sooner, later)] == [True, True, False]
    assert await records.feedback.about("nudge-1") == (sooner, later)
