"""Doubles of the ports that the co-pilot's specialists use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agents.chat_model import ToolCall
from domain.conversations import (
    Message,
    MessageReading,
    Reply,
    Speaker,
    Turn,
    TurnEvent,
    TurnRequest,
    TurnStatus,
)
from domain.decisions import Decision
from domain.errors import LeadlineError, LeadNotFoundError, TurnConflictError, TurnNotFoundError
from domain.events import ConsentEvent, Interaction, Outcome
from domain.knowledge import KnowledgeQuery, SearchResult
from domain.matches import Match
from domain.nudges import Nudge
from domain.people import Lead
from domain.scores import LeadScore
from domain.values import ConversationId, DecisionId, LeadId, Market, RepId, TurnId
from tests.doubles.samples import LEAD_ID, NOW, a_lead, a_match, a_nudge, a_passage, a_score, a_search


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


@dataclass
class FakeListener:
    """Reads each text as told; an unknown text is an error of the test."""

    readings: dict[str, MessageReading]
    heard: list[tuple[str, ...]] = field(default_factory=list)

    def read(self, messages: Sequence[Message], *, now: datetime) -> MessageReading:
        self.heard.append(tuple(m.text for m in messages))
        return self.readings[messages[-1].text]


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
