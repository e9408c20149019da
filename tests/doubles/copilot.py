"""Doubles of the ports that the co-pilot's specialists use, and sample findings of one lead."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.chat_model import ToolCall
from domain.conversations import (
    Message,
    MessageReading,
    Reply,
    Sentiment,
    Speaker,
    Stage,
    Turn,
    TurnEvent,
    TurnRequest,
    TurnStatus,
)
from domain.decisions import Decision
from domain.errors import LeadlineError, LeadNotFoundError, TurnConflictError, TurnNotFoundError
from domain.events import Channel, ConsentEvent, Interaction, InteractionKind, Outcome
from domain.knowledge import Hit, KnowledgeQuery, Passage, SearchResult
from domain.matches import Candidate, Exclusion, Match
from domain.nudges import Nudge, NudgeAction, NudgeExclusion, NudgeOption
from domain.people import Lead
from domain.scores import LeadScore, Reason, Rung, Temperature
from domain.values import ConversationId, DecisionId, LeadId, Market, RepId, TurnId

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
MARKET = Market("insurance_partners")
LEAD_ID = LeadId("L-7")


@dataclass
class FrozenClock:
    """Stands still unless moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


class ScriptedChatModel:
    """Answers with the steps given, in order: a text is said, an error is raised. Fails on a call too many."""

    name = "scripted-model"

    def __init__(self, steps: Sequence[str | LeadlineError]) -> None:
        self.steps = list(steps)
        self.asked: list[tuple[str, str]] = []

    async def write(self, system: str, user: str) -> str:
        assert self.steps, f"unexpected call of the chat model: {user[:200]}"
        self.asked.append((system, user))
        step = self.steps.pop(0)
        if isinstance(step, LeadlineError):
            raise step
        return step

    def assert_used_up(self) -> None:
        assert self.steps == [], f"steps never asked for: {self.steps}"


@dataclass
class ScriptedChooser:
    """Proposes the tools given."""

    names: tuple[str, ...] = ()
    error: LeadlineError | None = None
    asked: list[str] = field(default_factory=list)

    async def choose_tools(self, system: str, user: str, tools: Sequence[dict[str, Any]]) -> tuple[ToolCall, ...]:
        self.asked.append(user)
        if self.error is not None:
            raise self.error
        return tuple(ToolCall(name=name, arguments={}) for name in self.names)


def reading(
    intent: str, *, confidence: float = 0.9, lead_ids: tuple[str, ...] = (), language: str = "en"
) -> MessageReading:
    return MessageReading(
        language=language,
        intent=intent,
        intent_confidence=confidence,
        sentiment=Sentiment(label="neutral", value=0.0),
        stage=Stage.DISCOVERY,
        lead_ids=tuple(LeadId(i) for i in lead_ids),
        model_version="listener-1",
    )


@dataclass
class FakeListener:
    """Reads each text as told; an unknown text is an error of the test."""

    readings: dict[str, MessageReading]
    heard: list[tuple[str, ...]] = field(default_factory=list)

    def read(self, messages: Sequence[Message], *, now: datetime) -> MessageReading:
        self.heard.append(tuple(m.text for m in messages))
        return self.readings[messages[-1].text]


def a_score(lead_id: LeadId = LEAD_ID, *, p: float = 0.62) -> LeadScore:
    return LeadScore(
        lead_id=lead_id,
        p_convert=p,
        p_low=0.54,
        p_high=0.70,
        points=100 * p,
        base_points=14.0,
        other_points=2.0,
        temperature=Temperature.HOT,
        expected_value=1240.4,
        currency="USD",
        reasons=(
            Reason(feature="pricing_views", points=21.4, text="opened the pricing page 3 times this week"),
            Reason(feature="reply_speed", points=12.2, text="answered the last email within 2 hours"),
            Reason(feature="region", points=-4.1, text="few deals are won in this region"),
        ),
        rung=Rung.GBM,
        model_version="gbm-2026-11",
        feature_hash="f00d",
        as_of=NOW,
        decision_id=DecisionId("score-1"),
    )


def a_match(lead_id: LeadId = LEAD_ID, *, rep_id: str | None = "R-2") -> Match:
    return Match(
        lead_id=lead_id,
        rep_id=RepId(rep_id) if rep_id else None,
        rep_name="Ana Ruiz" if rep_id else None,
        p_convert=0.66 if rep_id else None,
        reason="best with this product and speaks Spanish" if rep_id else "every eligible rep is at capacity",
        considered=(
            Candidate(rep_id=RepId("R-2"), p_convert=0.66, utility=1.2, terms={"fit": 1.2}),
            Candidate(rep_id=RepId("R-5"), p_convert=0.58, utility=0.9, terms={"fit": 0.9}),
        ),
        excluded=(Exclusion(rep_id=RepId("R-1"), rule="capacity", detail="20 of 20 leads open"),),
        model_version="affinity-1",
        as_of=NOW,
        decision_id=DecisionId("match-1"),
    )


def an_action(action_id: str = "email_value", **changes: Any) -> NudgeAction:
    values: dict[str, Any] = {
        "id": action_id,
        "market": MARKET,
        "label": "Email with the main benefit",
        "channel": Channel.EMAIL,
        "brief": "Say what the policy covers and offer a call.",
        "query": "what does the policy cover",
        "wait_hours": 72.0,
    }
    return NudgeAction(**{**values, **changes})


def a_wait() -> NudgeAction:
    return an_action("wait", label="Wait", channel=None, brief="", query="", wait_hours=24.0)


def a_nudge(action: NudgeAction | None = None, *, options: tuple[str, ...] | None = None) -> Nudge:
    action = action or an_action()
    return Nudge(
        lead_id=LEAD_ID,
        action=action,
        send_at=NOW + timedelta(hours=18),
        propensity=0.7,
        considered=tuple(
            NudgeOption(action_id=i, propensity=0.5, expected_gain=0.18) for i in options or (action.id, "wait")
        ),
        excluded=(NudgeExclusion(action_id="sms_short", rule="consent", detail="no consent for SMS"),),
        reason="it answered emails before",
        policy_version="thompson-3",
        decision_id=DecisionId("nudge-1"),
    )


PASSAGE_TEXTS = {
    "p-cover": (
        "## What is covered\n\nThe Partner Shield policy covers theft and water damage up to 50,000 USD. "
        "The deductible is 500 USD for each claim. Claims are settled within 10 working days."
    ),
    "p-expensive": (
        "### Too expensive\n\n- Acknowledge the concern before you answer it. "
        "\n- Compare the yearly cost of 480 USD with the cost of one uninsured water damage."
    ),
}


def a_passage(passage_id: str = "p-cover", **changes: Any) -> Passage:
    values: dict[str, Any] = {
        "id": passage_id,
        "document_id": f"doc-{passage_id}",
        "title": "Partner Shield" if passage_id == "p-cover" else "Objection guide",
        "heading": "What is covered" if passage_id == "p-cover" else "Too expensive",
        "text": PASSAGE_TEXTS.get(passage_id, ""),
        "market": MARKET,
        "kind": "product" if passage_id == "p-cover" else "objection_guide",
        "source": f"{passage_id}.md",
    }
    return Passage(**{**values, **changes})


def a_search(*passages: Passage, confident: bool = True) -> SearchResult:
    hits = tuple(Hit(passage=p, score=0.9 - 0.1 * i) for i, p in enumerate(passages))
    return SearchResult(hits=hits, corpus_version="corpus-9", confident=confident)


def a_lead(**changes: Any) -> Lead:
    values: dict[str, Any] = {
        "id": LEAD_ID,
        "market": MARKET,
        "created_at": NOW - timedelta(days=9),
        "source": "webinar",
        "name": "Maria Lopez",
        "company": "Lopez Broker",
        "email": "maria@example.com",
        "region": "south",
    }
    return Lead(**{**values, **changes})


def an_interaction(number: int, kind: InteractionKind, text: str | None = None) -> Interaction:
    return Interaction(
        id=f"i-{number}",
        lead_id=LEAD_ID,
        kind=kind,
        at=NOW - timedelta(days=5 - number),
        channel=Channel.EMAIL,
        text=text,
    )


@dataclass
class FakeScorer:
    score: LeadScore = field(default_factory=a_score)
    error: LeadlineError | None = None
    asked: list[str] = field(default_factory=list)

    async def score_lead(self, lead_id: LeadId, *, as_of: datetime | None = None) -> LeadScore:
        self.asked.append(lead_id)
        if self.error is not None:
            raise self.error
        if lead_id != self.score.lead_id:
            raise LeadNotFoundError(lead_id)
        return self.score


@dataclass
class FakeMatcher:
    match: Match = field(default_factory=a_match)

    async def propose(self, lead_id: LeadId, *, exclude: Sequence[RepId] = ()) -> Match:
        if lead_id != self.match.lead_id:
            raise LeadNotFoundError(lead_id)
        return self.match

    async def assign(self, lead_id: LeadId, *, exclude: Sequence[RepId] = (), key: str) -> Match:
        raise AssertionError("a chat assigns nobody")


@dataclass
class FakeNudgePlanner:
    nudge: Nudge = field(default_factory=a_nudge)
    keys: list[str] = field(default_factory=list)

    async def plan_nudge(self, lead_id: LeadId, *, key: str) -> Nudge:
        self.keys.append(key)
        if lead_id != self.nudge.lead_id:
            raise LeadNotFoundError(lead_id)
        return self.nudge


@dataclass
class FakeRetriever:
    result: SearchResult = field(default_factory=lambda: a_search(a_passage("p-cover"), a_passage("p-expensive")))
    error: LeadlineError | None = None
    queries: list[KnowledgeQuery] = field(default_factory=list)

    async def search(self, query: KnowledgeQuery) -> SearchResult:
        self.queries.append(query)
        if self.error is not None:
            raise self.error
        return self.result


@dataclass
class FakeLeads:
    leads: dict[str, Lead] = field(default_factory=lambda: {LEAD_ID: a_lead()})

    async def get(self, lead_id: LeadId) -> Lead:
        if lead_id not in self.leads:
            raise LeadNotFoundError(lead_id)
        return self.leads[lead_id]

    async def save(self, lead: Lead, *, at: datetime) -> bool:
        self.leads[lead.id] = lead
        return True

    async def newest(self, market: Market | None, *, limit: int) -> tuple[Lead, ...]:
        return tuple(self.leads.values())[:limit]


@dataclass
class FakeInteractions:
    log: tuple[Interaction, ...] = ()

    async def append(self, interactions: Sequence[Interaction]) -> int:
        self.log += tuple(interactions)
        return len(interactions)

    async def of_lead(self, lead_id: LeadId, *, before: datetime, limit: int = 200) -> tuple[Interaction, ...]:
        return tuple(one for one in self.log if one.lead_id == lead_id and one.at < before)[-limit:]


@dataclass
class FakeOutcomes:
    outcome: Outcome | None = None

    async def record(self, outcome: Outcome) -> bool:
        self.outcome = outcome
        return True

    async def of_lead(self, lead_id: LeadId) -> Outcome | None:
        return self.outcome


@dataclass
class FakeConsents:
    events: tuple[ConsentEvent, ...] = ()

    async def record(self, event: ConsentEvent) -> bool:
        self.events += (event,)
        return True

    async def of_lead(self, lead_id: LeadId) -> tuple[ConsentEvent, ...]:
        return self.events


@dataclass
class FakeDecisions:
    stored: dict[str, Decision] = field(default_factory=dict)

    async def record(self, decision: Decision) -> bool:
        new = decision.id not in self.stored
        self.stored.setdefault(decision.id, decision)
        return new

    async def record_many(self, decisions: Sequence[Decision]) -> int:
        return sum([await self.record(decision) for decision in decisions])

    async def get(self, decision_id: DecisionId) -> Decision:
        return self.stored[decision_id]

    async def about(self, subject_id: str, *, limit: int = 50) -> tuple[Decision, ...]:
        return tuple(d for d in self.stored.values() if d.subject_id == subject_id)[:limit]


@dataclass
class FakeTurns:
    """Turn records in memory. `dies_after` raises once that many events are stored, as `kill -9` would."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    turns: dict[str, Turn] = field(default_factory=dict)
    events: dict[str, list[TurnEvent]] = field(default_factory=dict)
    error: LeadlineError | None = None

    async def open(self, request: TurnRequest, *, at: datetime) -> Turn:
        if self.error is not None:
            raise self.error
        known = self.turns.get(request.turn_id)
        if known is None:
            known = self.turns[request.turn_id] = Turn(request=request, status=TurnStatus.RUNNING, started_at=at)
            self.events[request.turn_id] = []
        if known.request != request:
            raise TurnConflictError(request.turn_id)
        return known

    async def get(self, turn_id: TurnId) -> Turn:
        if turn_id not in self.turns:
            raise TurnNotFoundError(turn_id)
        return self.turns[turn_id]

    async def append_event(self, turn_id: TurnId, event: TurnEvent) -> bool:
        if self.error is not None:
            raise self.error
        stored = self.events[turn_id]
        if any(known.number == event.number for known in stored):
            return False
        stored.append(event)
        return True

    async def events_after(self, turn_id: TurnId, number: int) -> tuple[TurnEvent, ...]:
        return tuple(event for event in self.events.get(turn_id, []) if event.number > number)

    async def finish(self, turn_id: TurnId, reply: Reply | None, *, at: datetime) -> None:
        turn = self.turns[turn_id]
        if turn.status == TurnStatus.RUNNING:
            status = TurnStatus.DONE if reply is not None else TurnStatus.FAILED
            self.turns[turn_id] = turn.model_copy(update={"status": status, "reply": reply, "finished_at": at})

    async def unfinished(self) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.turns.values() if turn.status == TurnStatus.RUNNING)

    async def messages(self, conversation_id: ConversationId, *, limit: int = 20) -> tuple[Message, ...]:
        said: list[Message] = []
        for turn in self.turns.values():
            if turn.request.conversation_id == conversation_id:
                said.append(Message(speaker=Speaker.REP, text=turn.request.text, at=turn.started_at))
                if turn.reply is not None:
                    said.append(Message(speaker=Speaker.COPILOT, text=turn.reply.text, at=turn.finished_at))
        return tuple(said[-limit:])
