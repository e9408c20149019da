"""The client side of routing keepers: tells one that the floor changed, and starts it where none runs."""

from dataclasses import dataclass

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from domain.values import Market
from workflows import names
from workflows.calls import bounded_call
from workflows.routing_payloads import RoutingRun, RoutingState


@dataclass(frozen=True)
class TemporalRoutingKeeper:
    """`domain.routing_ports.RoutingKeeper` on Temporal: signal-with-start.

    Attributes:
        client: Connected, or lazy: then the first call connects.
        task_queue: Queue that the workers of routing poll.
        timeout_s: Seconds a call may take before it counts as unavailable.
    """

    client: Client
    task_queue: str = names.ROUTING_QUEUE
    timeout_s: float = 2.0

    async def floor_changed(self, market: Market) -> None:
        """Ask for a sweep. When this returns, the request survives the death of every process.

        Raises:
            WorkflowsUnavailableError: If Temporal does not answer.
        """
        async with bounded_call(self.client, timeout_s=self.timeout_s):
            await self.client.start_workflow(
                names.ROUTING_KEEPER_WORKFLOW,
                RoutingRun(market=market),
                id=names.routing_keeper_id(market),
                task_queue=self.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=names.FLOOR_CHANGED,
            )

    async def state(self, market: Market) -> RoutingState:
        """Say what was done. Raises `WorkflowsUnavailableError`, also where no keeper ever ran."""
        async with bounded_call(self.client, timeout_s=self.timeout_s):
            handle = self.client.get_workflow_handle(names.routing_keeper_id(market))
            state: RoutingState = await handle.query(names.ROUTING_STATE, result_type=RoutingState)
        return state
