"""The client side: starts journeys and talks to them. Every call is bounded in time and raises domain errors only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from temporalio.client import (
    Client,
    RPCError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCStatusCode

from domain.errors import ConflictError, JourneyClosedError, JourneyNotFoundError, WorkflowsUnavailableError
from domain.journeys import Approval, JourneyInput, JourneyState, OutcomeReached, RepAnswer, RepChanged, ReplyReceived
from domain.values import LeadId, Value
from workflows import names


@dataclass(frozen=True)
class TemporalJourneys:
    """`domain.ports.Journeys` on Temporal.

    Attributes:
        client: Connected, or lazy: then the first call connects.
        task_queue: Queue that the workers of journeys poll.
        timeout_s: Seconds any call may take before it counts as unavailable.
    """

    client: Client
    task_queue: str = names.TASK_QUEUE
    timeout_s: float = 5.0

    async def start(self, start: JourneyInput) -> bool:
        """Start the journey of a lead; False when one is running already. A finished one may be started again."""
        async with self._bounded():
            try:
                await self.client.start_workflow(
                    names.JOURNEY_WORKFLOW,
                    start,
                    id=names.journey_id(start.lead_id),
                    task_queue=self.task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                )
            except WorkflowAlreadyStartedError:
                return False
            return True
        raise AssertionError  # `_bounded` swallows nothing

    async def state(self, lead_id: LeadId) -> JourneyState:
        """Say where a journey stands; also after it has ended."""
        async with self._bounded(lead_id):
            state: JourneyState = await self._handle(lead_id).query(names.JOURNEY_STATE, result_type=JourneyState)
        return state

    async def answer_offer(self, lead_id: LeadId, answer: RepAnswer) -> JourneyState:
        """Accept or reject a lead for a rep."""
        return await self._update(lead_id, names.ANSWER_OFFER, answer)

    async def approve(self, lead_id: LeadId, approval: Approval) -> JourneyState:
        """Approve or decline a message that waits."""
        return await self._update(lead_id, names.APPROVE_NUDGE, approval)

    async def reply_received(self, lead_id: LeadId, reply: ReplyReceived) -> None:
        """Tell a journey that the lead answered; an ended journey has nothing left to do with it."""
        await self._signal(lead_id, names.REPLY_RECEIVED, reply)

    async def opted_out(self, lead_id: LeadId) -> None:
        """Tell a journey that the lead said no. Record the withdrawal in the consent ledger first."""
        await self._signal(lead_id, names.OPTED_OUT)

    async def outcome_reached(self, lead_id: LeadId, outcome: OutcomeReached) -> None:
        """Tell a journey how the lead ended."""
        await self._signal(lead_id, names.OUTCOME_REACHED, outcome)

    async def rep_changed(self, lead_id: LeadId, change: RepChanged) -> None:
        """Tell a journey that its lead changed hands."""
        await self._signal(lead_id, names.REP_CHANGED, change)

    async def stop(self, lead_id: LeadId) -> None:
        """End a journey because someone says so."""
        await self._signal(lead_id, names.STOP)

    def _handle(self, lead_id: LeadId) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(names.journey_id(lead_id))

    async def _update(self, lead_id: LeadId, name: str, answer: Value) -> JourneyState:
        async with self._bounded(lead_id):
            try:
                state: JourneyState = await self._handle(lead_id).execute_update(name, answer, result_type=JourneyState)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND and await self._exists(lead_id):
                    raise JourneyClosedError(lead_id) from error
                raise
        return state

    async def _signal(self, lead_id: LeadId, name: str, *args: Value) -> None:
        async with self._bounded(lead_id):
            try:
                await self._handle(lead_id).signal(name, args=args)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND or not await self._exists(lead_id):
                    raise

    async def _exists(self, lead_id: LeadId) -> bool:
        try:
            await self._handle(lead_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    @asynccontextmanager
    async def _bounded(self, lead_id: LeadId | None = None) -> AsyncIterator[None]:
        """Bound a call in time and map what Temporal raises to the errors of the domain."""
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
        except WorkflowUpdateFailedError as error:
            self._raise_update_failure(error, lead_id)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and lead_id is not None:
                raise JourneyNotFoundError(lead_id) from error
            raise self._unavailable(error.status.name.lower()) from error
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            raise self._unavailable(f"no answer within {self.timeout_s:g} s") from error
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError, RuntimeError) as error:
            raise self._unavailable(str(error)) from error

    def _raise_update_failure(self, error: WorkflowUpdateFailedError, lead_id: LeadId | None) -> NoReturn:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.type == ConflictError.__name__:
            raise ConflictError(cause.message) from error
        raise JourneyClosedError(lead_id or "") from error

    def _unavailable(self, why: str) -> WorkflowsUnavailableError:
        address = self.client.service_client.config.target_host
        return WorkflowsUnavailableError(
            f"Temporal at {address!r} with a worker on {self.task_queue!r}: {why}; "
            "check that the server runs at this address and that a worker runs beside it"
        )
