"""Records the histories that `test_replay.py` replays: `python -m tests.workflows.record [story …]`, or all of them.

Record anew only together with a change of the journey that `workflow.patched` guards: journeys that run at a
customer's were started by the code that these files were recorded with. A story of new code is recorded by its name,
beside those of the code before it.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from langgraph.graph import StateGraph
from temporalio.client import Client

from domain.events import OutcomeKind
from domain.journeys import JourneyInput, JourneyPhase, JourneyResult, JourneySettings, OutcomeReached, RepChanged
from domain.people import RejectReason
from domain.values import LeadId, RepId
from records.database import open_database
from records.repositories import Records
from runtime.temporal import connect, embedded_temporal
from runtime.worker import build_worker
from tests.workflows.driving import Driver
from tests.workflows.scripted import ASK, CALL, MARKET, SEND, STOP, WAIT, Scripted, add_lead, open_floor, scripted_graph
from tests.workflows.whole_house import build_house, populate
from workflows import names
from workflows.activities import JourneyActivities

HISTORIES = Path(__file__).parent / "histories"
IDENTITY = "recorder"
FAST = 1e-6
Story = Callable[[Driver], Awaitable[None]]


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the recording happens now


async def replied(driver: Driver) -> None:
    await driver.answer("ana", accepted=False, reason=RejectReason.NO_CAPACITY)
    await driver.accept("ben")
    await driver.until(lambda state: state.phase is JourneyPhase.WAITING and bool(state.sent_keys))
    await driver.reply()


async def opted_out(driver: Driver) -> None:
    await driver.accept()
    await driver.until(lambda state: state.phase is JourneyPhase.WAITING and bool(state.sent_keys))
    await driver.handle.signal(names.OPTED_OUT)


async def rejected_by_all(driver: Driver) -> None:
    await driver.answer("ana", accepted=False)
    await driver.answer("ben", accepted=False)


async def approved(driver: Driver) -> None:
    await driver.accept()
    for _ in range(2):
        asked = await driver.until_phase(JourneyPhase.AWAITING_APPROVAL)
        assert asked.pending_approval is not None
        await driver.approve(asked.pending_approval)


async def away_then_won(driver: Driver) -> None:
    await driver.accept()
    await driver.until(lambda state: state.phase is JourneyPhase.WAITING and bool(state.sent_keys))
    await driver.reply(out_of_office_until=datetime(2100, 1, 1, tzinfo=UTC))
    await driver.until(lambda state: any("away until" in line for line in state.log))
    await driver.handle.signal(names.OUTCOME_REACHED, OutcomeReached(kind=OutcomeKind.WON))


async def accepted(driver: Driver) -> None:
    await driver.accept()


async def rejected_then_decided(driver: Driver) -> None:
    await driver.answer("ana", accepted=False, reason=RejectReason.WRONG_PRODUCT)
    await driver.until(lambda state: state.phase is JourneyPhase.OFFERED and state.rep_id == "ben")
    decided = RepChanged(rep_id=RepId("cleo"), by="boss", decided=True)
    await driver.handle.signal(names.REP_CHANGED, decided)
    await driver.until(lambda state: state.phase is JourneyPhase.WAITING and bool(state.sent_keys))
    await driver.handle.signal(names.REP_CHANGED, RepChanged(rep_id=None, by="matcher"))
    await driver.accept("ana")
    await driver.until_phase(JourneyPhase.WAITING)
    await driver.handle.signal(names.STOP)


async def kept_in_the_pool(driver: Driver) -> None:
    await driver.until_phase(JourneyPhase.OFFERED)
    await driver.handle.signal(names.REP_CHANGED, RepChanged(rep_id=None, by="boss", decided=True))
    await driver.until_phase(JourneyPhase.POOLED)
    await driver.handle.signal(names.REP_CHANGED, RepChanged(rep_id=RepId("ana"), by="matcher"))
    await driver.accept("ana")


async def stopped_in_the_pool(driver: Driver) -> None:
    await driver.until_phase(JourneyPhase.OFFERED)
    await driver.handle.signal(names.REP_CHANGED, RepChanged(rep_id=None, by="boss", decided=True))
    await driver.until_phase(JourneyPhase.POOLED)
    await driver.handle.signal(names.STOP)


SCRIPTED: dict[str, tuple[Story, tuple[Scripted, ...], dict[str, Any]]] = {
    "replied": (replied, (SEND,), {}),
    "opted_out": (opted_out, (SEND,), {}),
    "rejected_by_all": (rejected_by_all, (STOP,), {"max_offers": 2}),
    "approved": (approved, (ASK, CALL, STOP), {"time_scale": FAST}),
    "away_then_won": (away_then_won, (SEND,), {}),
    "silent_rep_then_exhausted": (
        lambda _: asyncio.sleep(0),
        (Scripted(SEND.action, send_in=timedelta(hours=1)), WAIT),
        {"accept_timeout_s": 0.2, "max_offers": 2, "max_steps": 3, "time_scale": FAST},
    ),
    "continued_as_new": (accepted, (SEND, WAIT), {"max_steps": 27, "time_scale": FAST}),
    "rejected_then_decided": (rejected_then_decided, (SEND,), {}),
    "kept_in_the_pool": (kept_in_the_pool, (STOP,), {}),
    "stopped_in_the_pool": (stopped_in_the_pool, (STOP,), {}),
}


async def record(
    client: Client,
    name: str,
    story: Story,
    activities: JourneyActivities,
    graph: Callable[[], StateGraph[Any, Any, Any, Any]],
    start: JourneyInput,
) -> None:
    """Let one journey happen and write down the history of each of its runs."""
    queue = f"record-{name}"
    async with build_worker(client, activities, graph, task_queue=queue):
        handle = await client.start_workflow(
            names.JOURNEY_WORKFLOW, start, id=f"record-{name}", task_queue=queue, result_type=JourneyResult
        )
        first_run = handle.first_execution_run_id
        await story(Driver(client.get_workflow_handle(handle.id, result_type=JourneyResult)))
        await handle.result()
    last = client.get_workflow_handle(handle.id)
    last_run = (await last.describe()).run_id
    for suffix, run in {"": first_run, "-last": last_run}.items():
        if suffix and last_run == first_run:
            continue
        history = await client.get_workflow_handle(handle.id, run_id=run).fetch_history()
        file = HISTORIES / f"{name}{suffix}.json"
        file.write_text(history.to_json() + "\n", encoding="utf-8")
        print(f"{file.name}: {len(history.events)} events")  # noqa: T201 - a script


async def main(stories: Collection[str]) -> None:
    """Record stories on a dev server of our own; all of them where none is named."""
    HISTORIES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        async with embedded_temporal(home / "temporal") as address:
            client = await connect(address, identity=IDENTITY)
            for name, (story, script, settings) in SCRIPTED.items():
                if stories and name not in stories:
                    continue
                async with open_floor(home / name) as floor:
                    lead = await add_lead(floor)
                    start = JourneyInput(lead_id=lead, market=MARKET, settings=JourneySettings(**settings))
                    await record(client, f"scripted-{name}", story, floor.activities(), scripted_graph(*script), start)
            if not stories or "whole" in stories:
                await record_whole(client, home / "whole")
    await asyncio.sleep(0.05)  # https://github.com/temporalio/sdk-python/issues/300


async def record_whole(client: Client, home: Path) -> None:
    """Record a journey through the real graph."""
    database = await open_database(f"sqlite:///{home / 'leadline.db'}")
    records = Records.over(database)
    lead: LeadId = await populate(records)
    house = build_house(records, home, SystemClock())
    settings = JourneySettings(max_steps=4, time_scale=FAST, approval_timeout_s=0.2)
    start = JourneyInput(lead_id=lead, market=MARKET, settings=settings)
    await record(client, "whole", accepted, house.activities, house.follow_up_graph, start)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
