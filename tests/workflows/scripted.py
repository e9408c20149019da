"""Doubles for the journey's surroundings: a follow-up graph, a scorer and a matcher that follow a script.

Records and outbox are the real ones: SQLite and a folder.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from temporalio import activity

from connectors.folder_outbox import FolderOutbox
from domain.errors import KnowledgeUnavailableError
from domain.events import Channel, ConsentEvent, Purpose
from domain.journeys import Draft, FollowUpStep, StepAction
from domain.matches import Match
from domain.people import Lead, Rep
from domain.ports import Outbox
from domain.scores import LeadScore, Rung, Temperature
from domain.values import DecisionId, LeadId, Market, RepId
from domain.working_hours import Weekday
from records.database import open_database
from records.repositories import Records
from tests.doubles.routing import RecordingRoutingNews
from tools.matching.desk import MatchingDesk
from tools.matching.tool import MatchingTool
from workflows.activities import JourneyActivities
from workflows.sending import Sender

MARKET = Market("insurance_partners")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class ServerClock:
    """The Temporal server's time at the start of the running activity: virtual where time is skipped."""

    def now(self) -> datetime:
        return activity.info().started_time


@dataclass(frozen=True)
class Scripted:
    """One step of a script; times count from the moment the step is planned."""

    action: StepAction
    wait: timedelta = timedelta(days=2)
    action_id: str | None = "intro_mail"
    channel: str | None = "email"
    send_in: timedelta | None = None
    failure: type[Exception] | None = None


SEND = Scripted(StepAction.SEND)
WAIT = Scripted(StepAction.WAIT, action_id="wait", channel=None)
ASK = Scripted(StepAction.ASK_HUMAN)
CALL = Scripted(StepAction.ASK_HUMAN, action_id="call", channel="phone")
STOP = Scripted(StepAction.STOP, action_id=None, channel=None)
UNAVAILABLE = Scripted(StepAction.WAIT, failure=KnowledgeUnavailableError)
BUG = Scripted(StepAction.WAIT, failure=TypeError)


class ScriptedState(TypedDict, total=False):
    lead_id: str
    market: str
    key: str
    step: int | dict[str, Any]


@dataclass(frozen=True)
class ScriptedNodes:
    """The last step of the script is repeated for ever."""

    script: tuple[Scripted, ...]

    async def take_step(self, state: ScriptedState) -> ScriptedState:
        number = state["step"]
        scripted = self.script[min(number, len(self.script)) - 1]
        if scripted.failure is not None:
            raise scripted.failure("scripted")
        now = ServerClock().now()
        written = scripted.channel in {"email", "sms"}
        step = FollowUpStep(
            action=scripted.action,
            wake_at=now + scripted.wait,
            reason="scripted",
            action_id=scripted.action_id,
            channel=scripted.channel,
            purpose="marketing",
            send_at=None if scripted.send_in is None else now + scripted.send_in,
            draft=Draft(subject=f"Step {number}", body=f"Message {number}", written_by="script") if written else None,
            decision_id=DecisionId(f"nudge-{state['key']}"),
        )
        return {"step": step.model_dump(mode="json")}


def scripted_graph(*script: Scripted) -> Callable[[], StateGraph[Any, Any, Any, Any]]:
    def build() -> StateGraph[Any, Any, Any, Any]:
        builder: StateGraph[Any, Any, Any, Any] = StateGraph(ScriptedState)
        builder.add_node("take_step", ScriptedNodes(script).take_step, metadata={"execute_in": "activity"})
        builder.add_edge(START, "take_step")
        builder.add_edge("take_step", END)
        return builder

    return build


@dataclass(frozen=True)
class ScriptedScorer:
    temperature: Temperature = Temperature.WARM

    async def score_lead(self, lead_id: LeadId, *, as_of: datetime | None = None) -> LeadScore:
        assert as_of is not None
        return LeadScore(
            lead_id=lead_id,
            p_convert=0.2,
            p_low=0.1,
            p_high=0.3,
            points=20,
            base_points=20,
            other_points=0,
            temperature=self.temperature,
            reasons=(),
            rung=Rung.RULES,
            model_version="scripted",
            feature_hash="-",
            as_of=as_of,
            decision_id=DecisionId("score-1"),
        )


class NobodyScores:
    """A scorer that nobody may ask."""

    async def batch_score(
        self, lead_ids: Sequence[LeadId], *, as_of: datetime | None = None, with_reasons: bool = True
    ) -> Sequence[LeadScore]:
        raise AssertionError("nothing is matched here")


@dataclass(frozen=True)
class ScriptedMatcher:
    """Offers the first rep who is not excluded."""

    reps: tuple[str, ...] = ("ana", "ben", "cleo")
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def assign(self, lead_id: LeadId, *, exclude: Sequence[RepId] = (), key: str) -> Match:
        self.asked.append(tuple(exclude))
        free = [rep for rep in self.reps if rep not in exclude]
        return Match(
            lead_id=lead_id,
            rep_id=RepId(free[0]) if free else None,
            reason="scripted",
            considered=(),
            excluded=(),
            model_version="scripted",
            as_of=LONG_AGO,
            decision_id=DecisionId(f"match-{key}"),
        )

    async def propose(self, lead_id: LeadId, *, exclude: Sequence[RepId] = ()) -> Match:
        return await self.assign(lead_id, exclude=exclude, key="proposal")


@dataclass(frozen=True)
class Floor:
    """A place of work: real records in SQLite, a real outbox folder, scripted deciders."""

    home: Path
    records: Records
    outbox: Outbox
    matcher: ScriptedMatcher
    scorer: ScriptedScorer
    news: RecordingRoutingNews

    def activities(self) -> JourneyActivities:
        sender = Sender(
            leads=self.records.leads,
            consents=self.records.consents,
            sends=self.records.sends,
            interactions=self.records.interactions,
            decisions=self.records.decisions,
            outbox=self.outbox,
            clock=ServerClock(),
        )
        return JourneyActivities(
            scorer=self.scorer,
            matcher=self.matcher,
            offers=self.desk(),
            news=self.news,
            assignments=self.records.assignments,
            results=self.records.nudge_results,
            sender=sender,
        )

    def desk(self) -> MatchingDesk:
        """What keeps the answers of reps; it matches nobody here."""
        tool = MatchingTool(
            records=self.records, scorer=NobodyScores(), history=self.records.history, clock=ServerClock()
        )
        return MatchingDesk(tool)

    def mails(self) -> list[str]:
        return sorted(file.name for file in (self.home / "outbox").glob("*.eml"))


@asynccontextmanager
async def open_floor(
    home: Path,
    *,
    outbox: Outbox | None = None,
    reps: tuple[str, ...] = ("ana", "ben", "cleo"),
    temperature: Temperature = Temperature.WARM,
) -> AsyncIterator[Floor]:
    database = await open_database(f"sqlite:///{home / 'leadline.db'}")
    try:
        floor = Floor(
            home=home,
            records=Records.over(database),
            outbox=outbox or FolderOutbox(home / "outbox"),
            matcher=ScriptedMatcher(reps),
            scorer=ScriptedScorer(temperature),
            news=RecordingRoutingNews(),
        )
        for rep in reps:
            await set_hours(floor, rep)
        yield floor
    finally:
        await database.close()


async def add_lead(floor: Floor, lead_id: str = "lead-1", *, consent: bool = True) -> LeadId:
    lead = Lead(
        id=LeadId(lead_id), market=MARKET, created_at=LONG_AGO, source="form", email="lead@example.com", phone=None
    )
    await floor.records.leads.save(lead, at=LONG_AGO)
    if consent:
        await set_consent(floor, lead.id, granted=True, at=LONG_AGO)
    return lead.id


async def set_hours(floor: Floor, rep_id: str, *, start: int = 0, end: int = 24) -> None:
    """Let a rep work every day between two hours of UTC; round the clock if nothing else is said."""
    rep = Rep(
        id=RepId(rep_id), market=MARKET, name=rep_id, work_days=tuple(Weekday), work_start_hour=start, work_end_hour=end
    )
    await floor.records.reps.save(rep)


async def set_consent(floor: Floor, lead_id: LeadId, *, granted: bool, at: datetime) -> None:
    event = ConsentEvent(
        id=f"consent-{lead_id}-{granted}",
        lead_id=lead_id,
        channel=Channel.EMAIL,
        purpose=Purpose.MARKETING,
        granted=granted,
        at=at,
        source="form",
    )
    await floor.records.consents.record(event)
