"""A lead says no in the very moment in which a message is on its way out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client

from connectors.folder_outbox import FolderOutbox
from domain.errors import OutboxUnavailableError
from domain.journeys import CloseReason, JourneyInput, JourneyResult
from domain.outreach import OutboundMessage, SendReceipt
from domain.ports import Outbox
from runtime.worker import build_worker
from tests.workflows.driving import Driver
from tests.workflows.scripted import MARKET, SEND, Floor, add_lead, open_floor, scripted_graph
from workflows import names


@dataclass(frozen=True)
class HeldOutbox:
    """Delivers when told to."""

    outbox: FolderOutbox
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = "held"

    async def send(self, message: OutboundMessage, *, at: datetime) -> SendReceipt:
        self.entered.set()
        await self.released.wait()
        return await self.outbox.send(message, at=at)

    async def receipt_of(self, key: str) -> SendReceipt | None:
        return await self.outbox.receipt_of(key)


@dataclass(frozen=True)
class AbsentOutbox:
    """Never answers."""

    tried: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = "absent"

    async def send(self, message: OutboundMessage, *, at: datetime) -> SendReceipt:
        self.tried.set()
        raise OutboxUnavailableError("scripted")

    async def receipt_of(self, key: str) -> SendReceipt | None:
        return None


@asynccontextmanager
async def sending_journey(client: Client, home: Path, outbox: Outbox) -> AsyncIterator[tuple[Floor, Driver]]:
    queue = f"sending-{uuid4().hex}"
    async with (
        open_floor(home, outbox=outbox) as floor,
        build_worker(client, floor.activities(), scripted_graph(SEND), task_queue=queue),
    ):
        lead = await add_lead(floor, queue)
        handle = await client.start_workflow(
            names.JOURNEY_WORKFLOW,
            JourneyInput(lead_id=lead, market=MARKET),
            id=names.journey_id(lead),
            task_queue=queue,
            result_type=JourneyResult,
        )
        driver = Driver(handle)
        await driver.accept()
        yield floor, driver


async def test_a_message_that_is_going_out_is_counted(client: Client, tmp_path: Path) -> None:
    outbox = HeldOutbox(FolderOutbox(tmp_path / "outbox"))
    async with sending_journey(client, tmp_path, outbox) as (floor, driver):
        await asyncio.wait_for(outbox.entered.wait(), 30)
        await driver.handle.signal(names.OPTED_OUT)
        await driver.until(lambda state: state.close_reason is CloseReason.OPTED_OUT)
        outbox.released.set()
        result = await asyncio.wait_for(driver.result(), 30)
    assert (result.reason, result.sent, len(floor.mails())) == (CloseReason.OPTED_OUT, 1, 1)


async def test_a_message_that_waits_for_another_try_is_cancelled(client: Client, tmp_path: Path) -> None:
    outbox = AbsentOutbox()
    async with sending_journey(client, tmp_path, outbox) as (floor, driver):
        await asyncio.wait_for(outbox.tried.wait(), 30)
        await driver.handle.signal(names.OPTED_OUT)
        result = await asyncio.wait_for(driver.result(), 30)
        history = (await driver.handle.fetch_history()).events
    assert (result.reason, result.sent, floor.mails()) == (CloseReason.OPTED_OUT, 0, [])
    assert any(event.HasField("activity_task_canceled_event_attributes") for event in history)
