"""The real `follow_up` graph over the real tools and records; only the knowledge base is a double with one passage."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langgraph.graph import StateGraph

from agents.lead_analyst import LeadAnalystNodes
from agents.lead_check import LeadCheckNodes
from agents.message_reviewer import MessageReviewerNodes
from agents.message_writer import MessageWriterNodes
from agents.nudge_planner import NudgePlannerNodes
from agents.researcher import ResearcherNodes
from connectors.folder_outbox import FolderOutbox
from domain.events import ConsentEvent
from domain.knowledge import Hit, KnowledgeQuery, Passage, SearchResult
from domain.people import Lead, Product, Rep
from domain.ports import Clock
from domain.routing import RoutingPolicy
from domain.routing_ports import RoutingNews
from domain.values import LeadId, Market, ProductId, RepId
from graphs.follow_up import FollowUpNodes, build_follow_up_graph
from records.repositories import Records
from tests.doubles.routing import RecordingRoutingNews
from tools.matching.balancing import Balancer
from tools.matching.desk import MatchingDesk
from tools.matching.tool import MatchingTool
from tools.nudges.catalogue import load_catalogues
from tools.nudges.tool import NudgeTool
from tools.scoring.registry import FileModelRegistry
from tools.scoring.tool import ScoringTool
from workflows.activities import JourneyActivities
from workflows.sending import Sender

MARKET = Market("insurance_partners")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OnePassage:
    """A knowledge base that knows one thing."""

    async def search(self, query: KnowledgeQuery) -> SearchResult:
        passage = Passage(
            id="p-1",
            document_id="d-1",
            title="Partner programme",
            heading="Appointment",
            text="An agency is appointed after we have seen its licence and its error-and-omissions cover.",
            market=query.market,
            kind="product",
            source="programme.md",
        )
        return SearchResult(hits=(Hit(passage=passage, score=0.9),), corpus_version="c-1", confident=True)


@dataclass(frozen=True)
class WholeHouse:
    activities: JourneyActivities
    balancer: Balancer
    follow_up_graph: Callable[[], StateGraph[Any, Any, Any, Any]]


def build_house(
    records: Records,
    home: Path,
    clock: Clock,
    *,
    news: RoutingNews | None = None,
    policy: RoutingPolicy = RoutingPolicy(),  # noqa: B008 - frozen
) -> WholeHouse:
    scorer = ScoringTool.over(
        history=records.history,
        leads=records.leads,
        decisions=records.decisions,
        scores=records.scores,
        overrides=records.overrides,
        consents=records.consents,
        registry=FileModelRegistry(home / "models"),
        clock=clock,
    )
    matcher = MatchingTool(records=records, scorer=scorer, history=records.history, clock=clock, policy=policy)
    desk = MatchingDesk(matcher)
    planner = NudgeTool(
        leads=records.leads,
        consents=records.consents,
        interactions=records.interactions,
        outcomes=records.outcomes,
        nudge_results=records.nudge_results,
        decisions=records.decisions,
        scorer=scorer,
        clock=clock,
        catalogues=load_catalogues(),
    )
    nodes = FollowUpNodes(
        lead_check=LeadCheckNodes(records.leads, records.outcomes, records.consents, clock),
        lead_analyst=LeadAnalystNodes(scorer),
        nudge_planner=NudgePlannerNodes(planner),
        researcher=ResearcherNodes(OnePassage(), records.leads, records.interactions, clock),
        message_writer=MessageWriterNodes(chat_model=None),
        message_reviewer=MessageReviewerNodes(records.decisions, clock, sender="Ana Alvarez"),
    )
    sender = Sender(
        leads=records.leads,
        consents=records.consents,
        sends=records.sends,
        interactions=records.interactions,
        decisions=records.decisions,
        outbox=FolderOutbox(home / "outbox"),
        clock=clock,
    )
    activities = JourneyActivities(
        scorer=scorer,
        matcher=matcher,
        offers=desk,
        news=news or RecordingRoutingNews(),
        assignments=records.assignments,
        results=records.nudge_results,
        sender=sender,
    )

    def follow_up_graph() -> StateGraph[Any, Any, Any, Any]:
        return build_follow_up_graph(nodes)

    return WholeHouse(activities, Balancer(desk), follow_up_graph)


async def populate(records: Records) -> LeadId:
    product = Product(id=ProductId("commercial"), market=MARKET, name="Commercial lines programme")
    await records.products.save(product)
    await records.reps.save(Rep(id=RepId("ana"), market=MARKET, name="Ana Alvarez"))
    lead = Lead(
        id=LeadId("lead-1"),
        market=MARKET,
        created_at=LONG_AGO,
        source="form",
        name="Jo Miller",
        company="Miller Insurance",
        email="jo@miller.example.com",
        phone="+12025550123",
        timezone="America/New_York",
        product_id=product.id,
    )
    await records.leads.save(lead, at=LONG_AGO)
    consent = ConsentEvent(id="c-1", lead_id=lead.id, channel=None, granted=True, at=LONG_AGO, source="form")
    await records.consents.record(consent)
    return lead.id
