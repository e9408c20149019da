"""Records the histories that `test_routing_replay.py` replays: `python -m tests.workflows.record_routing`.

Record anew only together with a change of the keeper that `workflow.patched` guards: a routing keeper that runs at a
customer's never ends, so it was started by the code that these files were recorded with.
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client

from domain.routing_results import HandOver, Sweep
from domain.values import Market
from runtime.routing_worker import build_routing_worker
from runtime.temporal import connect, embedded_temporal
from tests.doubles.routing import RecordingRoutingNews, ScriptedSweeper
from workflows import names
from workflows.routing_activities import RoutingActivities
from workflows.routing_keepers import TemporalRoutingKeeper
from workflows.routing_payloads import RoutingRun

HISTORIES = Path(__file__).parent / "histories" / "routing"
IDENTITY = "recorder"
MARKET = Market("insurance_partners")


async def record_keeper(client: Client, name: str, *, sweeps_per_run: int) -> None:
    """Let the floor change twice, with a deadline in between; write down the first run, and the last where there are two."""
    queue = f"record-{name}"
    handed = HandOver(lead_id="l-1", from_rep_id=None, rep_id="ana", reason="free")
    due = datetime.now(UTC) + timedelta(seconds=2)  # noqa: TID251 - the recording happens now
    sweeps = [
        Sweep(market=MARKET, handed=(handed,), escalated=(), waiting=1, next_at=due),
        Sweep(market=MARKET, handed=(), escalated=(), waiting=1),
    ]
    activities = RoutingActivities(ScriptedSweeper(sweeps), RecordingRoutingNews())
    keeper = TemporalRoutingKeeper(client, task_queue=queue)
    handle = await client.start_workflow(
        names.ROUTING_KEEPER_WORKFLOW,
        RoutingRun(market=MARKET, sweeps_per_run=sweeps_per_run),
        id=names.routing_keeper_id(MARKET),
        task_queue=queue,
    )
    await keeper.floor_changed(MARKET)
    async with build_routing_worker(client, activities, task_queue=queue):
        while (await keeper.state(MARKET)).sweeps < 2:  # noqa: ASYNC110 - a query has no event to wait for
            await asyncio.sleep(0.05)
        await keeper.floor_changed(MARKET)
        while (await keeper.state(MARKET)).sweeps < 3:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.05)
    first, last = handle.first_execution_run_id, (await client.get_workflow_handle(handle.id).describe()).run_id
    for run, suffix in {first: "", last: "-last"}.items() if last != first else {first: ""}.items():
        history = await client.get_workflow_handle(handle.id, run_id=run).fetch_history()
        (HISTORIES / f"{name}{suffix}.json").write_text(history.to_json() + "\n", encoding="utf-8")
        print(f"{name}{suffix}.json: {len(history.events)} events")  # noqa: T201 - a script
    await client.get_workflow_handle(handle.id).terminate()


async def main() -> None:
    """Record all of them on a dev server of our own."""
    HISTORIES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_temporal(Path(folder)) as address:
            client = await connect(address, identity=IDENTITY)
            await record_keeper(client, "keeper", sweeps_per_run=100)
            await record_keeper(client, "keeper_continued", sweeps_per_run=2)
    await asyncio.sleep(0.05)  # https://github.com/temporalio/sdk-python/issues/300


if __name__ == "__main__":
    asyncio.run(main())
