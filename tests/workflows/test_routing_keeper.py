"""The routing keeper on the real dev server: every change of the floor is followed by a sweep, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from domain.errors import WorkflowsUnavailableError
from domain.journeys import RepChanged
from domain.routing_results import HandOver, Sweep
from domain.values import LeadId, Market
from runtime.routing_news import RoutingMessenger
from runtime.routing_worker import build_routing_worker
from runtime.temporal import connect
from tests.doubles.journeys import RecordingJourneys
from tests.doubles.routing import RecordingRoutingKeeper, RecordingRoutingNews, ScriptedSweeper
from workflows import names
from workflows.routing_activities import RoutingActivities
from workflows.routing_keepers import TemporalRoutingKeeper
from workflows.routing_payloads import RoutingRun, RoutingState


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)  # noqa: TID251 - the server's time is real


@dataclass
class Bench:
    """A keeper of a market of its own, on a queue of its own."""

    client: Client
    sweeper: ScriptedSweeper = field(default_factory=ScriptedSweeper)
    news: RecordingRoutingNews = field(default_factory=RecordingRoutingNews)
    market: Market = field(default_factory=lambda: Market(f"market-{uuid4().hex}"))

    @property
    def keeper(self) -> TemporalRoutingKeeper:
        # A query replays the workflow where nothing is kept in memory; on a busy machine that may take a while.
        return TemporalRoutingKeeper(self.client, task_queue=self.market, timeout_s=30)

    @asynccontextmanager
    async def working(self, **options: int) -> AsyncIterator[None]:
        activities = RoutingActivities(self.sweeper, self.news)
        async with build_routing_worker(self.client, activities, task_queue=self.market, **options):
            yield

    async def until(self, condition: Callable[[RoutingState], bool]) -> RoutingState:
        async with asyncio.timeout(30):
            while not condition(state := await self.keeper.state(self.market)):  # noqa: ASYNC110 - a query has no event
                await asyncio.sleep(0.02)
        return state

    async def until_swept(self, times: int) -> RoutingState:
        return await self.until(lambda state: state.sweeps >= times)


@pytest.fixture
async def bench(client: Client) -> AsyncIterator[Bench]:
    bench = Bench(client)
    yield bench
    await client.get_workflow_handle(names.routing_keeper_id(bench.market)).terminate()


async def test_a_change_of_the_floor_is_followed_by_a_sweep_and_journeys_hear_of_it(bench: Bench) -> None:
    handed = HandOver(lead_id="dana", from_rep_id=None, rep_id="ana", reason="free")
    bench.sweeper.sweeps = [Sweep(market=bench.market, handed=(handed,), escalated=(), waiting=3)]
    async with bench.working():
        await bench.keeper.floor_changed(bench.market)
        state = await bench.until_swept(1)
    assert (state.handed, state.waiting, state.next_at) == (1, 3, None)
    assert bench.news.moved == {"dana": RepChanged(rep_id="ana", by="matcher")}
    assert [market for market, _ in bench.sweeper.asked] == [bench.market]


async def test_changes_while_nobody_works_are_one_sweep(bench: Bench) -> None:
    for _ in range(5):
        await bench.keeper.floor_changed(bench.market)
    async with bench.working():
        await bench.until_swept(1)
        await asyncio.sleep(0.3)
    assert len(bench.sweeper.asked) == 1


async def test_what_falls_due_is_swept_without_any_change(bench: Bench) -> None:
    due = soon(1.5)
    bench.sweeper.sweeps = [Sweep(market=bench.market, handed=(), escalated=(), waiting=1, next_at=due)]
    async with bench.working():
        await bench.keeper.floor_changed(bench.market)
        state = await bench.until_swept(2)
    assert soon(0) >= due
    assert state.next_at is None


async def test_a_sweep_that_fails_is_made_again(bench: Bench) -> None:
    bench.sweeper.failures = [ApplicationError("a bug", type="TypeError", non_retryable=True)]
    async with bench.working():
        await bench.keeper.floor_changed(bench.market)
        failed = await bench.until(lambda state: state.failed == 1)
        await bench.keeper.floor_changed(bench.market)
        state = await bench.until_swept(1)
    assert failed.next_at is not None
    assert (state.failed, state.sweeps) == (1, 1)


async def test_every_sweep_has_a_key_of_its_own_over_all_runs(bench: Bench) -> None:
    await bench.client.start_workflow(
        names.ROUTING_KEEPER_WORKFLOW,
        RoutingRun(market=bench.market, sweeps_per_run=2),
        id=names.routing_keeper_id(bench.market),
        task_queue=bench.market,
    )
    first = await bench.client.get_workflow_handle(names.routing_keeper_id(bench.market)).describe()
    async with bench.working():
        for number in range(1, 6):
            await bench.keeper.floor_changed(bench.market)
            await bench.until_swept(number)
        last = await bench.client.get_workflow_handle(names.routing_keeper_id(bench.market)).describe()
    keys = [key for _, key in bench.sweeper.asked]
    assert (len(set(keys)), last.run_id != first.run_id) == (5, True)


async def test_a_worker_without_memory_replays_the_keeper_at_every_task(bench: Bench) -> None:
    async with bench.working(max_cached_workflows=0):
        for number in (1, 2, 3):
            await bench.keeper.floor_changed(bench.market)
            await bench.until_swept(number)
    assert len(bench.sweeper.asked) == 3


async def test_without_a_server_the_caller_hears_where_it_was_looked_for() -> None:
    keeper = TemporalRoutingKeeper(await connect("127.0.0.1:1", lazy=True), timeout_s=0.5)
    with pytest.raises(WorkflowsUnavailableError, match=r"127\.0\.0\.1:1"):
        await keeper.floor_changed(Market("roofing"))


async def test_the_messenger_never_fails_and_tells_every_journey_there_is() -> None:
    journeys, keeper = RecordingJourneys(), RecordingRoutingKeeper(error=WorkflowsUnavailableError("away"))
    messenger = RoutingMessenger(journeys, keeper)
    journeys.started[LeadId("dana")] = None
    change = RepChanged(rep_id=None, by="matcher")
    await messenger.leads_moved({LeadId("dana"): change, LeadId("nobody"): change})
    await messenger.floor_changed(Market("roofing"))
    journeys.error = WorkflowsUnavailableError("away")
    await messenger.leads_moved({LeadId("dana"): change})
    assert journeys.heard == [("dana", "moved to None by matcher")]
