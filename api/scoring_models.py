"""Routes about the models that score: train, show, judge, watch. Decides nothing."""

import asyncio

from fastapi import APIRouter, Request, status
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from api.deps import House
from api.inputs import Id, RequestBody
from domain.errors import ModelNotFoundError
from domain.values import LeadId, Market
from runtime.wiring import Leadline
from tools.scoring.card import ModelCard
from tools.scoring.guarding.drift import DriftReport
from tools.scoring.guarding.measures import ModelMeasures
from tools.scoring.registry import PublishedModel
from tools.scoring.serving.feature_scorer import FeatureScorer
from tools.scoring.trainer import ModelMetrics

router = APIRouter(prefix="/v1/scoring", tags=["scoring"])


class TrainingStarted(BaseModel):
    """A training that runs."""

    training_id: str = Field(description="Id of the Temporal workflow.")


class CacheIn(RequestBody):
    """Whose remembered scores to forget."""

    lead_id: Id | None = Field(default=None, description="Absent: everybody's.")


class Forgotten(BaseModel):
    """How many remembered scores were forgotten."""

    invalidated: int


Counts = dict[str, dict[str, int]]


class Stats(BaseModel):
    """What became of cache look-ups and budgets since this process started."""

    stored_leads: Counts
    given_features: Counts


@router.post("/models/{market}/train", status_code=status.HTTP_202_ACCEPTED)
async def train(market: str, house: House) -> TrainingStarted:
    """Start to train a market's model; it serves when it is no worse than what serves now. One that runs goes on."""
    return TrainingStarted(training_id=await house.trainings.start(house.known_market(market)))


@router.get("/models/{market}")
async def card(market: str, house: House) -> ModelCard:
    """Show the card of the model that serves."""
    return _published(house, house.known_market(market)).card


@router.get("/models/{market}/card", response_class=HTMLResponse)
async def card_page(market: str, house: House) -> HTMLResponse:
    """Show the card of the model that serves as a page with plots, for people."""
    chosen = house.known_market(market)
    return HTMLResponse(await asyncio.to_thread(house.scorer.registry.page, chosen))


@router.get("/models/{market}/metrics")
async def metrics(market: str, house: House) -> ModelMetrics:
    """Say how well the model that serves does, measured on leads it had not seen."""
    return await house.trainer.get_model_metrics(house.known_market(market), now=house.clock.now())


@router.post("/models/{market}/validate")
async def validate(market: str, house: House) -> ModelMeasures | None:
    """Judge the model that serves by the leads that ended since it was trained."""
    return await house.trainer.validate_model(house.known_market(market), now=house.clock.now())


@router.get("/drift/{market}")
async def drift(market: str, house: House) -> DriftReport:
    """Say how far the leads of today are from those that the model learned from."""
    return await house.trainer.detect_model_drift(house.known_market(market), now=house.clock.now())


@router.post("/cache/invalidate")
async def invalidate_cache(body: CacheIn, house: House, request: Request) -> Forgotten:
    """Forget remembered scores. The next score is computed anew."""
    lead_id = LeadId(body.lead_id) if body.lead_id is not None else None
    features: FeatureScorer = request.app.state.feature_scorer
    gone = house.scorer.invalidate_cache(lead_id) + features.cache.invalidate_cache(lead_id)
    return Forgotten(invalidated=gone)


@router.get("/stats")
async def stats(house: House, request: Request) -> Stats:
    """Count what scoring did since this process started: answers, fallbacks, cache hits."""
    features: FeatureScorer = request.app.state.feature_scorer
    return Stats(stored_leads=house.scorer.get_scoring_stats(), given_features=features.get_scoring_stats())


def _published(house: Leadline, market: Market) -> PublishedModel:
    published = house.scorer.registry.current(market)
    if published is None:
        raise ModelNotFoundError(market)
    return published
