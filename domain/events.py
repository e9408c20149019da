"""What happened: interactions, outcomes and consent, as an append-only log of facts."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from domain.values import FieldValue, Instant, LeadId, ProductId, RepId, Value


class Channel(StrEnum):
    """A way to reach a lead."""

    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    CHAT = "chat"
    WEB = "web"
    MEETING = "meeting"


class InteractionKind(StrEnum):
    """What a lead or a rep did."""

    PAGE_VIEWED = "page_viewed"
    FORM_SUBMITTED = "form_submitted"
    DOCUMENT_OPENED = "document_opened"
    WEBINAR_ATTENDED = "webinar_attended"
    EMAIL_SENT = "email_sent"
    EMAIL_OPENED = "email_opened"
    EMAIL_CLICKED = "email_clicked"
    EMAIL_REPLIED = "email_replied"
    SMS_SENT = "sms_sent"
    SMS_REPLIED = "sms_replied"
    CALL_ATTEMPTED = "call_attempted"
    CALL_ANSWERED = "call_answered"
    CHAT_MESSAGE = "chat_message"
    APP_OPENED = "app_opened"
    MEETING_BOOKED = "meeting_booked"
    MEETING_ATTENDED = "meeting_attended"
    MEETING_MISSED = "meeting_missed"
    PROPOSAL_SENT = "proposal_sent"
    PROPOSAL_OPENED = "proposal_opened"
    OBJECTION_RAISED = "objection_raised"
    OBJECTION_RESOLVED = "objection_resolved"
    BUDGET_DISCUSSED = "budget_discussed"


OUTBOUND_KINDS = frozenset(
    {
        InteractionKind.EMAIL_SENT,
        InteractionKind.SMS_SENT,
        InteractionKind.CALL_ATTEMPTED,
        InteractionKind.PROPOSAL_SENT,
    }
)
"""Kinds that our side started; every other kind is the lead's own doing or mutual."""

REPLY_KINDS = frozenset(
    {
        InteractionKind.EMAIL_REPLIED,
        InteractionKind.SMS_REPLIED,
        InteractionKind.CALL_ANSWERED,
        InteractionKind.CHAT_MESSAGE,
    }
)
"""Kinds by which a lead answers."""


class Interaction(Value):
    """One event between a lead and us."""

    id: str = Field(min_length=1, max_length=200)
    lead_id: LeadId
    kind: InteractionKind
    at: Instant
    channel: Channel | None = None
    rep_id: RepId | None = None
    product_id: ProductId | None = None
    duration_s: float | None = Field(default=None, ge=0, description="Seconds, for calls, meetings and page views.")
    text: str | None = Field(default=None, max_length=100_000)
    attributes: dict[str, FieldValue] = Field(default_factory=dict, description="user_agent, action_id, and the like.")


class OutcomeKind(StrEnum):
    """How a lead ended."""

    WON = "won"
    LOST = "lost"
    DISQUALIFIED = "disqualified"


class Outcome(Value):
    """The end of a lead's story, at a moment."""

    lead_id: LeadId
    kind: OutcomeKind
    at: Instant
    rep_id: RepId | None = None
    product_id: ProductId | None = None
    value: float | None = Field(default=None, ge=0, description="Deal value in `currency`; won deals only.")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    reason: str | None = None


class Purpose(StrEnum):
    """What a consent is for."""

    MARKETING = "marketing"
    SERVICE = "service"


class ConsentEvent(Value):
    """A grant or a withdrawal of consent for one channel and purpose. `channel=None` means every channel."""

    id: str = Field(min_length=1, max_length=200)
    lead_id: LeadId
    channel: Channel | None
    purpose: Purpose = Purpose.MARKETING
    granted: bool
    at: Instant
    source: str = Field(min_length=1, description="Form, import, reply, API client.")
    proof: str | None = Field(default=None, description="What was shown or said, or where the proof is kept.")
    expires_at: Instant | None = None


def has_refused(events: Sequence[ConsentEvent], purpose: Purpose, *, now: Instant) -> bool:
    """Say whether a lead said no to every channel at once for a purpose, and yes to none of them since.

    Args:
        events: Events of one lead, in any order.
        purpose: The purpose refused.
        now: The moment.
    """
    relevant = [e for e in events if e.purpose == purpose and e.at <= now]
    refusals = [e.at for e in relevant if e.channel is None and not e.granted]
    return bool(refusals) and not any(e.granted and e.at > max(refusals) for e in relevant)


def has_consent(
    events: tuple[ConsentEvent, ...] | list[ConsentEvent], channel: Channel, purpose: Purpose, *, now: Instant
) -> bool:
    """Say whether a channel may be used for a purpose at a moment.

    The newest event about the channel (or about every channel) up to `now` decides; at the same instant a
    withdrawal beats a grant. No event means no consent. A grant past its `expires_at` counts as none.

    Args:
        events: Events of one lead, in any order.
        channel: The channel that would be used.
        purpose: The purpose of the message.
        now: The moment of sending.
    """
    relevant = [e for e in events if e.purpose == purpose and e.channel in (None, channel) and e.at <= now]
    if not relevant:
        return False
    newest = max(relevant, key=lambda e: (e.at, not e.granted))
    return newest.granted and (newest.expires_at is None or now < newest.expires_at)
