"""`kill -9` of a real worker process on the real dev server: the journey finishes, and the lead is written to once."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import Client

from domain.events import InteractionKind
from domain.journeys import CloseReason, JourneyInput, JourneyPhase
from domain.values import LeadId
from tests.workflows.driving import Driver
from tests.workflows.scripted import MARKET, Floor, add_lead
from workflows import names
from workflows.journeys import TemporalJourneys

FAR = datetime(2100, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def worker(address: str, home: Path, *options: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workflows.worker_process", address, str(home), *options
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def start(client: Client, floor: Floor, lead_id: str) -> Driver:
    lead = await add_lead(floor, lead_id)
    assert await TemporalJourneys(client).start(JourneyInput(lead_id=lead, market=MARKET))
    return Driver(client.get_workflow_handle(names.journey_id(lead)))


async def check_one_send(floor: Floor, lead_id: str) -> None:
    assert len(floor.mails()) == 1
    interactions = await floor.records.interactions.of_lead(LeadId(lead_id), before=FAR)
    assert [interaction.kind for interaction in interactions] == [InteractionKind.EMAIL_SENT]
    decisions = await floor.records.decisions.about(lead_id)
    assert [decision.chosen for decision in decisions if decision.kind == "send"] == ["sent"]


async def test_killed_in_the_middle_of_a_journey_it_finishes_after_restart_with_one_send(
    temporal_address: str, client: Client, floor: Floor
) -> None:
    async with worker(temporal_address, floor.home) as first:
        driver = await start(client, floor, "killed-midway")
        await driver.accept()
        await driver.until(lambda state: state.phase is JourneyPhase.WAITING and bool(state.sent_keys))
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
    async with worker(temporal_address, floor.home):
        result = await asyncio.wait_for(driver.handle.result(), 60)
    assert result["reason"] == CloseReason.STOPPED
    assert (result["steps"], result["sent"]) == (2, 1)
    await check_one_send(floor, "killed-midway")


async def test_killed_between_sending_and_recording_it_records_the_one_send_after_restart(
    temporal_address: str, client: Client, floor: Floor
) -> None:
    async with worker(temporal_address, floor.home, "--die-after-send") as first:
        driver = await start(client, floor, "killed-sending")
        await driver.accept()
        assert await asyncio.wait_for(first.wait(), 60) == -signal.SIGKILL
    assert len(floor.mails()) == 1
    assert await floor.records.interactions.of_lead(LeadId("killed-sending"), before=FAR) == ()
    async with worker(temporal_address, floor.home):
        result = await asyncio.wait_for(driver.handle.result(), 60)
    assert (result["reason"], result["sent"]) == (CloseReason.STOPPED, 1)
    await check_one_send(floor, "killed-sending")
