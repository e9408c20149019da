"""Keeps a market's recorded scores up to date. Deterministic: no I/O, no clock, no settings.

Whoever changed is in `_pending` until a batch with it is done. A change that comes while its lead is being scored puts
it there again, so no event is left out of the newest score. A bug in this workflow holds it until the right code is
back, instead of failing it: what is pending is lost to nobody.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError

with workflow.unsafe.imports_passed_through():
    from domain.rescoring import LeadChange, Rescored
    from domain.values import LeadId
    from workflows import names
    from workflows.policies import RESCORING
    from workflows.scoring_payloads import KeeperRun, KeeperState, LeadsChanged, RescoreRequest

_INSTANT = timedelta(microseconds=1)


@workflow.defn(name=names.SCORE_KEEPER_WORKFLOW)
class ScoreKeeperWorkflow:
    """Scores the leads of one market anew when something happened to them: the first at once, the rest in batches."""

    @workflow.init
    def __init__(self, start: KeeperRun) -> None:
        """Begin, or go on with what the run before this one left."""
        self._start = start
        self._pending: dict[LeadId, LeadChange] = {change.lead_id: change for change in start.pending}
        self._state = start.state or KeeperState(market=start.market)

    @workflow.run
    async def run(self, start: KeeperRun) -> None:
        """Score batch after batch, for ever."""
        batches = 0
        while True:
            await workflow.wait_condition(lambda: bool(self._pending))
            await self._score_batch()
            batches += 1
            if batches >= start.batches_per_run or workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                left = {"pending": tuple(self._pending.values()), "state": self._state}
                workflow.continue_as_new(start.model_copy(update=left))

    @workflow.signal(name=names.LEADS_CHANGED)
    def leads_changed(self, news: LeadsChanged) -> None:
        """Take note of leads to score anew; a lead that waits already waits once."""
        for change in news.changes:
            known = self._pending.get(change.lead_id)
            if known is None or known.at < change.at:
                self._pending[change.lead_id] = change

    @workflow.query(name=names.KEEPER_STATE)
    def keeper_state(self) -> KeeperState:
        """Say what waits and what was done."""
        return self._state.model_copy(update={"pending": len(self._pending)})

    async def _score_batch(self) -> None:
        batch = list(self._pending.values())[: self._start.leads_per_batch]
        for change in batch:
            del self._pending[change.lead_id]
        # A score knows what happened strictly before its moment, and the clock of whoever told us may be ahead of ours.
        as_of = max(workflow.now(), max(change.at for change in batch) + _INSTANT)
        await self._score(tuple(change.lead_id for change in batch), as_of)
        self._tell(batches=self._state.batches + 1)

    async def _score(self, lead_ids: tuple[LeadId, ...], as_of: datetime) -> None:
        """Score leads; of those that fail for good, each half on its own, until only what is broken is left out."""
        request = RescoreRequest(lead_ids=lead_ids, as_of=as_of)
        try:
            done = await workflow.execute_activity(names.RESCORE_LEADS, request, result_type=Rescored, **RESCORING)
        except ActivityError as error:
            if isinstance(error.cause, CancelledError):
                raise
            if len(lead_ids) == 1:
                workflow.logger.warning("rescoring_failed", extra={"lead_id": lead_ids[0], "why": str(error.cause)})
                self._tell(failed=self._state.failed + 1)
                return
            middle = len(lead_ids) // 2
            await self._score(lead_ids[:middle], as_of)
            await self._score(lead_ids[middle:], as_of)
            return
        before = self._state.done
        self._tell(
            done=Rescored(
                scored=before.scored + done.scored,
                ended=before.ended + done.ended,
                missing=before.missing + done.missing,
            )
        )

    def _tell(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        workflow.set_current_details(f"{self._state.done.scored} scored, {self._state.failed} failed")
