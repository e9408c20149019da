"""Records the histories that `test_scoring_replay.py` replays: `python -m tests.workflows.record_scoring`.

Record anew only together with a change of the workflows that `workflow.patched` guards: a score keeper that runs at a
customer's never ends, so it was started by the code that these files were recorded with.
"""

import asyncio
import re
import tempfile
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client

from domain.rescoring import LeadChange
from domain.values import LeadId, Market
from runtime.scoring_worker import build_scoring_worker
from runtime.temporal import connect, embedded_temporal
from tests.doubles.scoring import RecordingRescorer, RecordingTrainer
from tests.workflows.scoring_floor import LONG_AGO
from workflows import names
from workflows.score_keepers import TemporalScoreKeeper
from workflows.scoring_activities import ScoringActivities
from workflows.scoring_payloads import KeeperRun, NightlyReport, NightlyTraining

HISTORIES = Path(__file__).parent / "histories" / "scoring"
IDENTITY = "recorder"
MARKET = Market("insurance_partners")
BROKEN = Market("roofing")


async def record_keeper(client: Client, name: str, *, broken: frozenset[str], batches_per_run: int) -> None:
    """Let five leads change in two batches; write down the first run, and the last where there are two."""
    queue = f"record-{name}"
    activities = ScoringActivities(RecordingRescorer(broken=broken, ended=frozenset({"l-1"})), RecordingTrainer())
    keeper = TemporalScoreKeeper(client, task_queue=queue)
    handle = await client.start_workflow(
        names.SCORE_KEEPER_WORKFLOW,
        KeeperRun(market=MARKET, leads_per_batch=3, batches_per_run=batches_per_run),
        id=names.score_keeper_id(MARKET),
        task_queue=queue,
    )
    changes = [LeadChange(lead_id=LeadId(f"l-{n}"), at=LONG_AGO + timedelta(days=n)) for n in range(5)]
    await keeper.leads_changed(MARKET, changes)
    async with build_scoring_worker(client, activities, task_queue=queue):
        while (await keeper.state(MARKET)).batches < 2:  # noqa: ASYNC110 - a query has no event to wait for
            await asyncio.sleep(0.05)
    first, last = handle.first_execution_run_id, (await client.get_workflow_handle(handle.id).describe()).run_id
    await write(client, handle.id, name, first)
    if last != first:
        await write(client, handle.id, f"{name}-last", last)
    await client.get_workflow_handle(handle.id).terminate()


async def record_night(client: Client) -> None:
    """Let a night pass with a market that is trained and one that fails."""
    queue = "record-night"
    activities = ScoringActivities(RecordingRescorer(), RecordingTrainer(errors={BROKEN: TypeError("a bug")}))
    async with build_scoring_worker(client, activities, task_queue=queue):
        await client.execute_workflow(
            names.NIGHTLY_TRAINING_WORKFLOW,
            NightlyTraining(markets=(MARKET, BROKEN)),
            id=queue,
            task_queue=queue,
            result_type=NightlyReport,
        )
    await write(client, queue, "night", None)
    await write(client, names.training_id(MARKET), "training", None)


async def write(client: Client, workflow_id: str, name: str, run_id: str | None) -> None:
    """Write down one history."""
    history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    # Stack traces name folders of the machine that recorded them, and replay does not read them.
    text = re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', history.to_json())
    (HISTORIES / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{name}.json: {len(history.events)} events")  # noqa: T201 - a script


async def main() -> None:
    """Record all of them on a dev server of our own."""
    HISTORIES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_temporal(Path(folder)) as address:
            client = await connect(address, identity=IDENTITY)
            await record_keeper(client, "keeper", broken=frozenset({"l-4"}), batches_per_run=100)
            await record_keeper(client, "keeper_continued", broken=frozenset(), batches_per_run=1)
            await record_night(client)
    await asyncio.sleep(0.05)  # https://github.com/temporalio/sdk-python/issues/300


if __name__ == "__main__":
    asyncio.run(main())
