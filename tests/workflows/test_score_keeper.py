"""The score keeper on the real dev server: everybody named is scored, once per batch, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.errors import WorkflowsUnavailableError
from domain.rescoring import LeadChange, Rescored
from domain.values import LeadId, Market
from runtime.scoring_worker import build_scoring_worker
from runtime.temporal import connect
from tests.doubles.scoring import RecordingRescorer, RecordingTrainer
from workflows import names
from workflows.score_keepers import TemporalScoreKeeper
from workflows.scoring_activities import ScoringActivities
from workflows.scoring_payloads import KeeperRun, KeeperState, LeadsChanged

THEN = datetime(2026, 3, 1, tzinfo=UTC)


def changes(*lead_ids: str, at: datetime = THEN) -> list[LeadChange]:
    return [LeadChange(lead_id=LeadId(lead_id), at=at) for lead_id in lead_ids]


@dataclass
class Bench:
    """A keeper of a market of its own, on a queue of its own."""

    client: Client
    rescorer: RecordingRescorer = field(default_factory=RecordingRescorer)
    market: Market = field(default_factory=lambda: Market(f"market-{uuid4().hex}"))

    @property
    def keeper(self) -> TemporalScoreKeeper:
        return TemporalScoreKeeper(self.client, task_queue=self.market)

    async def tell(self, *lead_ids: str, at: datetime = THEN) -> None:
        await self.keeper.leads_changed(self.market, changes(*lead_ids, at=at))

    async def start(self, **sizes: int) -> None:
        await self.client.start_workflow(
            names.SCORE_KEEPER_WORKFLOW,
            KeeperRun(market=self.market, **sizes),
            id=names.score_keeper_id(self.market),
            task_queue=self.market,
        )

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        activities = ScoringActivities(self.rescorer, RecordingTrainer())
        async with build_scoring_worker(self.client, activities, task_queue=self.market):
            yield

    async def until(self, condition: Callable[[KeeperState], bool]) -> KeeperState:
        async with asyncio.timeout(30):
            while not condition(state := await self.keeper.state(self.market)):  # noqa: ASYNC110 - a query has no event
                await asyncio.sleep(0.02)
        return state

    async def until_done(self, leads: int) -> KeeperState:
        return await self.until(
            lambda s: s.done.scored + s.done.ended + s.done.missing + s.failed == leads and s.pending == 0
        )


@pytest.fixture
async def bench(client: Client) -> AsyncIterator[Bench]:
    bench = Bench(client)
    yield bench
    await client.get_workflow_handle(names.score_keeper_id(bench.market)).terminate()


async def test_a_lead_that_changed_is_scored_as_of_now(bench: Bench) -> None:
    before = datetime.now(UTC)  # noqa: TID251 - the server's own time is what is asked for
    async with bench.working():
        await bench.tell("dana")
        await bench.until_done(1)
    (batch,) = bench.rescorer.batches
    assert (batch[0], before - timedelta(minutes=1) < batch[1]) == (("dana",), True)


async def test_what_a_faster_clock_wrote_down_is_in_the_score(bench: Bench) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251 - a clock that is ahead of the server's
    async with bench.working():
        await bench.tell("dana", at=ahead)
        await bench.until_done(1)
    assert bench.rescorer.batches[0][1] == ahead + timedelta(microseconds=1)


async def test_who_changed_while_nobody_worked_is_scored_once_in_one_batch(bench: Bench) -> None:
    for lead_id in ("dana", "jo", "dana", "dana"):
        await bench.tell(lead_id)
    async with bench.working():
        state = await bench.until_done(2)
    assert ([batch for batch, _ in bench.rescorer.batches], state.batches) == ([("dana", "jo")], 1)


async def test_many_are_scored_in_batches_oldest_first(bench: Bench) -> None:
    everybody = [f"lead-{n}" for n in range(450)]
    await bench.tell(*everybody)
    async with bench.working():
        await bench.until_done(450)
    assert [len(batch) for batch, _ in bench.rescorer.batches] == [200, 200, 50]
    assert bench.rescorer.scored == everybody


async def test_more_than_one_signal_holds_are_told_in_several(bench: Bench) -> None:
    everybody = [f"lead-{n}" for n in range(2_300)]
    await bench.tell(*everybody)
    async with bench.working():
        await bench.until_done(2_300)
    assert sorted(bench.rescorer.scored) == sorted(everybody)


async def test_those_who_ended_or_vanished_are_counted(bench: Bench) -> None:
    bench.rescorer.ended, bench.rescorer.missing = frozenset({"won"}), frozenset({"erased"})
    await bench.tell("dana", "won", "erased")
    async with bench.working():
        state = await bench.until_done(3)
    assert state.done == Rescored(scored=1, ended=1, missing=1)


async def test_one_lead_that_cannot_be_scored_takes_nobody_along(bench: Bench) -> None:
    bench.rescorer.broken = frozenset({"lead-13"})
    await bench.tell(*(f"lead-{n}" for n in range(40)))
    async with bench.working():
        state = await bench.until_done(40)
    assert (state.failed, state.done.scored) == (1, 39)
    assert "lead-13" not in bench.rescorer.scored


async def test_a_keeper_that_continues_as_new_forgets_nobody(bench: Bench) -> None:
    await bench.start(leads_per_batch=2, batches_per_run=3)
    first = await bench.client.get_workflow_handle(names.score_keeper_id(bench.market)).describe()
    everybody = [f"lead-{n}" for n in range(25)]
    await bench.tell(*everybody)
    async with bench.working():
        state = await bench.until_done(25)
        last = await bench.client.get_workflow_handle(names.score_keeper_id(bench.market)).describe()
    assert (sorted(bench.rescorer.scored), state.batches) == (sorted(everybody), 13)
    assert last.run_id != first.run_id


async def test_no_text_of_anybody_is_in_the_history(bench: Bench) -> None:
    async with bench.working():
        await bench.tell("dana")
        await bench.until_done(1)
    (signal,) = [
        event.workflow_execution_signaled_event_attributes
        async for event in bench.client.get_workflow_handle(names.score_keeper_id(bench.market)).fetch_history_events()
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    (sent,) = await bench.client.data_converter.decode(signal.input.payloads, [LeadsChanged])
    assert sent == LeadsChanged(changes=tuple(changes("dana")))
    assert set(LeadChange.model_fields) == {"lead_id", "at"}


async def test_a_worker_without_memory_replays_the_keeper_at_every_task(bench: Bench) -> None:
    activities = ScoringActivities(bench.rescorer, RecordingTrainer())
    async with build_scoring_worker(bench.client, activities, task_queue=bench.market, max_cached_workflows=0):
        for lead_id in ("dana", "jo", "sam"):
            await bench.tell(lead_id)
            await bench.until(lambda s, lead_id=lead_id: lead_id in bench.rescorer.scored and s.pending == 0)
    assert bench.rescorer.scored == ["dana", "jo", "sam"]


async def test_without_a_server_the_caller_hears_where_it_was_looked_for() -> None:
    keeper = TemporalScoreKeeper(await connect("127.0.0.1:1", lazy=True), timeout_s=0.5)
    with pytest.raises(WorkflowsUnavailableError, match=r"127\.0\.0\.1:1"):
        await keeper.leads_changed(Market("roofing"), changes("dana"))


async def test_a_market_that_never_had_a_keeper_says_so(client: Client) -> None:
    with pytest.raises(WorkflowsUnavailableError, match="not_found"):
        await TemporalScoreKeeper(client).state(Market(f"market-{uuid4().hex}"))
