"""The only module that touches `temporalio-langgraph`: a public preview, pinned, kept behind these two functions."""

from collections.abc import Callable
from typing import Any, cast

from langgraph.graph import StateGraph
from temporalio.langgraph import LangGraphPlugin, graph

from workflows.names import FOLLOW_UP_GRAPH
from workflows.policies import NODES


def follow_up_plugin(build_graph: Callable[[], StateGraph[Any, Any, Any, Any]]) -> LangGraphPlugin:
    """Make the nodes of the `follow_up` graph activities of a worker.

    Args:
        build_graph: Returns a fresh graph. The plugin rewrites what it is given, so a graph serves one plugin.
    """
    return LangGraphPlugin(graphs={FOLLOW_UP_GRAPH: build_graph()}, default_activity_options=dict(NODES))


async def run_follow_up(state: dict[str, Any]) -> dict[str, Any]:
    """Run the `follow_up` graph once, inside a workflow; every node runs as an activity.

    Args:
        state: JSON-plain input of the graph.

    Returns:
        The final state of the graph.
    """
    return cast("dict[str, Any]", await graph(FOLLOW_UP_GRAPH).compile().ainvoke(state))
