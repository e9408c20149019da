"""What a journey remembers, and how people and leads change it: query, updates, signals. Starts no activity."""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.events import OutcomeKind
    from domain.journeys import (
        Approval,
        CloseReason,
        JourneyPhase,
        JourneyState,
        OutcomeReached,
        RepAnswer,
        RepChanged,
        ReplyReceived,
    )
    from workflows import names, progress
    from workflows.payloads import JourneyRun

_ENDS = {
    OutcomeKind.WON: CloseReason.WON,
    OutcomeKind.LOST: CloseReason.LOST,
    OutcomeKind.DISQUALIFIED: CloseReason.DISQUALIFIED,
}


class Ended(Exception):  # noqa: N818 - not an error: it carries a journey from wherever it is to its end
    """The journey has a reason to end."""


class JourneyHandlers:
    """The part of a journey that listens.

    Every handler is synchronous and changes `_state`, `_ending` or `_away_until` at once; the main line waits for
    those changes. Nothing that a handler does can be left half done when the journey ends or continues as new.
    """

    def __init__(self, start: JourneyRun) -> None:
        """Remember what the run before this one remembered, or begin."""
        self._state = start.memory or JourneyState(
            lead_id=start.lead_id,
            phase=JourneyPhase.ARRIVED,
            step=start.step,
            rep_id=start.rep_id,
            sent_keys=start.sent_keys,
        )
        self._ending: CloseReason | None = None
        self._approval: Approval | None = None
        self._away_until: datetime | None = None
        self._answer: RepAnswer | None = None
        self._reroutes = 0
        self._kept_waiting = False
        self._told_to_stop = False

    @workflow.query(name=names.JOURNEY_STATE)
    def journey_state(self) -> JourneyState:
        """Say where the journey stands."""
        return self._state

    @workflow.update(name=names.ANSWER_OFFER)
    def answer_offer(self, answer: RepAnswer) -> JourneyState:
        """Take a rep's yes or no."""
        self._answer = answer
        self._state = progress.answered(self._state, answer)
        why = f" ({answer.reason.value})" if answer.reason else ""
        self._note(f"rep {answer.rep_id} {'accepted' if answer.accepted else f'rejected{why}'} the lead")
        return self._state

    @answer_offer.validator
    def check_answer(self, answer: RepAnswer) -> None:
        """Refuse an answer to an offer that does not stand."""
        progress.check_answer(self._state, answer)

    @workflow.update(name=names.APPROVE_NUDGE)
    def approve_nudge(self, approval: Approval) -> JourneyState:
        """Take a person's yes or no to the message that waits."""
        self._approval = approval
        self._change(phase=JourneyPhase.FOLLOWING_UP, pending_approval=None, next_at=None)
        self._note(f"{approval.key} {'approved' if approval.approved else 'declined'}")
        return self._state

    @approve_nudge.validator
    def check_approval(self, approval: Approval) -> None:
        """Refuse an approval of a message that does not wait."""
        progress.check_approval(self._state, approval)

    @workflow.signal(name=names.REPLY_RECEIVED)
    def reply_received(self, reply: ReplyReceived) -> None:
        """Stop: a person takes over. An automatic absence notice only moves the next step to the day of return."""
        if reply.opt_out:
            self._end(CloseReason.OPTED_OUT)
        elif reply.out_of_office_until is not None:
            self._away_until = reply.out_of_office_until
            self._note(f"away until {reply.out_of_office_until:%Y-%m-%d}")
        else:
            self._end(CloseReason.REPLIED)

    @workflow.signal(name=names.OPTED_OUT)
    def opted_out(self) -> None:
        """Stop for good: the lead said no."""
        self._end(CloseReason.OPTED_OUT)

    @workflow.signal(name=names.OUTCOME_REACHED)
    def outcome_reached(self, outcome: OutcomeReached) -> None:
        """Stop: won, lost or disqualified."""
        self._end(_ENDS[outcome.kind])

    @workflow.signal(name=names.REP_CHANGED)
    def rep_changed(self, change: RepChanged) -> None:
        """Follow the lead to its new rep, or look for one."""
        if self._state.phase is not JourneyPhase.CLOSED:
            self._state = progress.rerouted(self._state, change)
            self._reroutes += 1
            self._kept_waiting = change.decided and change.rep_id is None
            self._note(f"{change.by} gave the lead to {f'rep {change.rep_id}' if change.rep_id else 'the pool'}")

    @workflow.signal(name=names.STOP)
    def stop(self) -> None:
        """Stop because someone says so."""
        self._told_to_stop = True
        self._end(CloseReason.STOPPED)

    def _end(self, reason: CloseReason) -> None:
        """Give the journey its end. The first reason stands, but a "no" of the lead overrides every other."""
        if self._ending is None or reason is CloseReason.OPTED_OUT:
            self._ending = reason
            self._note(f"ends: {reason.value}")

    def _raise_if_ending(self) -> None:
        if self._ending is not None:
            raise Ended

    def _change(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        workflow.set_current_details(f"{self._state.phase.value}, step {self._state.step}")

    def _note(self, text: str) -> None:
        self._state = progress.noted(self._state, text, at=workflow.now())
