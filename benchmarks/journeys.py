"""What a journey costs on the bundled Temporal server, beside a workflow of one activity on the same server."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from uuid import uuid4

from temporalio.client import Client
from temporalio.worker import Worker

from benchmarks._bare_workflow import BARE_WORKFLOW, BareWorkflow, bare_activity
from benchmarks._journey_floor import MARKET, JourneyFloor, open_journey_floor
from benchmarks.harness import Figure, Options, run
from domain.journeys import JourneyInput, JourneyResult, JourneySettings
from domain.values import RepId
from runtime.temporal import DISPATCHES_PER_S, connect, start_temporal
from runtime.worker import build_worker
from workflows import names

_BARE_QUEUE = "bare"
_STEPS = 20
_AT_ONCE = 20
_MAX_STEP_RATIO = 2.0
_NO_WAITING = JourneySettings(accept_timeout_s=0.001, max_offers=1, max_steps=1, time_scale=1e-9)
_ONLY_STEPS = JourneySettings(max_steps=_STEPS, time_scale=1e-9)

Job = Callable[[], Awaitable[object]]


def measure(options: Options) -> list[Figure]:
    """Measure with the server's dispatch limit raised, as Leadline starts it, and as it comes."""
    return asyncio.run(_measure(10 if options.quick else 30))


async def _measure(n_jobs: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures, bare_ms = await _with_server(home / "raised", n_jobs)
        slow_ms = await _bare_as_it_comes(home / "as-it-comes", n_jobs)
    await asyncio.sleep(0.05)  # https://github.com/temporalio/sdk-python/issues/300
    speed_up = Figure(
        "one activity, dispatch limit raised",
        bare_ms,
        "ms",
        peer="server as it comes",
        peer_value=slow_ms,
    )
    return [*figures, speed_up]


async def _with_server(home: Path, n_jobs: int) -> tuple[list[Figure], float]:
    server = await start_temporal(home, dispatches_per_s=DISPATCHES_PER_S)
    try:
        client = await connect(server.address)
        async with (
            open_journey_floor(home) as floor,
            build_worker(client, floor.activities, floor.graph),
            _bare_worker(client),
        ):

            async def bare() -> None:
                await client.execute_workflow(BARE_WORKFLOW, "x", id=uuid4().hex, task_queue=_BARE_QUEUE)

            async def journey() -> None:
                await _journey(client, floor, _NO_WAITING, rep_id=None)

            async def steps() -> None:
                await _journey(client, floor, _ONLY_STEPS, rep_id=RepId("rep"))

            await bare()
            await journey()
            bare_ms, journey_ms = await _one_by_one(bare, n_jobs), await _one_by_one(journey, n_jobs)
            step_ms = await _one_by_one(steps, 3) / _STEPS
            bare_rate, journey_rate = await _at_once(bare, 2 * n_jobs), await _at_once(journey, 2 * n_jobs)
    finally:
        await server.stop()
    return [
        Figure(
            "one step of a journey (graph of one node)",
            step_ms,
            "ms",
            peer="one-activity workflow",
            peer_value=bare_ms,
            bar=f"at most {_MAX_STEP_RATIO:g} times the peer",
            holds=step_ms <= _MAX_STEP_RATIO * bare_ms,
        ),
        Figure(
            "whole journey: score, match, offer, step, send, end",
            journey_ms,
            "ms",
            peer="one-activity workflow",
            peer_value=bare_ms,
        ),
        Figure(
            f"whole journeys, {_AT_ONCE} at once",
            journey_rate,
            "journeys/s",
            peer="one-activity workflow",
            peer_value=bare_rate,
        ),
    ], bare_ms


async def _bare_as_it_comes(home: Path, n_jobs: int) -> float:
    server = await start_temporal(home, dispatches_per_s=None)
    try:
        client = await connect(server.address)
        async with _bare_worker(client):

            async def bare() -> None:
                await client.execute_workflow(BARE_WORKFLOW, "x", id=uuid4().hex, task_queue=_BARE_QUEUE)

            await bare()
            return await _one_by_one(bare, n_jobs)
    finally:
        await server.stop()


def _bare_worker(client: Client) -> Worker:
    return Worker(client, task_queue=_BARE_QUEUE, workflows=[BareWorkflow], activities=[bare_activity])


async def _journey(client: Client, floor: JourneyFloor, settings: JourneySettings, *, rep_id: RepId | None) -> None:
    lead = await floor.add_lead(uuid4().hex)
    result: JourneyResult = await client.execute_workflow(
        names.JOURNEY_WORKFLOW,
        JourneyInput(lead_id=lead, market=MARKET, settings=settings, rep_id=rep_id),
        id=names.journey_id(lead),
        task_queue=names.TASK_QUEUE,
        result_type=JourneyResult,
    )
    if result.sent != 1:
        raise AssertionError(f"a journey sent {result.sent} messages instead of one: nothing was measured")


async def _one_by_one(job: Job, n_jobs: int) -> float:
    """Return the median time of a job in milliseconds, one after the other."""
    times = []
    for _ in range(n_jobs):
        began = time.perf_counter()
        await job()
        times.append(time.perf_counter() - began)
    return 1_000 * median(times)


async def _at_once(job: Job, n_jobs: int) -> float:
    """Return jobs per second, `_AT_ONCE` at a time."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def in_place() -> None:
        async with places:
            await job()

    began = time.perf_counter()
    await asyncio.gather(*(in_place() for _ in range(n_jobs)))
    return n_jobs / (time.perf_counter() - began)


if __name__ == "__main__":
    run("journeys", measure)
