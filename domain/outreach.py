"""Messages that leave the house: what is sent, under which key, and what came back."""

from enum import StrEnum

from pydantic import Field

from domain.events import Channel, Purpose
from domain.values import DecisionId, Instant, LeadId, Value


class OutboundMessage(Value):
    """A checked text on its way to a lead. The same `key` is sent at most once, ever."""

    key: str = Field(min_length=1, max_length=200, description="Idempotency key: workflow id and step.")
    lead_id: LeadId
    channel: Channel
    purpose: Purpose
    address: str = Field(min_length=1)
    subject: str | None = None
    body: str = Field(min_length=1, max_length=50_000)
    decision_id: DecisionId | None = None


class SendStatus(StrEnum):
    """What became of a message."""

    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"


class SendReceipt(Value):
    """What became of a message, with the proof of consent at that moment."""

    key: str
    status: SendStatus
    at: Instant
    provider: str
    provider_id: str | None = None
    detail: str = ""
    duplicate: bool = Field(default=False, description="True when the key had been sent before; nothing was sent now.")
