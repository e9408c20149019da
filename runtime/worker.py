"""The worker of journeys. Puts workflow, activities and graph together and runs them until told to stop."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from langgraph.graph import StateGraph
from temporalio.client import Client
from temporalio.worker import Worker

from workflows.activities import JourneyActivities
from workflows.heartbeats import HeartbeatInterceptor
from workflows.journey import LeadJourneyWorkflow
from workflows.langgraph_plugin import follow_up_plugin
from workflows.names import TASK_QUEUE

_FINISH_ACTIVITIES = timedelta(seconds=10)
_DEAD_WORKER_NOTICED = timedelta(seconds=5)


def build_worker(
    client: Client,
    activities: JourneyActivities,
    follow_up_graph: Callable[[], StateGraph[Any, Any, Any, Any]],
    *,
    task_queue: str = TASK_QUEUE,
    max_concurrent_activities: int = 50,
) -> Worker:
    """Build a worker of journeys.

    Args:
        client: Connected, not lazy.
        activities: What journeys do to the world.
        follow_up_graph: Returns a fresh `follow_up` graph on each call; this worker rewrites the one it gets.
        task_queue: The queue to serve.
        max_concurrent_activities: Activities at once, graph nodes among them.
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[LeadJourneyWorkflow],
        activities=[
            activities.score_lead,
            activities.assign_lead,
            activities.record_acceptance,
            activities.record_rejection,
            activities.release_lead,
            activities.record_stop,
            activities.escalate_lead,
            activities.send_message,
            activities.record_contact,
            activities.record_result,
            activities.withdraw_consent,
        ],
        plugins=[follow_up_plugin(follow_up_graph)],
        interceptors=[HeartbeatInterceptor()],
        max_concurrent_activities=max_concurrent_activities,
        graceful_shutdown_timeout=_FINISH_ACTIVITIES,
        sticky_queue_schedule_to_start_timeout=_DEAD_WORKER_NOTICED,
    )


async def run_worker(*workers: Worker, stopped: asyncio.Event) -> None:
    """Serve with every worker until `stopped` is set; then let running activities finish for a few seconds.

    Raises:
        Exception: Whatever ends a worker for good, such as a lost namespace.
    """
    async with AsyncExitStack() as running:
        for worker in workers:
            await running.enter_async_context(worker)
        await stopped.wait()
