"""What crosses between the journey, its activities and its next run: small values, references instead of state."""

from typing import Self

from domain.errors import InvalidInputError
from domain.events import Channel, Purpose
from domain.journeys import FollowUpStep, JourneyInput, JourneyState
from domain.people import RejectReason
from domain.scores import Temperature
from domain.values import DecisionId, Instant, LeadId, Probability, RepId, Value


class SentNudge(Value):
    """A nudge that went out and may still be answered."""

    decision_id: DecisionId
    action_id: str


class JourneyRun(JourneyInput):
    """What a run of a journey starts from: its input, and what the run before it remembered.

    One value, because Temporal ignores the types of all arguments when one of them may be None.
    """

    memory: JourneyState | None = None
    last_nudge: SentNudge | None = None


class ScoreRequest(Value):
    """Score a lead as of a moment; the same moment gives the same decision when the activity is retried."""

    lead_id: LeadId
    as_of: Instant


class ScoreFacts(Value):
    """What the journey needs of a score; the reasons stay in the decision log."""

    p_convert: Probability
    temperature: Temperature
    decision_id: DecisionId


class OfferRequest(Value):
    """Find a rep for a lead, leaving out those who were asked.

    Attributes:
        lead_id: The lead.
        exclude: Reps who were asked.
        key: Names the offer.
        at: When it is made; None in histories older than this field.
        patience_s: How long a rep who works then has to answer; None where his working hours do not count.
    """

    lead_id: LeadId
    exclude: tuple[RepId, ...]
    key: str
    at: Instant | None = None
    patience_s: float | None = None


class Offer(Value):
    """The rep found, who may answer until `answer_by`; None leaves the lead in the pool, where `owner` answers for it until `deadline`."""

    rep_id: RepId | None
    decision_id: DecisionId
    deadline: Instant | None = None
    owner: str | None = None
    answer_by: Instant | None = None


class AnswerRecord(Value):
    """A rep took or declined the lead offered to him.

    Attributes:
        key: Names the offer.
        lead_id: The lead.
        rep_id: The rep.
        at: When.
        reason: Why he declined; None when he took it.
        note: What he said.
        decision_id: The match.
    """

    key: str
    lead_id: LeadId
    rep_id: RepId
    at: Instant
    reason: RejectReason | None = None
    note: str | None = None
    decision_id: DecisionId | None = None


class EscalationRequest(Value):
    """A lead has waited in the pool past its deadline."""

    lead_id: LeadId


class ReleaseRequest(Value):
    """Take a lead back from a rep who does not want it."""

    key: str
    lead_id: LeadId
    at: Instant
    reason: str


class StopRecord(Value):
    """Somebody stopped a journey."""

    key: str
    lead_id: LeadId
    at: Instant


class SendRequest(Value):
    """A checked message for a lead. The address is looked up when it is sent, so it never enters a history."""

    key: str
    lead_id: LeadId
    channel: Channel
    purpose: Purpose
    subject: str | None
    body: str
    rep_id: RepId | None = None
    action_id: str | None = None
    decision_id: DecisionId | None = None

    @classmethod
    def of(cls, step: FollowUpStep, *, key: str, lead_id: LeadId, rep_id: RepId | None, body: str | None) -> Self:
        """Ask to send a step's draft, with another body where a person edited it.

        Raises:
            InvalidInputError: If the step has no draft or no channel: a bug of the graph.
        """
        if step.draft is None or step.channel is None:
            raise InvalidInputError("step", step.action_id, "needs a draft and a channel to be sent")
        return cls(
            key=key,
            lead_id=lead_id,
            channel=Channel(step.channel),
            purpose=Purpose(step.purpose or Purpose.MARKETING),
            subject=step.draft.subject,
            body=body or step.draft.body,
            rep_id=rep_id,
            action_id=step.action_id,
            decision_id=step.decision_id,
        )


class ContactRequest(Value):
    """A rep contacted a lead by hand, at the journey's suggestion."""

    key: str
    lead_id: LeadId
    channel: Channel
    at: Instant
    rep_id: RepId | None = None
    action_id: str | None = None
    decision_id: DecisionId | None = None


class WithdrawalRequest(Value):
    """A lead said no."""

    key: str
    lead_id: LeadId


class Recorded(Value):
    """Whether an activity wrote something new; False when it had been done before."""

    new: bool
