"""The graph of one chat turn. Wiring only: who runs after whom."""

from dataclasses import dataclass

from langgraph.graph import END, START, StateGraph

from agents.lead_analyst import LeadAnalystNodes
from agents.listener import ListenerNodes
from agents.matchmaker import MatchmakerNodes
from agents.nudge_planner import NudgePlannerNodes
from agents.researcher import ResearcherNodes
from agents.reviewer import ReviewerNodes
from agents.state import CopilotState
from agents.supervisor import SupervisorNodes
from agents.writer import WriterNodes
from graphs.routing import ALL, route_question, route_reviewed_reply


@dataclass(frozen=True)
class CopilotNodes:
    """The specialists of a chat turn."""

    listener: ListenerNodes
    supervisor: SupervisorNodes
    lead_analyst: LeadAnalystNodes
    matchmaker: MatchmakerNodes
    researcher: ResearcherNodes
    nudge_planner: NudgePlannerNodes
    writer: WriterNodes
    reviewer: ReviewerNodes


def build_copilot_graph(nodes: CopilotNodes) -> StateGraph[CopilotState, None, CopilotState, CopilotState]:
    """Build a fresh, uncompiled graph: listen, plan, ask the specialists at once, write, review, perhaps write again."""
    graph = StateGraph(CopilotState)
    graph.add_node("listen", nodes.listener.listen)
    graph.add_node("propose_plan", nodes.supervisor.propose_plan)
    graph.add_node("analyse_lead", nodes.lead_analyst.analyse_lead)
    graph.add_node("find_rep", nodes.matchmaker.find_rep)
    graph.add_node("research", nodes.researcher.research)
    graph.add_node("recall_lead", nodes.researcher.recall_lead)
    graph.add_node("plan_nudge", nodes.nudge_planner.plan_nudge)
    graph.add_node("write", nodes.writer.write)
    graph.add_node("review", nodes.reviewer.review)
    graph.add_edge(START, "listen")
    graph.add_edge("listen", "propose_plan")
    graph.add_conditional_edges("propose_plan", route_question, [*ALL, "write"])
    for specialist in ALL:
        graph.add_edge(specialist, "write")
    graph.add_edge("write", "review")
    graph.add_conditional_edges("review", route_reviewed_reply, ["write", END])
    return graph
