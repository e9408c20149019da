"""Drives one scripted journey on a test server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.journeys import (
    Approval,
    JourneyInput,
    JourneyPhase,
    JourneyResult,
    JourneySettings,
    JourneyState,
    RepAnswer,
    ReplyReceived,
)
from domain.people import RejectReason
from domain.values import LeadId, RepId
from runtime.worker import build_worker
from tests.workflows.scripted import MARKET, Floor, Scripted, add_lead, scripted_graph
from workflows import names

LEAD = LeadId("lead-1")


@dataclass(frozen=True)
class Driver:
    handle: WorkflowHandle[Any, JourneyResult]

    async def state(self) -> JourneyState:
        return await self.handle.query(names.JOURNEY_STATE, result_type=JourneyState)

    async def until(self, condition: Callable[[JourneyState], bool]) -> JourneyState:
        async with asyncio.timeout(30):
            while not condition(state := await self.state()):  # noqa: ASYNC110 - a query has no event to wait for
                await asyncio.sleep(0.02)
        return state

    async def until_phase(self, phase: JourneyPhase) -> JourneyState:
        return await self.until(lambda state: state.phase is phase)

    async def answer(self, rep: str, *, accepted: bool, reason: RejectReason | None = None) -> JourneyState:
        await self.until(lambda state: state.phase is JourneyPhase.OFFERED and state.rep_id == rep)
        return await self.send_answer(rep, accepted=accepted, reason=reason)

    async def send_answer(self, rep: str, *, accepted: bool, reason: RejectReason | None = None) -> JourneyState:
        answer = RepAnswer(rep_id=RepId(rep), accepted=accepted, reason=reason)
        return await self.handle.execute_update(names.ANSWER_OFFER, answer, result_type=JourneyState)

    async def accept(self, rep: str = "ana") -> JourneyState:
        return await self.answer(rep, accepted=True)

    async def approve(self, key: str, *, approved: bool = True, edited_body: str | None = None) -> JourneyState:
        approval = Approval(key=key, approved=approved, by="ana", edited_body=edited_body)
        return await self.handle.execute_update(names.APPROVE_NUDGE, approval, result_type=JourneyState)

    async def reply(self, **facts: Any) -> None:
        await self.handle.signal(names.REPLY_RECEIVED, ReplyReceived(interaction_id="i-1", **facts))

    async def result(self) -> JourneyResult:
        """Wait for the end; a server that skips time skips it now."""
        async with asyncio.timeout(120):
            return await self.handle.result()

    async def times(self) -> tuple[datetime, datetime]:
        """When the journey started and closed."""
        about = await self.handle.describe()
        assert about.close_time is not None
        return about.start_time, about.close_time

    async def end(self) -> JourneyResult:
        """Stop the journey while it does nothing.

        The time-skipping server loses a workflow task that cancels an activity just finished; the real one does not.
        """
        await self.until_idle()
        await self.handle.signal(names.STOP)
        return await self.result()

    async def until_idle(self) -> None:
        """Wait until no activity runs."""
        idle = 0
        async with asyncio.timeout(30):
            while idle < 3:  # between two activities there is a moment without one
                about = (await self.handle.describe()).raw_description
                idle = 0 if about.pending_activities or about.HasField("pending_workflow_task") else idle + 1
                await asyncio.sleep(0.05)


@asynccontextmanager
async def journey(
    skipping: WorkflowEnvironment, floor: Floor, *script: Scripted, **settings: Any
) -> AsyncIterator[Driver]:
    await add_lead(floor)
    async with build_worker(skipping.client, floor.activities(), scripted_graph(*script)):
        handle = await skipping.client.start_workflow(
            names.JOURNEY_WORKFLOW,
            JourneyInput(lead_id=LEAD, market=MARKET, settings=JourneySettings(**settings)),
            id=names.journey_id(LEAD),
            task_queue=names.TASK_QUEUE,
            result_type=JourneyResult,
            execution_timeout=timedelta(days=400),
        )
        yield Driver(handle)
