"""Keeps a market's pool moving. Deterministic: no I/O, no clock, no settings.

A sweep is made after every change of the floor, and when something falls due: a deadline in the pool, the end of an
absence, the moment at which a lead is taken back from a rep who is gone. A change that comes during a sweep asks for
another one. A sweep that fails is made again a minute later, so that no bug stops a market for good.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.policies import SWEEPING
    from workflows.routing_payloads import RoutingRun, RoutingState, SweepRequest, Swept

_SOON = timedelta(seconds=1)
_AFTER_A_FAILURE = timedelta(minutes=1)


@workflow.defn(name=names.ROUTING_KEEPER_WORKFLOW)
class RoutingKeeperWorkflow:
    """Sweeps over one market whenever that may help a waiting lead."""

    @workflow.init
    def __init__(self, start: RoutingRun) -> None:
        """Begin, or go on with what the run before this one left."""
        self._start = start
        self._asked = start.asked
        self._state = start.state or RoutingState(market=start.market)

    @workflow.run
    async def run(self, start: RoutingRun) -> None:
        """Sweep after sweep, for ever."""
        sweeps = 0
        while True:
            await self._wait()
            await self._sweep()
            sweeps += 1
            if sweeps >= start.sweeps_per_run or workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start.model_copy(update={"asked": self._asked, "state": self._state}))

    @workflow.signal(name=names.FLOOR_CHANGED)
    def floor_changed(self) -> None:
        """Take note that the pool is worth another look."""
        self._asked = True

    @workflow.query(name=names.ROUTING_STATE)
    def routing_state(self) -> RoutingState:
        """Say what was done and what is waited for."""
        return self._state

    async def _wait(self) -> None:
        next_at = self._state.next_at
        if next_at is None:
            await workflow.wait_condition(lambda: self._asked)
            return
        try:
            # The clock of who swept may be behind ours: what is due already is looked at again in a second.
            await workflow.wait_condition(lambda: self._asked, timeout=max(next_at - workflow.now(), _SOON))
        except TimeoutError:
            return

    async def _sweep(self) -> None:
        self._asked = False
        number = self._state.sweeps + self._state.failed + 1
        request = SweepRequest(market=self._start.market, key=f"{workflow.info().first_execution_run_id}:{number}")
        try:
            swept: Swept = await workflow.execute_activity(names.SWEEP_MARKET, request, result_type=Swept, **SWEEPING)
        except ActivityError as error:
            if isinstance(error.cause, CancelledError):
                raise
            workflow.logger.warning("sweep_failed", extra={"market": self._start.market, "why": str(error.cause)})
            self._tell(failed=self._state.failed + 1, next_at=self._again_at())
            return
        self._tell(
            sweeps=self._state.sweeps + 1,
            handed=self._state.handed + swept.handed,
            escalated=self._state.escalated + swept.escalated,
            waiting=swept.waiting,
            next_at=swept.next_at,
        )

    def _again_at(self) -> datetime:
        return workflow.now() + _AFTER_A_FAILURE

    def _tell(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        workflow.set_current_details(f"{self._state.handed} handed over, {self._state.waiting} wait")
