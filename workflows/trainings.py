"""The client side of trainings: starts one, and keeps the nightly schedule. Trains nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import (
    Client,
    RPCError,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCStatusCode

from domain.rescoring import ModelUpdate
from domain.values import Market
from workflows import names
from workflows.calls import bounded_call
from workflows.scoring_payloads import NightlyTraining, TrainingRequest

_CATCH_UP = timedelta(hours=23)
"""A machine that slept through the hour trains when it is back."""


@dataclass(frozen=True)
class TemporalTrainings:
    """`domain.scoring_ports.Trainings` on Temporal.

    Attributes:
        client: Connected, or lazy: then the first call connects.
        task_queue: Queue that the workers of scoring poll.
        timeout_s: Seconds a call may take before it counts as unavailable.
        schedule_id: Name of the nightly schedule.
    """

    client: Client
    task_queue: str = names.SCORING_QUEUE
    timeout_s: float = 5.0
    schedule_id: str = names.NIGHTLY_TRAINING

    async def start(self, market: Market) -> str:
        """Start to train a market's model and return the id of the training; one that runs already goes on."""
        async with bounded_call(self.client, timeout_s=self.timeout_s):
            handle = await self.client.start_workflow(
                names.SCORING_TRAINING_WORKFLOW,
                TrainingRequest(market=market),
                id=names.training_id(market),
                task_queue=self.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
        return handle.id

    async def result(self, market: Market) -> ModelUpdate:
        """Wait for the newest training of a market. Raises what Temporal raises."""
        handle = self.client.get_workflow_handle(names.training_id(market), result_type=ModelUpdate)
        update: ModelUpdate = await handle.result()
        return update

    async def keep_schedule(self, markets: Sequence[Market], *, hour_utc: int) -> None:
        """Make the nightly schedule what it should be, whether there is one or not. A paused one stays paused.

        Args:
            markets: Which models are trained, one after the other.
            hour_utc: The hour of day, 0 to 23.
        """
        wanted = self._schedule(markets, hour_utc)

        async def amend(current: ScheduleUpdateInput) -> ScheduleUpdate:
            wanted.state = current.description.schedule.state
            return ScheduleUpdate(schedule=wanted)

        async with bounded_call(self.client, timeout_s=self.timeout_s):
            try:
                await self.client.create_schedule(self.schedule_id, wanted)
            except ScheduleAlreadyRunningError:
                await self.client.get_schedule_handle(self.schedule_id).update(amend)

    async def drop_schedule(self) -> None:
        """Remove the nightly schedule, if there is one."""
        async with bounded_call(self.client, timeout_s=self.timeout_s):
            try:
                await self.client.get_schedule_handle(self.schedule_id).delete()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise

    def _schedule(self, markets: Sequence[Market], hour_utc: int) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                names.NIGHTLY_TRAINING_WORKFLOW,
                NightlyTraining(markets=tuple(markets)),
                id=self.schedule_id,
                task_queue=self.task_queue,
            ),
            spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(hour_utc)])]),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        )
