"""The API: routes, errors and life cycle. Decides nothing itself."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import Depends, FastAPI

from api import (
    chat,
    decisions,
    effectiveness,
    health,
    interactions,
    journeys,
    leads,
    openai_chat,
    replays,
    routing,
    scores,
    scoring_models,
    territory,
)
from api.body_limit import BodyLimit
from api.deps import require_key
from api.problems import PROBLEM_RESPONSES, install_problem_handlers
from api.scoring_api import ScoringApi
from runtime.feature_scoring import open_feature_scorer
from runtime.settings import Settings, load_settings
from runtime.wiring import Leadline, open_leadline

_COLLECT_AFTER = (10_000, 20, 50)
"""New objects before a young collection, young ones before a middle one, middle ones before a full one."""

Opener = Callable[[Settings], AbstractAsyncContextManager[Leadline]]


def create_app(
    settings: Settings, *, opener: Opener = open_leadline, once_open: Callable[[], None] | None = None
) -> FastAPI:
    """Build the API over settings; its lifespan opens and closes everything behind it.

    Args:
        settings: Everything that steers it.
        opener: Opens what the routes work with.
        once_open: Called when everything is open, before the first request.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opener(settings) as house:
            app.state.leadline = house
            await house.turns.resume_unfinished()
            try:
                async with open_feature_scorer(settings, house.scorer) as app.state.feature_scorer:
                    if once_open is not None:
                        once_open()
                    yield
            finally:
                await house.turns.close()

    app = ScoringApi(
        settings,
        title="Leadline",
        version="0.1.0",
        summary="The self-hosted sales co-pilot.",
        lifespan=lifespan,
        telemetry={"operation_spans": False},
        responses=PROBLEM_RESPONSES,
    )
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, roomier={**scores.ROOMIER, **routing.ROOMIER})
    install_problem_handlers(app)
    app.include_router(health.router)
    for room in (
        routing,
        replays,
        territory,
        effectiveness,
        scores,
        scoring_models,
        leads,
        interactions,
        journeys,
        chat,
        openai_chat,
        decisions,
    ):
        app.include_router(room.router, dependencies=[Depends(require_key)])
    return app


def app_from_environment() -> FastAPI:
    """Build the API from the environment; what `uvicorn --factory api.app:app_from_environment` calls."""
    return create_app(load_settings(), once_open=keep_for_good)


def keep_for_good() -> None:
    """Take what is open by now out of the garbage collector's sight: it lives as long as the process.

    A full collection goes through all modules and models, a few hundred thousand objects, while every request waits.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
