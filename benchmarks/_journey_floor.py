"""What the journey benchmark runs on: deciders that cost nothing, real records and a real outbox folder.

Apart from `benchmarks.journeys`, because the Temporal plugin needs nodes in a module that can be imported by name.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from connectors.folder_outbox import FolderOutbox
from domain.events import ConsentEvent
from domain.journeys import Draft, FollowUpStep, RepChanged, StepAction
from domain.matches import Match
from domain.people import Lead, RejectReason
from domain.routing import PoolEntry
from domain.scores import LeadScore, Rung, Temperature
from domain.values import DecisionId, LeadId, Market, RepId
from records.database import open_database
from records.repositories import Records
from runtime.clock import SystemClock
from workflows.activities import JourneyActivities
from workflows.sending import Sender

MARKET = Market("insurance_partners")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class StepState(TypedDict, total=False):
    """State of the one-node graph."""

    lead_id: str
    market: str
    key: str
    step: int | dict[str, Any]


@dataclass(frozen=True)
class OneNode:
    """Sends at the first step and waits at every other."""

    async def take_step(self, state: StepState) -> StepState:
        """Decide without deciding."""
        first = state["step"] == 1
        step = FollowUpStep(
            action=StepAction.SEND if first else StepAction.WAIT,
            wake_at=LONG_AGO,
            reason="benchmark",
            action_id="mail" if first else "wait",
            channel="email" if first else None,
            draft=Draft(subject="Hello", body="Text", written_by="benchmark") if first else None,
        )
        return {"step": step.model_dump(mode="json")}


def one_node_graph() -> StateGraph[Any, Any, Any, Any]:
    """Build a fresh graph of one node."""
    builder: StateGraph[Any, Any, Any, Any] = StateGraph(StepState)
    builder.add_node("take_step", OneNode().take_step, metadata={"execute_in": "activity"})
    builder.add_edge(START, "take_step")
    builder.add_edge("take_step", END)
    return builder


@dataclass(frozen=True)
class FreeScorer:
    """Scores without looking."""

    async def score_lead(self, lead_id: LeadId, *, as_of: datetime | None = None) -> LeadScore:
        """Give every lead the same score."""
        return LeadScore(
            lead_id=lead_id,
            p_convert=0.2,
            p_low=0.1,
            p_high=0.3,
            points=20,
            base_points=20,
            other_points=0,
            temperature=Temperature.WARM,
            reasons=(),
            rung=Rung.RULES,
            model_version="benchmark",
            feature_hash="-",
            as_of=as_of or LONG_AGO,
            decision_id=DecisionId("score"),
        )


@dataclass(frozen=True)
class FreeMatcher:
    """Matches without looking."""

    async def assign(self, lead_id: LeadId, *, exclude: Sequence[RepId] = (), key: str) -> Match:
        """Give every lead to the same rep."""
        return Match(
            lead_id=lead_id,
            rep_id=RepId("rep"),
            reason="benchmark",
            considered=(),
            excluded=(),
            model_version="benchmark",
            as_of=LONG_AGO,
            decision_id=DecisionId(f"match-{key}"),
        )

    async def propose(self, lead_id: LeadId, *, exclude: Sequence[RepId] = ()) -> Match:
        """Propose the same rep for every lead."""
        return await self.assign(lead_id, exclude=exclude, key="proposal")


@dataclass(frozen=True)
class NobodyAnswers:
    """Keeps no answer to an offer."""

    async def answers_by(self, rep_id: RepId, *, at: datetime, patience: timedelta) -> datetime:
        return at + patience

    async def accepted(self, lead_id: LeadId, rep_id: RepId, *, at: datetime, key: str) -> bool:
        """Forget that a rep takes a lead."""
        return True

    async def rejected(
        self,
        lead_id: LeadId,
        rep_id: RepId,
        *,
        reason: RejectReason,
        note: str | None,
        decision_id: DecisionId | None,
        at: datetime,
        key: str,
    ) -> bool:
        """Forget that a rep declined a lead."""
        return True

    async def stopped(self, lead_id: LeadId, *, at: datetime, key: str) -> bool:
        """Forget that somebody stopped a journey."""
        return True

    async def waiting(self, lead_id: LeadId) -> PoolEntry | None:
        """Say that no lead waits."""
        return None

    async def escalate(self, lead_id: LeadId) -> bool:
        """Escalate nothing."""
        return False


@dataclass(frozen=True)
class NobodyListens:
    """Passes nothing on."""

    async def floor_changed(self, market: Market) -> None:
        """Tell nobody."""

    async def leads_moved(self, changes: Mapping[LeadId, RepChanged]) -> None:
        """Tell nobody."""


@dataclass(frozen=True)
class JourneyFloor:
    """Activities over SQLite and an outbox folder, and a way to add leads."""

    records: Records
    activities: JourneyActivities
    graph: Callable[[], StateGraph[Any, Any, Any, Any]]

    async def add_lead(self, name: str) -> LeadId:
        """Store a lead that may be written to."""
        lead = Lead(id=LeadId(name), market=MARKET, created_at=LONG_AGO, source="form", email="lead@example.com")
        await self.records.leads.save(lead, at=LONG_AGO)
        consent = ConsentEvent(
            id=f"consent-{name}", lead_id=lead.id, channel=None, granted=True, at=LONG_AGO, source="form"
        )
        await self.records.consents.record(consent)
        return lead.id


@asynccontextmanager
async def open_journey_floor(home: Path) -> AsyncIterator[JourneyFloor]:
    """Open records and outbox in a folder."""
    database = await open_database(f"sqlite:///{home / 'leadline.db'}")
    records = Records.over(database)
    sender = Sender(
        leads=records.leads,
        consents=records.consents,
        sends=records.sends,
        interactions=records.interactions,
        decisions=records.decisions,
        outbox=FolderOutbox(home / "outbox"),
        clock=SystemClock(),
    )
    activities = JourneyActivities(
        scorer=FreeScorer(),
        matcher=FreeMatcher(),
        offers=NobodyAnswers(),
        news=NobodyListens(),
        assignments=records.assignments,
        results=records.nudge_results,
        sender=sender,
    )
    try:
        yield JourneyFloor(records, activities, one_node_graph)
    finally:
        await database.close()
