"""Scores features that a caller gives: checked, cached, within a budget, logged. Loads no lead and no history."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from domain.decisions import Decision, DecisionKind, decision_id
from domain.ports import Clock
from domain.scores import ScoreSource
from domain.values import LeadId, Market
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.reasons import points_by_feature, reason_plan
from tools.scoring.serving.answers import FeatureScore, Interval, ToldReason
from tools.scoring.serving.budget import Budget
from tools.scoring.serving.feature_input import Features, Reading
from tools.scoring.serving.prediction_log import PredictionLog
from tools.scoring.serving.score_cache import ScoreCache, ScoreKey
from tools.scoring.serving.shelf import ModelShelf, Prepared, ServedModel
from tools.scoring.temperature import LeadCosts, temperature_of, thresholds

_REASONS = "reasons"


@dataclass(frozen=True)
class FeatureScorer:
    """Answers in microseconds where the model is ready and plain, and within the budget whatever happens.

    A score of the models known here never leaves the caller's thread. Loading a model, a model of another kind and
    reasons take longer: they run in threads, under the budget. Past it the rung below answers, and a score whose
    reasons are late goes out without them.

    Attributes:
        shelf: Prepared models.
        cache: Scores given already.
        budget: Of loading a model, and of models that may take long.
        reasons_budget: Of reasons.
        log: Records the decision where the features belong to a lead.
        clock: Says what "now" is.
        costs: Decide hot, warm and cold.
    """

    shelf: ModelShelf
    cache: ScoreCache[FeatureScore]
    budget: Budget
    reasons_budget: Budget
    log: PredictionLog
    clock: Clock
    costs: LeadCosts = field(default_factory=LeadCosts)

    async def score_features(
        self, market: Market, features: Features, *, lead_id: LeadId | None = None, with_reasons: bool = True
    ) -> FeatureScore:
        """Score features.

        Args:
            market: Whose model answers.
            features: By name; an absent one or None is not measured.
            lead_id: The lead they belong to; its decision is recorded. It is not looked up.
            with_reasons: Whether to say why.

        Raises:
            InvalidInputError: If a feature is unknown, of the wrong type, no finite number or out of its range.
            RecordsUnavailableError: If the decision cannot be recorded for too long.
        """
        served = self.shelf.ready(market)
        if served is None:
            served, is_ready = await self._opened(market)
            if not is_ready:
                return await self._logged(self._from_below(served, features), lead_id)
        reading = served.model.reader.read(features)
        key = ScoreKey(lead_id or "", reading.feature_hash, served.version, asked=_REASONS if with_reasons else "")
        score = self.cache.get(key)
        if score is not None:
            score = score.remembered()
        elif served.model.compiled.ranker.is_prompt and not with_reasons:
            ticket = self.cache.begin()
            score = self._by_model(served, reading)
            self.cache.put(key, score, ticket)
        else:
            score = await self._within_budget(served, reading, features, key)
        return score if lead_id is None else await self._logged(score, lead_id)

    def get_scoring_stats(self) -> dict[str, dict[str, int]]:
        """Return what became of cache look-ups, budgets and the log of decisions since the start."""
        scores, reasons = self.budget.stats(), self.reasons_budget.stats()
        return {
            "cache": self.cache.stats()._asdict(),
            "budget": {**scores._asdict(), "fallbacks": scores.fallbacks},
            "reasons": {**reasons._asdict(), "left_out": reasons.fallbacks},
            "log": self.log.stats()._asdict(),
        }

    async def _opened(self, market: Market) -> tuple[ServedModel, bool]:
        """Return the market's model and True, or the one before it when it is not loaded in time."""
        return await self.budget.answer(lambda: self.shelf.open(market), lambda: self.shelf.before(market))

    async def _within_budget(
        self, served: ServedModel, reading: Reading, features: Features, key: ScoreKey
    ) -> FeatureScore:
        """Answer in a thread: reasons, or a model that may take long. What comes late is remembered."""
        ticket = self.cache.begin()

        def keep(score: FeatureScore) -> None:
            self.cache.put(key, score, ticket)

        def explained(bare: FeatureScore) -> FeatureScore:
            return self._explained(served.model, reading, features, bare) if key.asked else bare

        if served.model.compiled.ranker.is_prompt:
            bare = self._by_model(served, reading)
            score, is_whole = await self.reasons_budget.answer(lambda: explained(bare), lambda: bare, on_late=keep)
        else:
            score, is_whole = await self.budget.answer(
                lambda: explained(self._by_model(served, reading)),
                lambda: self._from_below(served, features),
                on_late=keep,
            )
        if is_whole:
            keep(score)
        return score

    def _from_below(self, served: ServedModel, features: Features) -> FeatureScore:
        reading = served.below.reader.read(features)
        relative_value = served.relative_value(served.model.reader.read(features).row)
        return self._answer(served, served.below, reading, relative_value, ScoreSource.FALLBACK)

    def _by_model(self, served: ServedModel, reading: Reading) -> FeatureScore:
        return self._answer(served, served.model, reading, served.relative_value(reading.row), ScoreSource.MODEL)

    def _answer(
        self, served: ServedModel, prepared: Prepared, reading: Reading, relative_value: float, source: ScoreSource
    ) -> FeatureScore:
        score, model = prepared.compiled.score(reading.row), prepared.compiled.trained
        limits = thresholds(self.costs, base_rate=model.base_rate.value, relative_value=relative_value)
        return FeatureScore(
            score=100 * score.p,
            p_convert=score.p,
            interval=Interval(score.low, score.high),
            confidence=1 - (score.high - score.low),
            temperature=temperature_of(score.p, limits).value,
            source=source.value,
            base_points=100 * score.p,
            reasons=None,
            rung=model.rung.value,
            model_version=served.version,
            no_signal=model.no_signal,
            abstains=prepared.abstains(reading.row, score.low, score.high),
            decision_id=None,
            feature_hash=reading.feature_hash,
        )

    def _explained(self, prepared: Prepared, reading: Reading, features: Features, score: FeatureScore) -> FeatureScore:
        model = prepared.compiled.trained
        if model.no_signal is not None:
            return score.explained((), score.score)
        parts = prepared.compiled.contributions(reading.row)[None]
        points = points_by_feature(parts, model.calibrator, np.array([score.p_convert]))
        told = reason_plan(model.schema.names).reasons(
            points.by_feature[0],
            prepared.reader.told(features, reading),
            lead_id="",
            as_of=self.clock.now(),
            interactions=(),
        )
        reasons = tuple(ToldReason.of(reason, with_evidence=False) for reason in told)
        return score.explained(reasons, float(points.base[0]))

    async def _logged(self, score: FeatureScore, lead_id: LeadId | None) -> FeatureScore:
        """Record the decision where the features belong to a lead."""
        if lead_id is None:
            return score
        decision = _decision(score, lead_id, self.clock)
        await self.log.log_prediction(decision)
        return score.decided(decision.id)


def _decision(score: FeatureScore, lead_id: LeadId, clock: Clock) -> Decision:
    now = clock.now()
    numbers: dict[str, Any] = {
        "p_convert": score.p_convert,
        "p_low": score.interval.low,
        "p_high": score.interval.high,
        "points": score.score,
        "base_points": score.base_points,
        "expected_value": None,
        "no_signal": score.no_signal,
        "features": "given by the caller",
    }
    return Decision(
        id=decision_id(
            DecisionKind.SCORE, lead_id, score.feature_hash, f"{score.model_version} {score.rung} {now.isoformat()}"
        ),
        kind=DecisionKind.SCORE,
        subject_id=lead_id,
        at=now,
        inputs_hash=score.feature_hash,
        versions={"model": score.model_version, "features": FEATURES_VERSION, "rung": score.rung},
        chosen=score.temperature,
        considered=(numbers,),
        reasons=tuple(f"{reason.points:+.1f} {reason.text}" for reason in score.reasons or ()),
    )
