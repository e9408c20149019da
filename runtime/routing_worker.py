"""The worker of routing: sweeps over markets, on a queue of their own, so that no journey waits for one."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from workflows.heartbeats import HeartbeatInterceptor
from workflows.names import ROUTING_QUEUE
from workflows.routing_activities import RoutingActivities
from workflows.routing_keeper import RoutingKeeperWorkflow

_FINISH_ACTIVITIES = timedelta(seconds=10)
_DEAD_WORKER_NOTICED = timedelta(seconds=2)
_AT_ONCE = 4


def build_routing_worker(
    client: Client, activities: RoutingActivities, *, task_queue: str = ROUTING_QUEUE, max_cached_workflows: int = 100
) -> Worker:
    """Build a worker of routing.

    Args:
        client: Connected, not lazy.
        activities: What the routing keepers do to the world.
        task_queue: The queue to serve.
        max_cached_workflows: Workflows kept in memory; 0 replays each from its history at every task.
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[RoutingKeeperWorkflow],
        activities=[activities.sweep_market],
        interceptors=[HeartbeatInterceptor()],
        max_concurrent_activities=_AT_ONCE,
        max_cached_workflows=max_cached_workflows,
        graceful_shutdown_timeout=_FINISH_ACTIVITIES,
        sticky_queue_schedule_to_start_timeout=_DEAD_WORKER_NOTICED,
    )
