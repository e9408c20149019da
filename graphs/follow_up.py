"""The graph of one step of a journey. Wiring only; every node runs as a Temporal activity."""

from dataclasses import dataclass

from langgraph.graph import END, START, StateGraph

from agents.lead_analyst import LeadAnalystNodes
from agents.lead_check import LeadCheckNodes
from agents.message_reviewer import MessageReviewerNodes
from agents.message_writer import MessageWriterNodes
from agents.nudge_planner import NudgePlannerNodes
from agents.researcher import ResearcherNodes
from agents.state import FollowUpState
from graphs.routing import route_checked_lead, route_planned_step, route_reviewed_draft

FOLLOW_UP = "follow_up"
"""The name under which the worker registers this graph; wire format."""


@dataclass(frozen=True)
class FollowUpNodes:
    """The specialists of one step of a journey."""

    lead_check: LeadCheckNodes
    lead_analyst: LeadAnalystNodes
    nudge_planner: NudgePlannerNodes
    researcher: ResearcherNodes
    message_writer: MessageWriterNodes
    message_reviewer: MessageReviewerNodes


def build_follow_up_graph(nodes: FollowUpNodes) -> StateGraph[FollowUpState, None, FollowUpState, FollowUpState]:
    """Build a fresh, uncompiled graph: look, score, plan, find facts, draft, review, perhaps draft again.

    The plan comes before the research, because the chosen action says what to look up. A step that needs no message ends after
    the look or the plan. The input is `{"lead_id", "market", "step", "key"}`; the output's `step` is a `FollowUpStep` as JSON.
    Nothing is sent, and running a step again with the same key plans and records the same.
    """
    in_activity = {"execute_in": "activity"}
    graph = StateGraph(FollowUpState)
    graph.add_node("check_lead", nodes.lead_check.check_lead, metadata=dict(in_activity))
    graph.add_node("score_lead", nodes.lead_analyst.score_lead, metadata=dict(in_activity))
    graph.add_node("plan_step", nodes.nudge_planner.plan_step, metadata=dict(in_activity))
    graph.add_node("research_facts", nodes.researcher.research_facts, metadata=dict(in_activity))
    graph.add_node("draft", nodes.message_writer.draft, metadata=dict(in_activity))
    graph.add_node("review_draft", nodes.message_reviewer.review_draft, metadata=dict(in_activity))
    graph.add_edge(START, "check_lead")
    graph.add_conditional_edges("check_lead", route_checked_lead, ["score_lead", END])
    graph.add_edge("score_lead", "plan_step")
    graph.add_conditional_edges("plan_step", route_planned_step, ["research_facts", END])
    graph.add_edge("research_facts", "draft")
    graph.add_edge("draft", "review_draft")
    graph.add_conditional_edges("review_draft", route_reviewed_draft, ["draft", END])
    return graph
