"""Opens what scores given features: prepared models, cache, budgets and the background writer of decisions."""

import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from domain.decisions import Decision
from runtime.settings import Settings
from tools.scoring.serving.budget import Budget
from tools.scoring.serving.feature_scorer import FeatureScorer
from tools.scoring.serving.prediction_log import PredictionLog
from tools.scoring.serving.score_cache import ScoreCache
from tools.scoring.tool import ScoringTool

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_feature_scorer(settings: Settings, tool: ScoringTool) -> AsyncIterator[FeatureScorer]:
    """Open a scorer of given features over the models of a scoring tool; what waits to be recorded at the end is.

    Raises:
        RecordsUnavailableError: At the end, if decisions could not be recorded; says how many.
    """
    pool = ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="reasons")
    time_to_live = timedelta(seconds=settings.score_cache_s)
    scorer = FeatureScorer(
        shelf=tool.shelf,
        cache=ScoreCache(tool.clock, time_to_live=time_to_live, capacity=settings.score_cache_size),
        budget=tool.budget,
        reasons_budget=Budget(pool, seconds=settings.score_budget_ms / 1e3),
        log=PredictionLog(tool.decisions, on_refused=_refused),
        clock=tool.clock,
        costs=tool.costs,
    )
    try:
        yield scorer
    finally:
        try:
            await scorer.log.aclose()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _refused(decision: Decision, error: Exception) -> None:
    _log.error("decision_not_recorded", decision_id=decision.id, error=f"{type(error).__name__}: {error}")
