"""The client side of score keepers: tells one that leads changed, and starts it where none runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from domain.rescoring import LeadChange
from domain.values import Market
from workflows import names
from workflows.calls import bounded_call
from workflows.scoring_payloads import KeeperRun, KeeperState, LeadsChanged

CHANGES_PER_SIGNAL = 1_000
"""Most leads in one signal: some 100 KB, where Temporal takes 2 MB."""


@dataclass(frozen=True)
class TemporalScoreKeeper:
    """`domain.scoring_ports.ScoreKeeper` on Temporal: signal-with-start.

    Attributes:
        client: Connected, or lazy: then the first call connects.
        task_queue: Queue that the workers of scoring poll.
        timeout_s: Seconds a call may take before it counts as unavailable.
    """

    client: Client
    task_queue: str = names.SCORING_QUEUE
    timeout_s: float = 5.0

    async def leads_changed(self, market: Market, changes: Sequence[LeadChange]) -> None:
        """Ask to score leads of a market anew. When this returns, the request survives the death of every process.

        Raises:
            WorkflowsUnavailableError: If Temporal does not answer. Some may have been asked; asking again is harmless.
        """
        for begin in range(0, len(changes), CHANGES_PER_SIGNAL):
            news = LeadsChanged(changes=tuple(changes[begin : begin + CHANGES_PER_SIGNAL]))
            async with bounded_call(self.client, timeout_s=self.timeout_s):
                await self.client.start_workflow(
                    names.SCORE_KEEPER_WORKFLOW,
                    KeeperRun(market=market),
                    id=names.score_keeper_id(market),
                    task_queue=self.task_queue,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    start_signal=names.LEADS_CHANGED,
                    start_signal_args=[news],
                )

    async def state(self, market: Market) -> KeeperState:
        """Say what waits and what was done. Raises `WorkflowsUnavailableError`, also where no keeper ever ran."""
        async with bounded_call(self.client, timeout_s=self.timeout_s):
            handle = self.client.get_workflow_handle(names.score_keeper_id(market))
            state: KeeperState = await handle.query(names.KEEPER_STATE, result_type=KeeperState)
        return state
