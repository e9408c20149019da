"""How a journey's state changes: pure functions from one `JourneyState` to the next. No Temporal, no clock."""

from datetime import datetime, timedelta

from domain.errors import ConflictError
from domain.journeys import Approval, JourneyPhase, JourneySettings, JourneyState, RepAnswer, RepChanged
from domain.scores import Temperature
from domain.values import LeadId, content_hash

LOG_LENGTH = 20
_KEY_PREFIX_CHARS = 100


def journey_key(lead_id: LeadId, first_run_id: str) -> str:
    """Name one journey of a lead: the same over continue-as-new and replay, another when it is started anew.

    Idempotency keys are this plus the number of the step, so the second journey of a lead may send again.
    """
    return f"{lead_id[:_KEY_PREFIX_CHARS]}:{content_hash(lead_id, first_run_id, length=16)}"


def noted(state: JourneyState, text: str, *, at: datetime) -> JourneyState:
    """Add a line to the log and drop the oldest beyond `LOG_LENGTH`. The text holds ids and enums, no personal data."""
    line = f"{at:%Y-%m-%d %H:%M:%S} {text}"
    return state.model_copy(update={"log": (*state.log, line)[-LOG_LENGTH:]})


def check_answer(state: JourneyState, answer: RepAnswer) -> None:
    """Refuse an answer to an offer that does not stand.

    Raises:
        ConflictError: If no offer stands, or it stands for another rep.
    """
    if state.phase is not JourneyPhase.OFFERED:
        raise ConflictError(f"lead {state.lead_id!r} is not on offer: its journey is {state.phase.value!r}")
    if answer.rep_id != state.rep_id:
        raise ConflictError(f"lead {state.lead_id!r} is on offer to rep {state.rep_id!r}, not to {answer.rep_id!r}")


def answered(state: JourneyState, answer: RepAnswer) -> JourneyState:
    """Take a rep's answer: an accepted lead is followed up, a rejected one looks for another rep."""
    if answer.accepted:
        return state.model_copy(update={"phase": JourneyPhase.FOLLOWING_UP, "next_at": None})
    return state.model_copy(update={"phase": JourneyPhase.ARRIVED, "rep_id": None, "next_at": None})


def rerouted(state: JourneyState, change: RepChanged) -> JourneyState:
    """Take note that the lead changed hands.

    The rep whom a person chose has the lead: a search for one is over, and what follows is done in his name. A lead
    that a person put into the pool waits there. A lead that the matcher moved is offered anew.
    """
    if not change.decided and change.rep_id is not None and change.rep_id == state.rep_id:
        return state
    rep_id = change.rep_id if change.decided else None
    if state.phase not in {JourneyPhase.ARRIVED, JourneyPhase.OFFERED, JourneyPhase.POOLED}:
        return state.model_copy(update={"rep_id": rep_id})
    phase = JourneyPhase.ARRIVED if rep_id is None else JourneyPhase.FOLLOWING_UP
    return state.model_copy(update={"phase": phase, "rep_id": rep_id, "next_at": None})


def check_approval(state: JourneyState, approval: Approval) -> None:
    """Refuse an approval of a message that does not wait.

    Raises:
        ConflictError: If no message waits, or another one does.
    """
    if state.pending_approval is None:
        raise ConflictError(f"no message to lead {state.lead_id!r} waits for approval")
    if approval.key != state.pending_approval:
        raise ConflictError(f"message {state.pending_approval!r} waits for approval, not {approval.key!r}")


def offer_time(settings: JourneySettings, temperature: Temperature | None) -> timedelta:
    """Say how long a rep has to answer an offer."""
    hot = temperature is Temperature.HOT
    return timedelta(seconds=settings.hot_accept_timeout_s if hot else settings.accept_timeout_s)


def working_patience_s(settings: JourneySettings, temperature: Temperature | None) -> float | None:
    """Say how many seconds of his working time a rep has to answer an offer; None in a demo, where nobody waits for morning."""
    return offer_time(settings, temperature).total_seconds() if settings.time_scale == 1 else None


def pause(until: datetime, *, now: datetime, deadline: datetime, time_scale: float) -> timedelta:
    """Say how long to sleep, in real time.

    Args:
        until: The moment to wake, on the journey's calendar.
        now: The current moment.
        deadline: The moment, in real time, at which the journey ends anyway.
        time_scale: Real seconds per second of waiting, in (0, 1].

    Returns:
        Never negative, never past the deadline.
    """
    wanted = (until - now) * time_scale
    return max(timedelta(0), min(wanted, deadline - now))
