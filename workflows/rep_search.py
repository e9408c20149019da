"""How a journey finds its rep: offer after offer, the pool, and what people decide meanwhile. No I/O, no clock."""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.journeys import CloseReason, JourneyPhase
    from domain.values import RepId
    from workflows import names, progress
    from workflows.handlers import Ended
    from workflows.payloads import (
        AnswerRecord,
        EscalationRequest,
        JourneyRun,
        Offer,
        OfferRequest,
        Recorded,
        ReleaseRequest,
        ScoreFacts,
        ScoreRequest,
    )
    from workflows.waiting import JourneyWaiting

LATER = timedelta(hours=1)
"""How long a journey waits when a step could not be taken, or nobody can take the lead; the latter doubles to a day."""

_ANSWERS_RECORDED = "answers-recorded"
"""Patch: what a rep answers to an offer is put on record by an activity."""


class RepSearch(JourneyWaiting):
    """The part of a journey that finds a rep."""

    def __init__(self, start: JourneyRun) -> None:
        """Know when the journey is over, and how its steps are named."""
        super().__init__(start)
        self._started_at = start.started_at or workflow.now()
        self._deadline = self._started_at + timedelta(days=start.settings.max_days)
        self._key = progress.journey_key(start.lead_id, workflow.info().first_execution_run_id)
        self._searches = 0
        info = workflow.info()
        # The first run names its offers by the journey alone, as it always has; a later run must not recall them.
        self._offers_key = self._key if info.run_id == info.first_execution_run_id else f"{self._key}:{info.run_id}"
        self._escalated: datetime | None = None

    async def _find_rep(self) -> None:
        score = await self._do(
            self._record(names.SCORE_LEAD, ScoreRequest(lead_id=self._lead, as_of=workflow.now()), ScoreFacts)
        )
        self._change(p_convert=score.p_convert, temperature=score.temperature, last_decision=score.decision_id)
        self._note(f"scored {score.temperature.value}")
        silent: list[RepId] = []
        rejecting: list[RepId] = []
        offers, patience = 0, LATER
        while self._state.rep_id is None:
            if self._kept_waiting:
                await self._wait_in_pool(patience, None)
                continue
            self._searches += 1
            request = OfferRequest(
                lead_id=self._lead,
                exclude=(*rejecting, *silent),
                key=f"{self._offers_key}:offer:{self._searches}",
                at=workflow.now(),
                patience_s=progress.working_patience_s(self._start.settings, self._state.temperature),
            )
            reroutes = self._reroutes
            offer = await self._do(self._record(names.ASSIGN_LEAD, request, Offer))
            self._change(last_decision=offer.decision_id)
            if self._reroutes != reroutes:
                continue  # what was found is out of date
            if offer.rep_id is None:
                await self._wait_in_pool(patience, offer)
                silent, patience = [], min(2 * patience, timedelta(days=1))
                continue
            accepted = await self._offer_to(offer.rep_id, offer.answer_by)
            if accepted is None and self._reroutes != reroutes:
                continue
            offers += 1
            if accepted:
                return
            if offers >= self._start.settings.max_offers:
                await self._settle_last_offer(offer.rep_id, silent=accepted is None)
                return
            (silent if accepted is None else rejecting).append(offer.rep_id)

    async def _offer_to(self, rep_id: RepId, answer_by: datetime | None) -> bool | None:
        """Offer the lead to a rep. Returns whether he, or the rep whom a person chose, has it; None without an answer."""
        patience = progress.offer_time(self._start.settings, self._state.temperature)
        if answer_by is not None:
            patience = _at_least_0(answer_by - workflow.now())
        self._answer, reroutes = None, self._reroutes
        self._change(phase=JourneyPhase.OFFERED, rep_id=rep_id, next_at=workflow.now() + patience)
        self._note(f"offered to rep {rep_id}")
        if not await self._until(lambda: self._state.phase is not JourneyPhase.OFFERED, patience):
            self._change(phase=JourneyPhase.ARRIVED, rep_id=None, next_at=None)
            self._note(f"rep {rep_id} did not answer")
            return None
        await self._record_answer()
        if self._reroutes != reroutes and self._state.rep_id is None:
            return None
        return self._state.rep_id is not None

    async def _record_answer(self) -> None:
        answer = self._answer
        if answer is None or not workflow.patched(_ANSWERS_RECORDED):
            return
        record = AnswerRecord(
            key=f"{self._offers_key}:offer:{self._searches}",
            lead_id=self._lead,
            rep_id=answer.rep_id,
            at=workflow.now(),
            reason=answer.reason,
            note=answer.note,
            decision_id=self._state.last_decision,
        )
        name = names.RECORD_ACCEPTANCE if answer.accepted else names.RECORD_REJECTION
        await self._do(self._record(name, record, Recorded))

    async def _settle_last_offer(self, rep_id: RepId, *, silent: bool) -> None:
        if not silent:
            request = ReleaseRequest(
                key=self._key, lead_id=self._lead, at=workflow.now(), reason=f"rejected by {rep_id}, the last rep asked"
            )
            await self._do(self._record(names.RELEASE_LEAD, request, Recorded))
            self._end(CloseReason.NO_REP)
            raise Ended
        self._change(phase=JourneyPhase.FOLLOWING_UP, rep_id=rep_id)
        self._note(f"stays with rep {rep_id}, the last one asked")

    async def _wait_in_pool(self, patience: timedelta, offer: Offer | None) -> None:
        """Wait until the lead is given to somebody or it is time to ask again; say so when the deadline passes."""
        self._change(phase=JourneyPhase.POOLED, rep_id=None)
        self._note("nobody can take the lead: waits in the pool")
        left = self._deadline - workflow.now()
        if left <= timedelta(0):
            self._end(CloseReason.NO_REP)
            raise Ended
        again = workflow.now() + min(patience, left)
        reroutes = self._reroutes
        if offer is not None and offer.deadline is not None and offer.deadline < again:
            await self._until(lambda: self._reroutes != reroutes, _at_least_0(offer.deadline - workflow.now()))
            if self._reroutes == reroutes and offer.deadline != self._escalated:
                self._escalated = offer.deadline
                await self._do(self._record(names.ESCALATE_LEAD, EscalationRequest(lead_id=self._lead), Recorded))
                self._note(f"overdue in the pool: {offer.owner} is told")
        if self._reroutes == reroutes:
            await self._until(lambda: self._reroutes != reroutes, _at_least_0(again - workflow.now()))
            self._kept_waiting = False
        if self._state.rep_id is None:
            self._change(phase=JourneyPhase.ARRIVED)


def _at_least_0(wait: timedelta) -> timedelta:
    return max(wait, timedelta(0))
