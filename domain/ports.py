"""Ports: what the inside asks of the outside, as roles. Adapters satisfy them by shape; nothing here does any work.

Every method is idempotent where it says so, and raises the errors of `domain.errors` only.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.conversations import Message, MessageReading, Reply, Turn, TurnEvent, TurnRequest
from domain.decisions import AuditEntry, Decision, Feedback
from domain.events import ConsentEvent, Interaction, Outcome
from domain.journeys import Approval, JourneyInput, JourneyState, OutcomeReached, RepAnswer, RepChanged, ReplyReceived
from domain.knowledge import KnowledgeQuery, SearchResult
from domain.matches import AssignmentRecord, Match
from domain.nudges import Nudge, NudgeResult
from domain.outreach import OutboundMessage, SendReceipt
from domain.people import Lead, Product, Rep
from domain.scores import LeadScore
from domain.values import ConversationId, DecisionId, LeadId, Market, ProductId, RepId, TurnId


class Clock(Protocol):
    """Tells the time. Only `runtime` has the real one."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC."""
        ...


# -- records ---------------------------------------------------------------------------------------------------


class LeadRecords(Protocol):
    """Leads, with every version they ever had."""

    async def get(self, lead_id: LeadId) -> Lead:
        """Return the newest version. Raises `LeadNotFoundError`."""
        ...

    async def save(self, lead: Lead, *, at: datetime) -> bool:
        """Store a new version if it differs from the newest. Returns whether anything was written."""
        ...

    async def newest(self, market: Market | None, *, limit: int) -> tuple[Lead, ...]:
        """Return leads by `created_at`, newest first."""
        ...


class RepRecords(Protocol):
    """Reps."""

    async def get(self, rep_id: RepId) -> Rep:
        """Return a rep. Raises `RepNotFoundError`."""
        ...

    async def save(self, rep: Rep) -> bool:
        """Store a rep. Returns whether anything was written."""
        ...

    async def in_market(self, market: Market) -> tuple[Rep, ...]:
        """Return all reps of a market, the inactive ones too, by id."""
        ...

    async def markets_of(self, rep_ids: Sequence[RepId]) -> frozenset[Market]:
        """Return the markets of those of the reps that exist."""
        ...


class ProductRecords(Protocol):
    """Products."""

    async def get(self, product_id: ProductId) -> Product:
        """Return a product. Raises `ProductNotFoundError`."""
        ...

    async def save(self, product: Product) -> bool:
        """Store a product. Returns whether anything was written."""
        ...

    async def in_market(self, market: Market) -> tuple[Product, ...]:
        """Return all products of a market, by id."""
        ...


class InteractionLog(Protocol):
    """The append-only log of what happened."""

    async def append(self, interactions: Sequence[Interaction]) -> int:
        """Append those whose id is new. Returns how many were written."""
        ...

    async def of_lead(self, lead_id: LeadId, *, before: datetime, limit: int = 200) -> tuple[Interaction, ...]:
        """Return the newest interactions before a moment, in order of time."""
        ...


class OutcomeRecords(Protocol):
    """How leads ended."""

    async def record(self, outcome: Outcome) -> bool:
        """Record an outcome. Returns False when exactly this was known."""
        ...

    async def of_lead(self, lead_id: LeadId) -> Outcome | None:
        """Return the newest outcome, if there is one."""
        ...


class AssignmentRecords(Protocol):
    """Which rep has which lead; append-only."""

    async def record(self, assignment: AssignmentRecord) -> bool:
        """Append an assignment. Idempotent by id."""
        ...

    async def current(self, lead_id: LeadId) -> AssignmentRecord | None:
        """Return the newest assignment, if there is one."""
        ...

    async def current_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, AssignmentRecord]:
        """Return the newest assignment of each lead that ever had one, in few queries."""
        ...

    async def first_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, AssignmentRecord]:
        """Return the oldest assignment to a rep of each lead that a rep ever had, in few queries."""
        ...

    async def open_counts(self, market: Market) -> Mapping[RepId, int]:
        """Count, per rep, the leads assigned now that have no outcome. Reps without any may be absent."""
        ...


class ConsentLedger(Protocol):
    """Grants and withdrawals of consent; append-only."""

    async def record(self, event: ConsentEvent) -> bool:
        """Append an event. Idempotent by id."""
        ...

    async def of_lead(self, lead_id: LeadId) -> tuple[ConsentEvent, ...]:
        """Return all events of a lead, in order of time."""
        ...


class DecisionLog(Protocol):
    """Every decision made; append-only."""

    async def record(self, decision: Decision) -> bool:
        """Append a decision. Idempotent by id."""
        ...

    async def record_many(self, decisions: Sequence[Decision]) -> int:
        """Append decisions in one transaction. Idempotent by id. Returns how many were new."""
        ...

    async def get(self, decision_id: DecisionId) -> Decision:
        """Return a decision. Raises `DecisionNotFoundError`."""
        ...

    async def about(self, subject_id: str, *, limit: int = 50) -> tuple[Decision, ...]:
        """Return the newest decisions about a lead or turn, newest first."""
        ...


class FeedbackRecords(Protocol):
    """What people thought of decisions."""

    async def record(self, feedback: Feedback) -> bool:
        """Store feedback. Idempotent by id."""
        ...

    async def about(self, decision_id: DecisionId) -> tuple[Feedback, ...]:
        """Return feedback on a decision, in order of time."""
        ...


class AuditTrail(Protocol):
    """Who did what; append-only."""

    async def append(self, entry: AuditEntry) -> bool:
        """Append an entry. Idempotent by id."""
        ...

    async def about(self, subject_id: str, *, limit: int = 100) -> tuple[AuditEntry, ...]:
        """Return the newest entries about a subject, newest first."""
        ...


class NudgeResults(Protocol):
    """What came of nudges: the learner's data."""

    async def record(self, result: NudgeResult) -> bool:
        """Record a result. Idempotent by decision id; `replied=True` replaces `replied=False`."""
        ...

    async def counts(self, market: Market) -> Mapping[str, tuple[int, int]]:
        """Return (replies, silences) per action id."""
        ...

    async def sent_to(self, lead_id: LeadId) -> tuple[tuple[str, str, datetime], ...]:
        """Return (action id, channel, sent at) of every message sent to a lead, in order of time."""
        ...


class TurnRecords(Protocol):
    """Chat turns and their numbered events. The request is stored before anything else happens."""

    async def open(self, request: TurnRequest, *, at: datetime) -> Turn:
        """Store a new turn, or return the one stored under this id.

        Raises `TurnConflictError` when the id was used for another request.
        """
        ...

    async def get(self, turn_id: TurnId) -> Turn:
        """Return a turn. Raises `TurnNotFoundError`."""
        ...

    async def append_event(self, turn_id: TurnId, event: TurnEvent) -> bool:
        """Store an event. Idempotent by its number."""
        ...

    async def events_after(self, turn_id: TurnId, number: int) -> tuple[TurnEvent, ...]:
        """Return the events with a greater number, in order."""
        ...

    async def finish(self, turn_id: TurnId, reply: Reply | None, *, at: datetime) -> None:
        """Close a turn: done with a reply, failed without. Idempotent."""
        ...

    async def unfinished(self) -> tuple[Turn, ...]:
        """Return turns still running, oldest first: after a crash they are taken up again."""
        ...

    async def messages(self, conversation_id: ConversationId, *, limit: int = 20) -> tuple[Message, ...]:
        """Return the newest messages of a conversation (rep's and co-pilot's), in order of time."""
        ...


class SendLedger(Protocol):
    """What was sent under which key. The row is written before the provider is called."""

    async def claim(self, message: OutboundMessage, *, at: datetime) -> SendReceipt | None:
        """Reserve a key. Returns the receipt when the key has one already, else None."""
        ...

    async def settle(self, receipt: SendReceipt) -> None:
        """Store what became of a claimed message. Idempotent by key."""
        ...


# -- capabilities ----------------------------------------------------------------------------------------------


class Scorer(Protocol):
    """Scores leads."""

    async def score_lead(self, lead_id: LeadId, *, as_of: datetime | None = None) -> LeadScore:
        """Score a lead as of a moment (now when None) and record the decision. Raises `LeadNotFoundError`."""
        ...


class Matcher(Protocol):
    """Gives leads to reps."""

    async def propose(self, lead_id: LeadId, *, exclude: Sequence[RepId] = ()) -> Match:
        """Say who should take a lead; changes nothing but the decision log. Raises `LeadNotFoundError`."""
        ...

    async def assign(self, lead_id: LeadId, *, exclude: Sequence[RepId] = (), key: str) -> Match:
        """Choose a rep and record the assignment. Idempotent by `key`."""
        ...


class NudgePlanner(Protocol):
    """Chooses the next best action for a lead."""

    async def plan_nudge(self, lead_id: LeadId, *, key: str) -> Nudge:
        """Choose among the eligible actions, `wait` among them, and record the decision with its propensity.

        The same `key` gives the same nudge.
        """
        ...


class Listener(Protocol):
    """Reads what a message says."""

    def read(self, messages: Sequence[Message], *, now: datetime) -> MessageReading:
        """Read the last message in the context of the ones before it. At least one message is needed."""
        ...


class Retriever(Protocol):
    """Finds passages."""

    async def search(self, query: KnowledgeQuery) -> SearchResult:
        """Find passages, best first. An empty result is not an error. Raises `KnowledgeUnavailableError`."""
        ...


class Outbox(Protocol):
    """Sends a message to the outside. Providers that know keys send one message per key."""

    @property
    def name(self) -> str:
        """The provider's name, for receipts."""
        ...

    async def send(self, message: OutboundMessage, *, at: datetime) -> SendReceipt:
        """Send. The same key is delivered once. Raises `OutboxUnavailableError`."""
        ...

    async def receipt_of(self, key: str) -> SendReceipt | None:
        """Return what became of a key, None when it was never tried: what makes a send after a crash safe.

        Raises `OutboxUnavailableError`.
        """
        ...


class ChatModel(Protocol):
    """A large language model that writes text."""

    name: str

    async def write(self, system: str, user: str) -> str:
        """Answer a prompt with text. Raises `LanguageModelError` and nothing else."""
        ...


class Journeys(Protocol):
    """Starts journeys and talks to them. Raises `WorkflowsUnavailableError` when the server does not answer."""

    async def start(self, start: JourneyInput) -> bool:
        """Start the journey of a lead. Returns False when one is running already."""
        ...

    async def state(self, lead_id: LeadId) -> JourneyState:
        """Say where a journey stands; also after it has ended. Raises `JourneyNotFoundError`."""
        ...

    async def answer_offer(self, lead_id: LeadId, answer: RepAnswer) -> JourneyState:
        """Accept or reject a lead for a rep. Raises `JourneyNotFoundError`, `JourneyClosedError`, `ConflictError`."""
        ...

    async def approve(self, lead_id: LeadId, approval: Approval) -> JourneyState:
        """Approve or decline a message that waits. Raises as `answer_offer`."""
        ...

    async def reply_received(self, lead_id: LeadId, reply: ReplyReceived) -> None:
        """Tell a journey that the lead answered. Raises `JourneyNotFoundError`."""
        ...

    async def opted_out(self, lead_id: LeadId) -> None:
        """Tell a journey that the lead said no. Raises `JourneyNotFoundError`."""
        ...

    async def rep_changed(self, lead_id: LeadId, change: RepChanged) -> None:
        """Tell a journey that its lead changed hands. Raises `JourneyNotFoundError`."""
        ...

    async def outcome_reached(self, lead_id: LeadId, outcome: OutcomeReached) -> None:
        """Tell a journey how the lead ended. Raises `JourneyNotFoundError`."""
        ...

    async def stop(self, lead_id: LeadId) -> None:
        """End a journey because someone says so. Raises `JourneyNotFoundError`."""
        ...
