import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.conversations import Citation, Message, Reply, Speaker, Turn, TurnEvent, TurnRequest, TurnStatus
from domain.errors import TurnConflictError, TurnNotFoundError
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPLY = Reply(
    text="She scores 73 [1].",
    citations=(Citation(marker=1, source_id="score-1", title="Score", quote="73 points"),),
    written_by="offline",
    notice="No model is set.",
    review=("number checked",),
)


def a_request(n: int = 1, text: str = "How is Ada?") -> TurnRequest:
    return TurnRequest(turn_id=f"t-{n}", conversation_id="c-1", rep_id="rep-1", market="roofing", text=text)


def an_event(number: int) -> TurnEvent:
    return TurnEvent(number=number, kind="delta", data={"text": f"word {number}", "at": [1, 2.5, None]})


def minute(n: int) -> datetime:
    return NOON + timedelta(minutes=n)


async def test_an_opened_turn_is_running(records: Records):
    expected = Turn(request=a_request(), status=TurnStatus.RUNNING, started_at=NOON)
    assert (await records.turns.open(a_request(), at=NOON), await records.turns.get("t-1")) == (expected, expected)


async def test_the_same_request_again_returns_the_stored_turn(records: Records):
    first = await records.turns.open(a_request(), at=NOON)
    assert await records.turns.open(a_request(), at=minute(5)) == first


async def test_the_same_id_with_another_text_is_a_conflict(records: Records):
    await records.turns.open(a_request(), at=NOON)
    with pytest.raises(TurnConflictError, match="t-1"):
        await records.turns.open(a_request(text="And Bo?"), at=NOON)


async def test_of_requests_racing_for_one_id_all_get_the_same_turn(records: Records):
    turns = await asyncio.gather(*(records.turns.open(a_request(), at=minute(n)) for n in range(6)))
    assert len({turn.started_at for turn in turns}) == 1


async def test_an_unknown_turn_is_not_found(records: Records):
    with pytest.raises(TurnNotFoundError, match="t-9"):
        await records.turns.get("t-9")


async def test_an_event_of_an_unknown_turn_is_refused(records: Records):
    with pytest.raises(TurnNotFoundError, match="t-9"):
        await records.turns.append_event("t-9", an_event(1))


async def test_an_unknown_turn_cannot_be_finished(records: Records):
    with pytest.raises(TurnNotFoundError, match="t-9"):
        await records.turns.finish("t-9", REPLY, at=NOON)


async def test_events_resume_after_a_number_and_are_stored_once(records: Records):
    await records.turns.open(a_request(), at=NOON)
    written = [await records.turns.append_event("t-1", an_event(number)) for number in (1, 2, 3, 2)]
    assert written == [True, True, True, False]
    assert await records.turns.events_after("t-1", 1) == (an_event(2), an_event(3))


async def test_a_turn_finished_with_a_reply_is_done(records: Records):
    await records.turns.open(a_request(), at=NOON)
    await records.turns.finish("t-1", REPLY, at=minute(1))
    assert await records.turns.get("t-1") == Turn(
        request=a_request(), status=TurnStatus.DONE, started_at=NOON, finished_at=minute(1), reply=REPLY
    )


async def test_a_turn_finished_without_a_reply_has_failed(records: Records):
    await records.turns.open(a_request(), at=NOON)
    await records.turns.finish("t-1", None, at=minute(1))
    turn = await records.turns.get("t-1")
    assert (turn.status, turn.reply) == (TurnStatus.FAILED, None)


async def test_the_first_end_of_a_turn_stays(records: Records):
    await records.turns.open(a_request(), at=NOON)
    await records.turns.finish("t-1", REPLY, at=minute(1))
    await records.turns.finish("t-1", None, at=minute(2))
    turn = await records.turns.get("t-1")
    assert (turn.reply, turn.finished_at) == (REPLY, minute(1))


async def test_unfinished_turns_come_oldest_first(records: Records):
    for n in (3, 1, 2):
        await records.turns.open(a_request(n), at=minute(n))
    await records.turns.finish("t-2", REPLY, at=minute(9))
    assert [turn.request.turn_id for turn in await records.turns.unfinished()] == ["t-1", "t-3"]


async def test_messages_are_those_of_reps_and_the_copilot_in_order_of_time(records: Records):
    await records.turns.open(a_request(1, "one"), at=minute(0))
    await records.turns.open(a_request(2, "two"), at=minute(1))
    await records.turns.finish("t-1", REPLY, at=minute(2))
    await records.turns.finish("t-2", None, at=minute(3))
    assert await records.turns.messages("c-1") == (
        Message(speaker=Speaker.REP, text="one", at=minute(0)),
        Message(speaker=Speaker.REP, text="two", at=minute(1)),
        Message(speaker=Speaker.COPILOT, text=REPLY.text, at=minute(2)),
    )


async def test_at_one_moment_a_reply_follows_its_request_and_the_limit_keeps_the_newest(records: Records):
    for n in range(3):
        await records.turns.open(a_request(n, f"ask {n}"), at=NOON)
        await records.turns.finish(f"t-{n}", REPLY.model_copy(update={"text": f"answer {n}"}), at=NOON)
    said = [message.text for message in await records.turns.messages("c-1", limit=3)]
    assert said == ["answer 1", "ask 2", "answer 2"]
