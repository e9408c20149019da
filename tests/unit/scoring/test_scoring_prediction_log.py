"""Decisions written in the background: in batches, again after a failure, and none lost silently."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decisions import Decision, DecisionKind, decision_id
from domain.errors import RecordsUnavailableError
from tools.scoring.serving.prediction_log import PredictionLog

AMPLE = 60.0


def decision(number: int) -> Decision:
    name = f"lead-{number}"
    return Decision(
        id=decision_id(DecisionKind.SCORE, name, "hash", "key"),
        kind=DecisionKind.SCORE,
        subject_id=name,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        inputs_hash="hash",
    )


class Decisions:
    """Keeps decisions; fails as often as told, closes its gate when told, refuses subjects it is told to refuse."""

    def __init__(self, *, failures: int = 0, refuses: frozenset[str] = frozenset()) -> None:
        self.kept: dict[str, Decision] = {}
        self.batches: list[int] = []
        self.failures, self.refuses = failures, refuses
        self.open = asyncio.Event()
        self.open.set()

    async def record_many(self, decisions) -> int:
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise RecordsUnavailableError("the database is away")
        if bad := self.refuses & {d.subject_id for d in decisions}:
            raise ValueError(f"cannot store {sorted(bad)}")
        self.batches.append(len(decisions))
        new = {d.id: d for d in decisions if d.id not in self.kept}
        self.kept |= new
        return len(new)

    async def record(self, decision) -> bool:
        return await self.record_many([decision]) == 1

    async def get(self, decision_id) -> Decision:
        return self.kept[decision_id]

    async def about(self, subject_id, *, limit=50) -> tuple[Decision, ...]:
        return tuple(d for d in self.kept.values() if d.subject_id == subject_id)[:limit]


def nothing_refused(decision: Decision, error: Exception) -> None:
    raise AssertionError(f"{decision.id} was refused: {error}")


async def no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


def log_over(decisions: Decisions, **more: object) -> PredictionLog:
    return PredictionLog(decisions, **{"on_refused": nothing_refused, "pause": no_pause, "patience_s": AMPLE, **more})


async def test_what_was_logged_is_recorded_in_few_transactions():
    kept = Decisions()
    log = log_over(kept, batch=50)
    for i in range(120):
        await log.log_prediction(decision(i))
    await log.flush()
    assert len(kept.kept) == 120
    assert len(kept.batches) == 3
    assert log.stats()._asdict() == {"written": 120, "waiting": 0, "retries": 0, "refused": 0}
    await log.aclose()


async def test_closing_records_what_waits():
    kept = Decisions()
    log = log_over(kept)
    for i in range(7):
        await log.log_prediction(decision(i))
    await log.aclose()
    assert len(kept.kept) == 7
    await log.aclose()


async def test_an_unused_log_closes():
    await log_over(Decisions()).aclose()


async def test_a_database_that_is_away_for_a_while_loses_nothing():
    kept, pauses = Decisions(failures=4), []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    log = log_over(kept, pause=pause)
    await log.log_prediction(decision(1))
    await log.flush()
    assert (len(kept.kept), log.stats().retries, pauses) == (1, 4, [0.1, 0.5, 2.0, 2.0])
    await log.aclose()


async def test_when_the_queue_is_full_callers_wait_for_room():
    kept = Decisions()
    kept.open.clear()
    log = log_over(kept, queue_size=2, batch=1)
    asked = [asyncio.create_task(log.log_prediction(decision(i))) for i in range(10)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert sum(task.done() for task in asked) == 3  # two in the queue, one with the writer
    kept.open.set()
    await asyncio.gather(*asked)
    await log.aclose()
    assert len(kept.kept) == 10


async def test_a_caller_is_told_when_there_is_no_room_for_too_long():
    kept = Decisions()
    kept.open.clear()
    log = log_over(kept, queue_size=1, batch=1, patience_s=0)
    await log.log_prediction(decision(0))
    await asyncio.sleep(0)
    await log.log_prediction(decision(1))
    with pytest.raises(RecordsUnavailableError, match="1 decisions wait to be recorded"):
        await log.log_prediction(decision(2))
    with pytest.raises(RecordsUnavailableError, match="2 decisions about scores could not be recorded"):
        await log.aclose()


async def test_one_that_cannot_be_stored_is_handed_over_and_the_others_are_stored():
    kept, refused = Decisions(refuses=frozenset({"lead-3"})), []
    log = log_over(kept, on_refused=lambda decision, error: refused.append((decision.subject_id, type(error))))
    for i in range(6):
        await log.log_prediction(decision(i))
    await log.aclose()
    assert refused == [("lead-3", ValueError)]
    assert sorted(d.subject_id for d in kept.kept.values()) == [f"lead-{i}" for i in (0, 1, 2, 4, 5)]
    assert log.stats().refused == 1


@given(
    numbers=st.lists(st.integers(0, 30), max_size=60),
    queue_size=st.integers(1, 8),
    batch=st.integers(1, 9),
    failures=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_everything_logged_is_recorded_once(numbers, queue_size, batch, failures):
    async def run() -> Decisions:
        kept = Decisions(failures=failures)
        log = log_over(kept, queue_size=queue_size, batch=batch)
        await asyncio.gather(*(log.log_prediction(decision(n)) for n in numbers))
        await log.aclose()
        assert max(kept.batches, default=0) <= batch
        return kept

    assert asyncio.run(run()).kept.keys() == {decision(n).id for n in numbers}
