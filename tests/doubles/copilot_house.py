"""A whole co-pilot over doubles: what a graph test starts from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from agents.lead_analyst import LeadAnalystNodes
from agents.lead_check import LeadCheckNodes
from agents.listener import ListenerNodes
from agents.matchmaker import MatchmakerNodes
from agents.message_reviewer import MessageReviewerNodes
from agents.message_writer import MessageWriterNodes
from agents.nudge_planner import NudgePlannerNodes
from agents.researcher import ResearcherNodes
from agents.reviewer import ReviewerNodes
from agents.supervisor import SupervisorNodes, ToolChooser
from agents.writer import WriterNodes
from domain.conversations import MessageReading, TurnEvent, TurnRequest
from domain.ports import ChatModel
from domain.values import ConversationId, LeadId, TurnId
from graphs.copilot import CopilotNodes, build_copilot_graph
from graphs.follow_up import FollowUpNodes, build_follow_up_graph
from graphs.turns import CopilotTurns
from tests.doubles.copilot import (
    FakeConsents,
    FakeDecisions,
    FakeInteractions,
    FakeLeads,
    FakeListener,
    FakeMatcher,
    FakeNudgePlanner,
    FakeOutcomes,
    FakeRetriever,
    FakeScorer,
    FakeTurns,
    FrozenClock,
)
from tests.doubles.samples import LEAD_ID, MARKET


@dataclass
class CopilotHouse:
    """Doubles by name, and the two graphs over them."""

    readings: dict[str, MessageReading] = field(default_factory=dict)
    chat_model: ChatModel | None = None
    chooser: ToolChooser | None = None
    scorer: FakeScorer = field(default_factory=FakeScorer)
    matcher: FakeMatcher = field(default_factory=FakeMatcher)
    planner: FakeNudgePlanner = field(default_factory=FakeNudgePlanner)
    retriever: FakeRetriever = field(default_factory=FakeRetriever)
    leads: FakeLeads = field(default_factory=FakeLeads)
    interactions: FakeInteractions = field(default_factory=FakeInteractions)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    consents: FakeConsents = field(default_factory=FakeConsents)
    decisions: FakeDecisions = field(default_factory=FakeDecisions)
    turn_records: FakeTurns = field(default_factory=FakeTurns)
    clock: FrozenClock = field(default_factory=FrozenClock)

    def copilot_nodes(self) -> CopilotNodes:
        return CopilotNodes(
            listener=ListenerNodes(FakeListener(self.readings), self.clock),
            supervisor=SupervisorNodes(self.chooser),
            lead_analyst=LeadAnalystNodes(self.scorer),
            matchmaker=MatchmakerNodes(self.matcher),
            researcher=self.researcher(),
            nudge_planner=NudgePlannerNodes(self.planner),
            writer=WriterNodes(self.chat_model),
            reviewer=ReviewerNodes(),
        )

    def follow_up_nodes(self) -> FollowUpNodes:
        return FollowUpNodes(
            lead_check=LeadCheckNodes(self.leads, self.outcomes, self.consents, self.clock),
            lead_analyst=LeadAnalystNodes(self.scorer),
            nudge_planner=NudgePlannerNodes(self.planner),
            researcher=self.researcher(),
            message_writer=MessageWriterNodes(self.chat_model),
            message_reviewer=MessageReviewerNodes(self.decisions, self.clock, sender="The Shield team"),
        )

    def researcher(self) -> ResearcherNodes:
        return ResearcherNodes(self.retriever, self.leads, self.interactions, self.clock)

    def turns(self, **options: Any) -> CopilotTurns:
        graph = build_copilot_graph(self.copilot_nodes()).compile(checkpointer=InMemorySaver())
        return CopilotTurns(graph, self.turn_records, self.decisions, self.clock, poll_s=0.01, **options)

    async def step(self, key: str = "journey-L-7-1") -> dict[str, Any]:
        """Run one step of the journey and return it."""
        graph = build_follow_up_graph(self.follow_up_nodes()).compile()
        result = await graph.ainvoke({"lead_id": LEAD_ID, "market": MARKET, "step": 1, "key": key})
        step: dict[str, Any] = result["step"]
        return step


def a_request(
    text: str, *, turn_id: str = "t-1", lead_id: str | None = LEAD_ID, conversation_id: str = "c-1"
) -> TurnRequest:
    return TurnRequest(
        turn_id=TurnId(turn_id),
        conversation_id=ConversationId(conversation_id),
        lead_id=LeadId(lead_id) if lead_id else None,
        market=MARKET,
        text=text,
    )


async def events_of(turns: CopilotTurns, request: TurnRequest) -> list[TurnEvent]:
    return [event async for event in turns.run(request)]


def kinds(events: Sequence[TurnEvent]) -> list[str]:
    """The kinds in order, with the deltas taken together."""
    seen: list[str] = []
    for event in events:
        if not (event.kind == "delta" and seen[-1:] == ["delta"]):
            seen.append(event.kind)
    return seen


def reply_of(events: Sequence[TurnEvent]) -> dict[str, Any]:
    return next(event.data for event in events if event.kind == "reply")
