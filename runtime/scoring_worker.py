"""The worker of scoring: re-scoring and trainings, on a queue of their own, so that neither waits for journeys."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from workflows.heartbeats import HeartbeatInterceptor
from workflows.names import SCORING_QUEUE
from workflows.score_keeper import ScoreKeeperWorkflow
from workflows.scoring_activities import ScoringActivities
from workflows.training import NightlyTrainingWorkflow, ScoringTrainingWorkflow

_FINISH_ACTIVITIES = timedelta(seconds=10)
_DEAD_WORKER_NOTICED = timedelta(seconds=2)
_AT_ONCE = 8


def build_scoring_worker(
    client: Client, activities: ScoringActivities, *, task_queue: str = SCORING_QUEUE, max_cached_workflows: int = 100
) -> Worker:
    """Build a worker of scoring.

    Args:
        client: Connected, not lazy.
        activities: What the scoring workflows do to the world.
        task_queue: The queue to serve.
        max_cached_workflows: Workflows kept in memory; 0 replays each from its history at every task.
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[ScoreKeeperWorkflow, ScoringTrainingWorkflow, NightlyTrainingWorkflow],
        activities=[activities.rescore_leads, activities.train_market_model],
        interceptors=[HeartbeatInterceptor()],
        max_concurrent_activities=_AT_ONCE,
        max_cached_workflows=max_cached_workflows,
        graceful_shutdown_timeout=_FINISH_ACTIVITIES,
        sticky_queue_schedule_to_start_timeout=_DEAD_WORKER_NOTICED,
    )
