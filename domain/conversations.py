"""Messages, what a message says, chat turns and replies."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from domain.values import ConversationId, Instant, LeadId, Market, Probability, RepId, TurnId, Value

MAX_MESSAGE_CHARS = 20_000


class Speaker(StrEnum):
    """Who says it."""

    LEAD = "lead"
    REP = "rep"
    COPILOT = "copilot"


class Message(Value):
    """One utterance."""

    speaker: Speaker
    text: str = Field(max_length=MAX_MESSAGE_CHARS)
    at: Instant | None = None


class Stage(StrEnum):
    """The seven stages of a sales conversation."""

    OPENING = "opening"
    QUALIFICATION = "qualification"
    DISCOVERY = "discovery"
    PRESENTATION = "presentation"
    OBJECTION = "objection"
    NEGOTIATION = "negotiation"
    CLOSING = "closing"


class Signal(Value):
    """An objection or a buying signal, with the words that show it."""

    kind: str
    confidence: Probability
    quote: str = Field(description="The words of the message that show it.")


class Sentiment(Value):
    """How the speaker feels: -1 very negative, 0 neutral, 1 very positive."""

    label: str = Field(pattern=r"^(negative|neutral|positive)$")
    value: float = Field(ge=-1, le=1)


class MessageReading(Value):
    """What one message, or a transcript's last message in its context, says."""

    language: str = Field(description="ISO 639-1, or `und` when the text is too short to tell.")
    intent: str
    intent_confidence: Probability
    sentiment: Sentiment
    objections: tuple[Signal, ...] = ()
    buying_signals: tuple[Signal, ...] = ()
    stage: Stage
    urgency: Probability = 0.0
    opt_out: bool = False
    out_of_office_until: Instant | None = None
    lead_ids: tuple[LeadId, ...] = Field(default=(), description="Lead ids named in the text.")
    model_version: str


class Citation(Value):
    """A source behind a sentence of a reply; `marker` is the number in square brackets in the text."""

    marker: int = Field(ge=1)
    source_id: str = Field(description="Passage id, decision id or interaction id.")
    title: str
    quote: str


class Reply(Value):
    """What the co-pilot says, checked."""

    text: str
    citations: tuple[Citation, ...]
    written_by: str = Field(description="`offline` or the chat model's name.")
    notice: str | None = Field(default=None, description="Said to the reader: offline answer, and why; AI disclosure.")
    review: tuple[str, ...] = Field(default=(), description="What the reviewer found and had mended.")
    abstained: bool = False


class TurnRequest(Value):
    """A rep's message to the co-pilot."""

    turn_id: TurnId = Field(min_length=1, max_length=200)
    conversation_id: ConversationId = Field(min_length=1, max_length=200)
    rep_id: RepId | None = None
    lead_id: LeadId | None = None
    market: Market
    text: str = Field(min_length=1, max_length=MAX_MESSAGE_CHARS)


class TurnStatus(StrEnum):
    """Where a chat turn stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Turn(Value):
    """A stored chat turn."""

    request: TurnRequest
    status: TurnStatus
    started_at: Instant
    finished_at: Instant | None = None
    reply: Reply | None = None


class TurnEvent(Value):
    """One numbered event of a turn, as the client sees it. Numbers start at 1 and have no gaps."""

    number: int = Field(ge=1)
    kind: str = Field(
        description="started, restarted, reading, score, match, passages, nudge, delta, reply, error, done."
    )
    data: dict[str, Any]
