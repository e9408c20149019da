"""The durable follow-up of one lead, from arrival to a typed end. Deterministic: no I/O, no clock, no settings."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from domain.errors import LeadlineError
    from domain.events import Channel
    from domain.journeys import (
        CloseReason,
        FollowUpStep,
        JourneyPhase,
        JourneyResult,
        StepAction,
    )
    from domain.nudges import NudgeResult
    from domain.outreach import SendReceipt, SendStatus
    from workflows import names, progress
    from workflows.handlers import Ended
    from workflows.langgraph_plugin import run_follow_up
    from workflows.payloads import (
        ContactRequest,
        JourneyRun,
        Recorded,
        SendRequest,
        SentNudge,
        StopRecord,
        WithdrawalRequest,
    )
    from workflows.policies import SENDING, UNAVAILABLE
    from workflows.rep_search import LATER, RepSearch

STEPS_PER_RUN = 25
"""Steps after which a journey continues as new, long before its history is large."""

_STOPS_RECORDED = "stops-recorded"
"""Patch: that somebody stopped a journey is put on record by an activity."""

_BUGS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LeadlineError,
    LookupError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)


# A bug fails the workflow instead of hanging it. NondeterminismError is not listed: a worker deployed with the wrong
# code must not close the journeys of all leads; they wait until the right code is back.
@workflow.defn(name=names.JOURNEY_WORKFLOW, failure_exception_types=_BUGS)
class LeadJourneyWorkflow(RepSearch):
    """Follows one lead up: score, match, offer, then nudge after nudge until something ends it."""

    @workflow.init
    def __init__(self, start: JourneyRun) -> None:
        """Begin, or go on with what the run before this one remembered."""
        super().__init__(start)
        self._last_nudge = start.last_nudge
        self._silence_due = False

    # -- the main line -----------------------------------------------------------------------------------------

    @workflow.run
    async def run(self, start: JourneyRun) -> JourneyResult:
        """Go through the journey and say how it ended."""
        first_step = self._state.step
        try:
            while True:
                if self._state.rep_id is None:
                    await self._find_rep()
                if self._state.step - first_step >= STEPS_PER_RUN or workflow.info().is_continue_as_new_suggested():
                    await self._continue_as_new()
                await self._take_step()
        except Ended:
            return await self._close()

    async def _take_step(self) -> None:
        self._raise_if_ending()
        number = self._state.step + 1
        if number > self._start.settings.max_steps or workflow.now() >= self._deadline:
            self._end(CloseReason.EXHAUSTED)
            raise Ended
        key = f"{self._key}:{number}"
        self._change(phase=JourneyPhase.FOLLOWING_UP, step=number)
        step = await self._plan(number, key)
        if step is None:
            await self._sleep_until(workflow.now() + LATER)
            return
        self._change(
            last_decision=step.decision_id or self._state.last_decision,
            p_convert=self._state.p_convert if step.p_convert is None else step.p_convert,
            temperature=step.temperature or self._state.temperature,
        )
        self._note(f"step {number}: {step.action.value}" + (f" {step.action_id}" if step.action_id else ""))
        if step.action is StepAction.STOP:
            self._end(CloseReason.STOPPED)
            raise Ended
        if step.action is StepAction.ASK_HUMAN:
            await self._ask_human(step, key)
        elif step.action is StepAction.SEND:
            await self._send(step, key, None)
        await self._sleep_until(step.wake_at)
        if self._silence_due:
            await self._record_result(replied=False)

    async def _plan(self, number: int, key: str) -> FollowUpStep | None:
        state = {"lead_id": self._lead, "market": self._start.market, "step": number, "key": key}
        try:
            result = await self._do(run_follow_up(state))
        except ActivityError as error:
            self._note(f"step {number} not taken: {_what_passes(error)}")
            return None
        return FollowUpStep.model_validate(result["step"])

    async def _ask_human(self, step: FollowUpStep, key: str) -> None:
        patience = timedelta(seconds=self._start.settings.approval_timeout_s)
        self._change(phase=JourneyPhase.AWAITING_APPROVAL, pending_approval=key, next_at=workflow.now() + patience)
        if not await self._until(lambda: self._state.pending_approval is None, patience):
            self._change(phase=JourneyPhase.FOLLOWING_UP, pending_approval=None, next_at=None)
            self._note(f"{key} not sent: nobody answered")
            return
        approval, self._approval = self._approval, None
        if approval is None or not approval.approved:
            return
        if step.channel in {Channel.EMAIL, Channel.SMS}:
            await self._send(step, key, approval.edited_body)
        elif step.channel is not None:
            await self._do(self._record(names.RECORD_CONTACT, self._contact(step, key, step.channel), Recorded))
            self._await_reply(step)

    async def _send(self, step: FollowUpStep, key: str, edited_body: str | None) -> None:
        await self._sleep_until(step.send_at or workflow.now())
        request = SendRequest.of(step, key=key, lead_id=self._lead, rep_id=self._state.rep_id, body=edited_body)
        self._change(phase=JourneyPhase.FOLLOWING_UP, next_at=None)
        await self._do(self._deliver(step, request))

    async def _deliver(self, step: FollowUpStep, request: SendRequest) -> None:
        try:
            receipt = await workflow.execute_activity(names.SEND_MESSAGE, request, result_type=SendReceipt, **SENDING)
        except ActivityError as error:
            self._note(f"{request.key} not sent: {_what_passes(error)}")
            return
        self._note(f"{request.key} {receipt.status.value} by {receipt.provider}")
        if receipt.status is SendStatus.SENT:
            self._change(sent_keys=(*self._state.sent_keys, request.key))
            self._await_reply(step)

    async def _continue_as_new(self) -> None:
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._raise_if_ending()
        state = self._state
        workflow.continue_as_new(
            JourneyRun(
                lead_id=self._lead,
                market=self._start.market,
                settings=self._start.settings,
                rep_id=state.rep_id,
                step=state.step,
                started_at=self._started_at,
                sent_keys=state.sent_keys,
                memory=state,
                last_nudge=self._last_nudge,
            )
        )

    async def _close(self) -> JourneyResult:
        settled: CloseReason | None = None
        # The loop is for an opt-out that arrives while another end is being settled: it has the last word.
        while self._ending is not None and settled is not self._ending:
            settled = self._ending
            self._change(phase=JourneyPhase.CLOSED, close_reason=settled, next_at=None, pending_approval=None)
            if settled is CloseReason.OPTED_OUT:
                request = WithdrawalRequest(key=self._key, lead_id=self._lead)
                await self._record(names.WITHDRAW_CONSENT, request, Recorded)
            if self._stopping is not None:
                await asyncio.gather(self._stopping, return_exceptions=True)
            if settled is CloseReason.STOPPED and self._told_to_stop and workflow.patched(_STOPS_RECORDED):
                stop = StopRecord(key=self._key, lead_id=self._lead, at=workflow.now())
                await self._record(names.RECORD_STOP, stop, Recorded)
            if settled in {CloseReason.REPLIED, CloseReason.OPTED_OUT}:
                await self._record_result(replied=settled is CloseReason.REPLIED)
            await workflow.wait_condition(workflow.all_handlers_finished)
        assert settled is not None
        return JourneyResult(
            lead_id=self._lead,
            reason=settled,
            steps=self._state.step,
            sent=len(self._state.sent_keys),
            rep_id=self._state.rep_id,
        )

    def _await_reply(self, step: FollowUpStep) -> None:
        if step.decision_id is not None and step.action_id is not None:
            self._last_nudge = SentNudge(decision_id=step.decision_id, action_id=step.action_id)
            self._silence_due = True

    async def _record_result(self, *, replied: bool) -> None:
        self._silence_due = False
        if self._last_nudge is None:
            return
        result = NudgeResult(
            decision_id=self._last_nudge.decision_id,
            lead_id=self._lead,
            action_id=self._last_nudge.action_id,
            replied=replied,
            at=workflow.now(),
        )
        await self._record(names.RECORD_RESULT, result, Recorded)

    # -- waiting and ending ------------------------------------------------------------------------------------

    async def _sleep_until(self, moment: datetime) -> None:
        """Sleep on the journey's own calendar (`time_scale`), and longer when the lead turns out to be away."""
        while True:
            away = self._away_until
            delay = progress.pause(
                max(moment, away or moment),
                now=workflow.now(),
                deadline=self._deadline,
                time_scale=self._start.settings.time_scale,
            )
            if delay <= timedelta(0):
                return
            self._change(phase=JourneyPhase.WAITING, next_at=workflow.now() + delay)
            if not await self._until(lambda: self._away_until is not away or self._state.rep_id is None, delay):  # noqa: B023 - awaited in this turn
                return
            if self._state.rep_id is None:
                await self._find_rep()

    # -- small things ------------------------------------------------------------------------------------------

    def _contact(self, step: FollowUpStep, key: str, channel: str) -> ContactRequest:
        return ContactRequest(
            key=key,
            lead_id=self._lead,
            channel=Channel(channel),
            at=workflow.now(),
            rep_id=self._state.rep_id,
            action_id=step.action_id,
            decision_id=step.decision_id,
        )


def _what_passes(error: ActivityError) -> str:
    """Name a trouble that passes by itself; raise the error again when it does not."""
    cause = error.cause
    if isinstance(cause, ActivityTimeoutError):
        return "timeout"
    if isinstance(cause, ApplicationError) and cause.type in UNAVAILABLE:
        return cause.type
    raise error
