"""Offers models: trains, rehearses, promotes, recalibrates, measures and watches them. Holds no method of its own."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import numpy as np
import polars as pl
from pydantic import Field
from threadpoolctl import threadpool_limits

from domain.errors import ModelNotFoundError, NotEnoughDataError
from domain.rescoring import ModelUpdate
from domain.scores import Rung
from domain.values import Instant, Market, Value
from tools.scoring.arrays import BoolVector, FloatMatrix
from tools.scoring.card import ModelCard
from tools.scoring.context import MarketContext
from tools.scoring.evidence import Measure, Segment
from tools.scoring.guarding.drift import DriftReport, detect_drift
from tools.scoring.guarding.measures import AtThreshold, ModelMeasures, measure_model
from tools.scoring.guarding.reference import Reference
from tools.scoring.guarding.validation import MIN_OF_A_RESULT, Comparison, compare_predictions, promotion
from tools.scoring.history import MOMENTS_SCHEMA, OUTCOMES_SCHEMA, History
from tools.scoring.learning.recalibration import recalibrate
from tools.scoring.learning.segments import SEGMENT_COLUMNS
from tools.scoring.learning.tuning import TuningBudget
from tools.scoring.making import SEED, Known, NewModel, make_model
from tools.scoring.model import TrainedModel
from tools.scoring.moments import settled, training_moments
from tools.scoring.preparation import prepare_scoring_data
from tools.scoring.reading import KEYS
from tools.scoring.registry import FileModelRegistry, PublishedModel
from tools.scoring.temperature import LeadCosts, thresholds
from tools.scoring.training import Progress
from tools.scoring.worth.deals import won_deals


class ModelMetrics(Value):
    """What was measured of the version that serves."""

    market: Market
    version: str
    trained_at: Instant
    rung: Rung
    no_signal: str | None
    tested_rows: int
    out_of_fold: tuple[Measure, ...] = Field(description="On leads that the models of the training had not seen.")
    at_thresholds: tuple[AtThreshold, ...]
    segments: tuple[Segment, ...]
    settled_since: ModelMeasures | None = Field(description="On leads that settled since; null without any.")


DRIFT_LEADS = 5_000
"""Newest leads that are compared with those of the training at most."""


@dataclass(frozen=True)
class TrainingTool:
    """Makes the models that score, and says how they do.

    Attributes:
        history: The event log, point in time.
        registry: Model versions, one serving per market.
        costs: The probabilities at which hits and errors are counted follow from them.
        leave_out: Columns that no model may read, because the team does not want it.
        allow: Columns that stay though the leakage guard finds them.
    """

    history: History
    registry: FileModelRegistry
    costs: LeadCosts = field(default_factory=LeadCosts)
    leave_out: Collection[str] = ()
    allow: Collection[str] = ()

    async def train_model(
        self,
        market: Market,
        *,
        now: datetime,
        tuning: TuningBudget | None = None,
        progress: Progress | None = None,
    ) -> ModelCard:
        """Train on everything that was settled before a moment, let the result serve, and return its card.

        With too few outcomes the published model is the hand-set rules, set to the level seen so far.

        Args:
            market: Whose model.
            now: Nothing after it is known.
            tuning: How long to search for better settings; None is not at all.
            progress: Told what is being done and the share of the work that is behind, in [0, 1].
        """
        return self._publish(await self._make(market, now=now, tuning=tuning, progress=progress))

    async def update_model(self, market: Market, *, now: datetime) -> ModelUpdate:
        """Train again, and let the result serve if it is no worse than what serves.

        The retraining is rehearsed where enough leads have settled since the last one: a model of what was known then
        and the one that serves are compared on leads that neither has learned from. If the new one is worse, the old
        one goes on, moved to the level of what has settled since. The same data gives the same version.
        """
        current = self.registry.current(market)
        if current is None:
            card = await self.train_model(market, now=now)
            return ModelUpdate(market=market, promoted=True, version=card.version, why="no version served before")
        comparison = await self._rehearse(current, market, now=now)
        verdict = promotion(comparison)
        if not verdict.promote:
            card = await self._recalibrated(current, market, now=now)
            return ModelUpdate(market=market, promoted=False, version=card.version, why=verdict.why)
        new = await self._make(market, now=now)
        card = self._publish(new, promotion=verdict.why)
        return ModelUpdate(market=market, promoted=True, version=card.version, why=verdict.why)

    async def validate_model(
        self, market: Market, *, now: datetime, version: str | None = None
    ) -> ModelMeasures | None:
        """Measure a version (the serving one when None) on leads that settled after it was trained; None without any.

        Raises:
            ModelNotFoundError: If it is not stored, or nothing serves.
        """
        published = self._published(market, version)
        later = await self._settled_since(published, market, now=now)
        if later.table.is_empty():
            return None
        limits = thresholds(self.costs, base_rate=published.model.base_rate.value)
        return await asyncio.to_thread(
            measure_model,
            published.model.predict(later.table).p,
            later.labels,
            rng=np.random.default_rng(SEED),
            thresholds=(limits.warm, limits.hot),
            segments={name: later.table.get_column(name).to_list() for name in SEGMENT_COLUMNS},
        )

    async def get_model_metrics(self, market: Market, *, now: datetime) -> ModelMetrics:
        """Return what was measured of the serving version: out of fold at its training, and on leads settled since.

        Raises:
            ModelNotFoundError: If nothing serves.
        """
        card = self._published(market, None).card
        return ModelMetrics(
            market=market,
            version=card.version,
            trained_at=card.trained_at,
            rung=card.rung,
            no_signal=card.no_signal,
            tested_rows=card.evidence.tested_rows,
            out_of_fold=card.evidence.measures,
            at_thresholds=card.at_thresholds,
            segments=card.evidence.segments,
            settled_since=await self.validate_model(market, now=now),
        )

    async def detect_model_drift(self, market: Market, *, now: datetime) -> DriftReport:
        """Compare the leads since the training with those of the training, and what was said with what happened.

        Raises:
            ModelNotFoundError: If nothing serves.
            NotEnoughDataError: If the serving version was tested by nothing, or no lead has come since.
        """
        published = self._published(market, None)
        if published.reference is None:
            raise NotEnoughDataError(
                f"model {published.version} of {market!r} was tested by no outcome; train it with more"
            )
        fresh = await self._come_since(published, market, now=now)
        if fresh.table.is_empty():
            raise NotEnoughDataError(f"no lead of {market!r} has come since the data of model {published.version}")
        later = await self._settled_since(published, market, now=now)
        return await asyncio.to_thread(
            detect_drift,
            Reference.model_validate(published.reference),
            fresh.matrix,
            published.model.predict_matrix(fresh.matrix).p,
            settled_scores=published.model.predict_matrix(later.matrix).p,
            settled_labels=later.labels,
            table=fresh.table,
            importance=published.card.evidence.importance,
        )

    async def _make(
        self,
        market: Market,
        *,
        now: datetime,
        tuning: TuningBudget | None = None,
        progress: Progress | None = None,
    ) -> NewModel:
        known = await self._known(market, now=now)
        work = partial(make_model, known, leave_out=self.leave_out, allow=self.allow, costs=self.costs)
        return await asyncio.to_thread(_alone, partial(work, tuning=tuning, progress=progress))

    async def _known(self, market: Market, *, now: datetime) -> Known:
        outcomes = await self._outcomes(market, now=now)
        moments = training_moments(outcomes, now=now)
        deals = won_deals(outcomes, now=now)
        return Known(
            market=market,
            now=now,
            outcomes=outcomes,
            moments=moments,
            history=await self._history(settled(moments, now=now)),
            deals=deals,
            deal_history=await self._history(deals),
        )

    async def _rehearse(self, current: PublishedModel, market: Market, *, now: datetime) -> Comparison | None:
        """Compare a model of what was known then with the one that serves; None where too few leads settled since."""
        later = await self._settled_since(current, market, now=now)
        if min(later.labels.sum(), (~later.labels).sum()) < MIN_OF_A_RESULT:
            return None
        rehearsed = await self._make(market, now=current.card.trained_at)
        seen = await self._read(later.moments, rehearsed.context, rehearsed.model)
        return compare_predictions(
            current.model.predict_matrix(later.matrix).p,
            rehearsed.model.predict_matrix(seen.matrix).p,
            later.labels,
            rng=np.random.default_rng(SEED),
        )

    async def _recalibrated(self, current: PublishedModel, market: Market, *, now: datetime) -> ModelCard:
        """Let the serving version go on at the level of what has settled since it was trained."""
        later = await self._settled_since(current, market, now=now)
        scores = current.model.ranker.log_odds(later.matrix)
        times = later.table.get_column("as_of").dt.epoch("us").to_numpy() / 1e6
        calibrator = recalibrate(current.model.calibrator, scores, later.labels, times, now=now.timestamp())
        model = replace(current.model, calibrator=calibrator)
        note = f"{now:%Y-%m-%d}: to the level of {len(later.labels)} leads that settled since the training"
        card = current.card.model_copy(update={"recalibration": (*current.card.recalibration, note)})
        return self.registry.publish(model, current.context, card, worth=current.worth, reference=current.reference)

    async def _settled_since(self, published: PublishedModel, market: Market, *, now: datetime) -> "_Later":
        """Read the leads, one moment each, whose window ended after a version was trained."""
        moments = await self._judged(market, now=now)
        since = settled(moments, now=now).filter(pl.col("settles_at") > published.card.trained_at)
        return await self._read(since, published.context, published.model)

    async def _come_since(self, published: PublishedModel, market: Market, *, now: datetime) -> "_Later":
        """Read the newest leads that a version has not learned from, whether they have settled or not."""
        moments = await self._judged(market, now=now)
        since = moments.filter(pl.col("settles_at") > published.card.trained_at).tail(DRIFT_LEADS)
        return await self._read(since, published.context, published.model)

    async def _judged(self, market: Market, *, now: datetime) -> pl.DataFrame:
        moments = training_moments(await self._outcomes(market, now=now), now=now)
        return moments.filter(pl.col("judged"))

    async def _read(self, moments: pl.DataFrame, context: MarketContext, model: TrainedModel) -> "_Later":
        history = await self._history(moments)
        table, matrix = await asyncio.to_thread(prepare_scoring_data, history, context, model.schema)
        known = table.select(KEYS).join(moments, on=KEYS, how="left", maintain_order="left")
        labels = known.get_column("converted").fill_null(value=False).to_numpy().astype(np.bool_)
        return _Later(moments, table, matrix, labels)

    async def _outcomes(self, market: Market, *, now: datetime) -> pl.DataFrame:
        return (await self.history.outcomes(market, before=now)).select(OUTCOMES_SCHEMA.keys())

    async def _history(self, moments: pl.DataFrame) -> pl.DataFrame:
        return await self.history.known_before(moments.select(MOMENTS_SCHEMA.keys()).unique(maintain_order=True))

    def _published(self, market: Market, version: str | None) -> PublishedModel:
        found = self.registry.load(market, version) if version else self.registry.current(market)
        if found is None:
            raise ModelNotFoundError(f"{market}/current")
        return found

    def _publish(self, new: NewModel, *, promotion: str | None = None) -> ModelCard:
        card = new.card.model_copy(update={"promotion": promotion})
        worth = new.worth.to_plain() if new.worth else None
        reference = new.reference.model_dump(mode="json") if new.reference else None
        return self.registry.publish(new.model, new.context, card, worth=worth, reference=reference)


def _alone(work: Callable[[], NewModel]) -> NewModel:
    """Work with one BLAS thread: two of them on a busy machine wait for each other, six times as long as one works."""
    with threadpool_limits(limits=1, user_api="blas"):
        return work()


@dataclass(frozen=True)
class _Later:
    """Leads at moments: n_rows rows in the same order everywhere; `labels` is false where nothing is known yet."""

    moments: pl.DataFrame
    table: pl.DataFrame
    matrix: FloatMatrix
    labels: BoolVector
