"""How one step of a journey ends: send, wait, ask a human or stop. Pure: facts in, `FollowUpStep` out; nothing is sent."""

from datetime import datetime, timedelta

from domain.events import Channel, ConsentEvent, Outcome, Purpose, has_consent
from domain.journeys import Draft, FollowUpStep, StepAction
from domain.nudges import WAIT, Nudge
from domain.scores import LeadScore


def conclude_closed(outcome: Outcome, *, now: datetime) -> FollowUpStep:
    """Stop: the lead's story has ended already."""
    return FollowUpStep(action=StepAction.STOP, wake_at=now, reason=f"the lead is {outcome.kind} already")


def conclude_without_message(nudge: Nudge, score: LeadScore, *, reachable: bool) -> FollowUpStep | None:
    """Wait, or stop where waiting leads nowhere; None when the action needs a message.

    Args:
        nudge: The action chosen.
        score: The lead's score at this step.
        reachable: Whether the lead agreed to any channel at all.
    """
    if nudge.action.id != WAIT:
        return None
    only_waiting = all(option.action_id == WAIT for option in nudge.considered)
    stop = only_waiting and not reachable
    return FollowUpStep(
        action=StepAction.STOP if stop else StepAction.WAIT,
        wake_at=nudge.send_at,
        reason="no consent on any channel, and nothing else is left to do" if stop else nudge.reason,
        action_id=nudge.action.id,
        decision_id=nudge.decision_id,
        p_convert=score.p_convert,
        temperature=score.temperature,
    )


def conclude_with_message(nudge: Nudge, score: LeadScore, draft: Draft, *, passed: bool) -> FollowUpStep:
    """Send a message that passed the review; ask a human where the action or the review wants one.

    Args:
        nudge: The action chosen.
        score: The lead's score at this step.
        draft: The finished message.
        passed: Whether the review found nothing wrong in the end.
    """
    action = nudge.action
    if action.needs_human:
        verdict, reason = StepAction.ASK_HUMAN, f"{action.label} is for a person to do: {nudge.reason}"
    elif not passed:
        verdict, reason = StepAction.ASK_HUMAN, "the review found something to mend; a person decides"
    else:
        verdict, reason = StepAction.SEND, nudge.reason
    return FollowUpStep(
        action=verdict,
        wake_at=nudge.send_at + timedelta(hours=action.wait_hours),
        reason=reason,
        action_id=action.id,
        channel=action.channel,
        purpose=action.purpose,
        send_at=nudge.send_at,
        draft=draft,
        decision_id=nudge.decision_id,
        p_convert=score.p_convert,
        temperature=score.temperature,
    )


def is_reachable(consents: tuple[ConsentEvent, ...], *, now: datetime) -> bool:
    """Say whether a lead agreed to any channel for any purpose at a moment."""
    return any(has_consent(consents, channel, purpose, now=now) for channel in Channel for purpose in Purpose)
