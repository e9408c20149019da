"""A journey: the durable follow-up of one lead. These values cross the workflow boundary, so they stay small."""

from enum import StrEnum

from pydantic import Field

from domain.events import OutcomeKind
from domain.people import RejectReason
from domain.scores import Temperature
from domain.values import DecisionId, Instant, LeadId, Market, Probability, RepId, Value


class JourneySettings(Value):
    """Everything that steers a journey; travels in its input, because a workflow reads no settings."""

    max_steps: int = Field(default=12, ge=1, le=500)
    max_days: float = Field(default=60.0, gt=0)
    accept_timeout_s: float = Field(default=86_400.0, gt=0, description="Seconds a rep has to accept a lead.")
    hot_accept_timeout_s: float = Field(default=120.0, gt=0, description="The same for a hot lead.")
    max_offers: int = Field(default=3, ge=1, description="Reps asked before the lead is accepted for the last one.")
    approval_timeout_s: float = Field(default=259_200.0, gt=0, description="Seconds a rep has to approve a message.")
    time_scale: float = Field(
        default=1.0, gt=0, le=1.0, description="Multiplies waits between steps; 1 in production, tiny in a demo."
    )


class JourneyInput(Value):
    """What a journey starts from."""

    lead_id: LeadId
    market: Market
    settings: JourneySettings = JourneySettings()
    rep_id: RepId | None = Field(default=None, description="Carried over continue-as-new once accepted.")
    step: int = 0
    started_at: Instant | None = None
    sent_keys: tuple[str, ...] = ()


class JourneyPhase(StrEnum):
    """Where a journey stands."""

    ARRIVED = "arrived"
    OFFERED = "offered"
    POOLED = "pooled"
    FOLLOWING_UP = "following_up"
    AWAITING_APPROVAL = "awaiting_approval"
    WAITING = "waiting"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """Why a journey ended."""

    WON = "won"
    LOST = "lost"
    DISQUALIFIED = "disqualified"
    REPLIED = "replied"
    OPTED_OUT = "opted_out"
    EXHAUSTED = "exhausted"
    NO_REP = "no_rep"
    STOPPED = "stopped"


class JourneyState(Value):
    """What a journey answers when asked where it stands."""

    lead_id: LeadId
    phase: JourneyPhase
    step: int
    rep_id: RepId | None = None
    temperature: Temperature | None = None
    p_convert: Probability | None = None
    next_at: Instant | None = None
    pending_approval: str | None = Field(default=None, description="Idempotency key of the message that waits.")
    sent_keys: tuple[str, ...] = ()
    last_decision: DecisionId | None = None
    close_reason: CloseReason | None = None
    log: tuple[str, ...] = Field(default=(), description="The last few things that happened, in words.")


class JourneyResult(Value):
    """How a journey ended."""

    lead_id: LeadId
    reason: CloseReason
    steps: int
    sent: int
    rep_id: RepId | None = None


class StepAction(StrEnum):
    """What one step of a journey comes to."""

    SEND = "send"
    WAIT = "wait"
    ASK_HUMAN = "ask_human"
    STOP = "stop"


class Draft(Value):
    """A checked message, not yet sent."""

    subject: str | None = None
    body: str
    written_by: str
    citations: tuple[str, ...] = Field(default=(), description="Passage ids behind the text.")
    review: tuple[str, ...] = ()


class FollowUpStep(Value):
    """The result of the `follow_up` graph: one step of a journey."""

    action: StepAction
    wake_at: Instant = Field(description="When the journey looks again.")
    reason: str
    action_id: str | None = None
    channel: str | None = None
    purpose: str | None = None
    send_at: Instant | None = None
    draft: Draft | None = None
    decision_id: DecisionId | None = None
    p_convert: Probability | None = None
    temperature: Temperature | None = None


class RepAnswer(Value):
    """A rep accepts or rejects a lead offered."""

    rep_id: RepId
    accepted: bool
    reason: RejectReason | None = None
    note: str | None = Field(default=None, max_length=2_000)


class Approval(Value):
    """A person's answer to a message that waits for approval."""

    key: str
    approved: bool
    by: str = Field(min_length=1)
    edited_body: str | None = Field(default=None, max_length=50_000)


class ReplyReceived(Value):
    """A lead answered. The text itself stays in the interaction log; the journey gets the reference."""

    interaction_id: str
    opt_out: bool = False
    out_of_office_until: Instant | None = None


class RepChanged(Value):
    """A lead was given to another rep, or taken back, while its journey runs."""

    rep_id: RepId | None = Field(description="None: it waits in the pool.")
    by: str = Field(min_length=1, max_length=200)
    decided: bool = Field(
        default=False, description="A person decided it: the rep has the lead. Otherwise it is offered."
    )


class OutcomeReached(Value):
    """A lead was won, lost or disqualified."""

    kind: OutcomeKind
