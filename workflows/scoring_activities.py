"""The activities of scoring: score a batch anew, train a market. Decides nothing: tools and ports do."""

from dataclasses import dataclass

from temporalio import activity

from domain.errors import NotEnoughDataError
from domain.rescoring import ModelUpdate, Rescored
from domain.scoring_ports import LeadRescorer, ModelTrainer
from workflows import names
from workflows.scoring_payloads import RescoreRequest, TrainingOrder


@dataclass(frozen=True)
class ScoringActivities:
    """What the scoring workflows do to the world."""

    rescorer: LeadRescorer
    trainer: ModelTrainer

    @activity.defn(name=names.RESCORE_LEADS)
    async def rescore_leads(self, request: RescoreRequest) -> Rescored:
        """Score a batch of leads as of a moment and record the scores."""
        return await self.rescorer.rescore(request.lead_ids, as_of=request.as_of)

    @activity.defn(name=names.TRAIN_MARKET_MODEL)
    async def train_market_model(self, order: TrainingOrder) -> ModelUpdate:
        """Train a market's model; too little data is an answer, not a failure."""
        try:
            update = await self.trainer.update_model(order.market, now=order.as_of)
        except NotEnoughDataError as error:
            return ModelUpdate(market=order.market, promoted=False, version="", why=str(error))
        return ModelUpdate(market=order.market, promoted=update.promoted, version=update.version, why=update.why)
