"""The life of a chat turn: stored before seen, run once, read again, taken up after a crash, bounded in its restarts."""

import asyncio
import itertools
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.conversations import TurnEvent, TurnStatus
from domain.errors import RecordsUnavailableError, TurnConflictError, TurnNotFoundError
from domain.values import TurnId
from tests.doubles.copilot import FakeScorer, FakeTurns
from tests.doubles.copilot_house import CopilotHouse, a_request, events_of, kinds, reply_of
from tests.doubles.samples import NOW, a_score, reading

T1 = TurnId("t-1")


class BrokenScorer(FakeScorer):
    async def score_lead(self, lead_id, *, as_of=None):
        raise ZeroDivisionError


class SlowScorer(FakeScorer):
    """Answers when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.calls: asyncio.Queue[str] = asyncio.Queue()

    async def score_lead(self, lead_id, *, as_of=None):
        self.calls.put_nowait(lead_id)
        await self.may_answer.wait()
        return await super().score_lead(lead_id, as_of=as_of)


def house(**parts: Any) -> CopilotHouse:
    readings = {"q": reading("score_explanation"), "q2": reading("score_explanation")}
    return CopilotHouse(readings=readings, **parts)


async def crashed_after(number: int) -> CopilotHouse:
    """A house whose process died when a turn had stored that many events."""
    told = house()
    await events_of(told.turns(), a_request("q"))
    del told.turn_records.events["t-1"][number:]
    turn = told.turn_records.turns["t-1"]
    told.turn_records.turns["t-1"] = turn.model_copy(
        update={"status": TurnStatus.RUNNING, "reply": None, "finished_at": None}
    )
    return told


async def test_events_are_numbered_from_one_without_gaps():
    events = await events_of(house().turns(), a_request("q"))
    assert [event.number for event in events] == list(range(1, len(events) + 1))


async def test_the_deltas_together_are_the_reviewed_text():
    events = await events_of(house().turns(), a_request("q"))
    assert "".join(e.data["text"] for e in events if e.kind == "delta") == reply_of(events)["text"]


async def test_every_event_is_stored_before_it_is_seen():
    told = house()
    async for event in told.turns().run(a_request("q")):
        assert event in told.turn_records.events["t-1"]


async def test_the_turn_is_closed_when_its_last_event_is_seen():
    told = house()
    events = await events_of(told.turns(), a_request("q"))
    turn = await told.turn_records.get(T1)
    assert (turn.status, turn.reply is not None and turn.reply.model_dump(mode="json")) == (
        TurnStatus.DONE,
        reply_of(events),
    )


async def test_the_same_request_again_replays_and_runs_nothing():
    told = house()
    turns = told.turns()
    first, second = await events_of(turns, a_request("q")), await events_of(turns, a_request("q"))
    assert (second == first, told.scorer.asked) == (True, ["L-7"])


async def test_the_same_request_at_once_runs_once_and_both_see_it():
    told = house()
    turns = told.turns()
    first, second = await asyncio.gather(events_of(turns, a_request("q")), events_of(turns, a_request("q")))
    assert (second == first, told.scorer.asked) == (True, ["L-7"])


async def test_the_same_id_for_another_message_is_a_conflict():
    turns = house().turns()
    await events_of(turns, a_request("q"))
    with pytest.raises(TurnConflictError):
        await events_of(turns, a_request("q2"))


async def test_a_client_resumes_after_its_last_event():
    turns = house().turns()
    events = await events_of(turns, a_request("q"))
    assert [e async for e in turns.follow(T1, after=3)] == events[3:]


async def test_following_a_turn_that_never_was_is_an_error():
    with pytest.raises(TurnNotFoundError):
        [e async for e in house().turns().follow(TurnId("t-none"))]


async def test_a_client_that_goes_away_does_not_stop_its_turn():
    told = house()
    turns = told.turns()
    run = turns.run(a_request("q"))
    assert (await anext(run)).kind == "started"
    await run.aclose()
    await turns.drain()
    assert (await told.turn_records.get(T1)).status == TurnStatus.DONE


async def test_turns_of_one_conversation_run_one_after_another():
    slow = SlowScorer()
    told = house(scorer=slow)
    turns = told.turns()
    both = asyncio.gather(
        events_of(turns, a_request("q", turn_id="t-1")), events_of(turns, a_request("q2", turn_id="t-2"))
    )
    await slow.calls.get()
    begun = len(told.turn_records.events["t-2"])
    slow.may_answer.set()
    assert (begun, [kinds(events)[-1] for events in await both]) == (0, ["done", "done"])


@pytest.mark.parametrize("stored", range(9))
async def test_a_turn_is_finished_after_a_crash_at_any_event(stored):
    told = await crashed_after(stored)
    turns = told.turns()
    assert await turns.resume_unfinished() == 1
    await turns.drain()
    events = told.turn_records.events["t-1"]
    assert [e.number for e in events] == list(range(1, len(events) + 1))
    assert (events[-1].kind, kinds(events).count("done")) == ("done", 1)
    turn = await told.turn_records.get(T1)
    assert (turn.status, turn.reply is not None and turn.reply.model_dump(mode="json")) == (
        TurnStatus.DONE,
        reply_of(events),
    )


async def test_a_turn_begun_again_says_so_and_a_reply_once_stored_stands():
    whole = await crashed_after(99)
    complete = len(whole.turn_records.events["t-1"])
    again = await crashed_after(2)
    stands = await crashed_after(complete - 1)
    for told in (again, stands):
        turns = told.turns()
        await turns.resume_unfinished()
        await turns.drain()
    assert kinds(again.turn_records.events["t-1"])[:3] == ["started", "reading", "restarted"]
    assert "restarted" not in kinds(stands.turn_records.events["t-1"])


async def test_a_message_that_kills_the_process_each_time_is_given_up():
    told = await crashed_after(1)
    stored = told.turn_records.events["t-1"]
    stored += [TurnEvent(number=n, kind="restarted", data={}) for n in (2, 3, 4)]
    turns = told.turns()
    await turns.resume_unfinished()
    await turns.drain()
    assert (stored[-1].kind, (await told.turn_records.get(T1)).status) == ("error", TurnStatus.FAILED)


async def test_a_turn_that_another_process_runs_is_followed():
    told = house()
    await told.turn_records.open(a_request("q"), at=NOW)
    await told.turn_records.append_event(T1, TurnEvent(number=1, kind="started", data={}))
    other = told.turns()
    seen = asyncio.create_task(events_of(other, a_request("q")))
    await asyncio.sleep(0.03)
    await told.turn_records.append_event(T1, TurnEvent(number=2, kind="done", data={}))
    assert (kinds(await seen), told.scorer.asked) == (["started", "done"], [])


async def test_a_turn_whose_process_fell_silent_is_taken_over():
    told = house()
    await told.turn_records.open(a_request("q"), at=NOW)
    await told.turn_records.append_event(T1, TurnEvent(number=1, kind="started", data={}))
    events = await events_of(told.turns(silent_after_s=0.02), a_request("q"))
    assert (kinds(events)[:2], kinds(events)[-1]) == (["started", "restarted"], "done")


async def test_of_two_processes_with_one_turn_the_slower_steps_back():
    slow = SlowScorer()
    told = house(scorer=slow)
    first = told.turns()
    running = asyncio.create_task(events_of(first, a_request("q")))
    await slow.calls.get()
    second = told.turns()
    await second.resume_unfinished()
    await slow.calls.get()
    slow.may_answer.set()
    events = await running
    await second.drain()
    assert [e.number for e in events] == list(range(1, len(events) + 1))
    assert kinds(events).count("reply") == 1


async def test_a_process_that_closes_leaves_its_turns_to_be_resumed():
    slow = SlowScorer()
    told = house(scorer=slow)
    turns = told.turns()
    running = turns.run(a_request("q"))
    await anext(running)
    await turns.close()
    slow.may_answer.set()
    later = told.turns()
    assert await later.resume_unfinished() == 1
    await later.drain()
    assert (await told.turn_records.get(T1)).status == TurnStatus.DONE


async def test_records_that_fail_in_the_middle_are_told_to_whoever_follows():
    told = house()
    run = told.turns().run(a_request("q"))
    await anext(run)
    told.turn_records.error = RecordsUnavailableError("the database went away")
    with pytest.raises(RecordsUnavailableError, match="went away"):
        [event async for event in run]


async def test_records_that_are_down_from_the_start_are_told_at_once():
    down = FakeTurns(error=RecordsUnavailableError("the database does not answer"))
    with pytest.raises(RecordsUnavailableError):
        await events_of(house(turn_records=down).turns(), a_request("q"))


async def test_a_fault_of_ours_ends_the_turn_without_a_traceback():
    told = house(scorer=BrokenScorer(a_score()))
    with capture_logs() as logged:
        events = await events_of(told.turns(), a_request("q"))
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [("turn_failed", "error")]
    assert events[-1].data == {"message": "something went wrong here; quote turn t-1 to whoever runs Leadline"}
    assert (await told.turn_records.get(T1)).status == TurnStatus.FAILED


async def test_many_conversations_run_at_once():
    told = house()
    turns = told.turns()
    ids = itertools.count()
    requests = [
        a_request("q", turn_id=f"t-{n}", conversation_id=f"c-{n}") for n, _ in zip(ids, range(12), strict=False)
    ]
    ends = await asyncio.gather(*(events_of(turns, request) for request in requests))
    assert {kinds(events)[-1] for events in ends} == {"done"}
