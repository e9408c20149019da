"""Offers scoring: loads histories through ports, scores in time, records decisions. Holds no method of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

import polars as pl

from domain.decisions import Decision, DecisionKind
from domain.errors import InvalidInputError, ModelNotFoundError
from domain.insights import LeadInsights
from domain.ports import Clock, ConsentLedger, DecisionLog, LeadRecords
from domain.scores import LeadScore, ScoreSource, Temperature
from domain.scoring_ports import ScoreHistory, ScoreOverrides
from domain.values import LeadId, Market
from tools.scoring.explaining.actions import permitted
from tools.scoring.facts import by_market, market_of, read_many, read_one, records_hash
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.history import MOMENTS_SCHEMA, History
from tools.scoring.lead_story import PastScore, Version, past_scores, tell_story
from tools.scoring.registry import FileModelRegistry
from tools.scoring.scores import answer_all, answer_one, make_scores
from tools.scoring.serving.budget import BUDGET_S, Budget
from tools.scoring.serving.score_cache import CAPACITY, TIME_TO_LIVE, ScoreCache, ScoreKey
from tools.scoring.serving.shelf import ModelShelf, Prepared
from tools.scoring.temperature import LeadCosts

_PAST_DECISIONS = 500
_THREADS = 2


@dataclass(frozen=True)
class ScoringTool:
    """Scores leads and explains scores.

    Attributes:
        history: The event log, point in time.
        leads: Tells a lead that does not exist from one that did not exist yet.
        decisions: Every score is recorded here.
        registry: Model versions, one serving per market.
        shelf: The serving ones, prepared.
        cache: Scores of the last minutes, under everything that decides them.
        budget: How long a single score may take before the rung below answers.
        clock: Says what "now" is.
        consents: What is proposed to a rep is only what the lead has agreed to.
        scores: The scores that were recorded.
        overrides: What people said a score should be; shown beside the model's value.
        costs: Decide hot, warm and cold.
    """

    history: History
    leads: LeadRecords
    decisions: DecisionLog
    scores: ScoreHistory
    overrides: ScoreOverrides
    registry: FileModelRegistry
    shelf: ModelShelf
    cache: ScoreCache[LeadScore]
    budget: Budget
    clock: Clock
    consents: ConsentLedger
    costs: LeadCosts = field(default_factory=LeadCosts)

    @classmethod
    def over(
        cls,
        *,
        history: History,
        leads: LeadRecords,
        decisions: DecisionLog,
        scores: ScoreHistory,
        overrides: ScoreOverrides,
        registry: FileModelRegistry,
        consents: ConsentLedger,
        clock: Clock,
        costs: LeadCosts | None = None,
        budget_s: float = BUDGET_S,
        cache_for: timedelta = TIME_TO_LIVE,
        cache_size: int = CAPACITY,
    ) -> Self:
        """Build it with a shelf, a cache and a budget of its own."""
        return cls(
            history=history,
            leads=leads,
            decisions=decisions,
            scores=scores,
            overrides=overrides,
            registry=registry,
            shelf=ModelShelf(registry),
            cache=ScoreCache(clock, time_to_live=cache_for, capacity=cache_size),
            budget=Budget(ThreadPoolExecutor(_THREADS, thread_name_prefix="score"), seconds=budget_s),
            clock=clock,
            consents=consents,
            costs=costs or LeadCosts(),
        )

    async def score_lead(self, lead_id: LeadId, *, as_of: datetime | None = None) -> LeadScore:
        """Score a lead as of a moment (now when None) and record the decision.

        The temperature moves with hysteresis from the newest score recorded before that moment. A score of "now" is
        remembered for some minutes: as long as nothing was recorded about the lead and no other model serves, the
        same question gets the same score.

        Raises:
            LeadNotFoundError: If there is no such lead.
            InvalidInputError: If it did not exist yet at that moment.
        """
        moment = _aware(as_of or self.clock.now())
        ticket = self.cache.begin()
        history = await self.history.known_before(_moments([lead_id], moment))
        if history.is_empty():
            raise await self._not_there(lead_id, moment)
        market = market_of(history)
        serving = self.shelf.ready(market)
        is_fresh = serving is None
        if serving is None:
            serving = await asyncio.to_thread(self.shelf.open, market)
        # A score of "now" is decided by what is recorded: minutes later that is still the same.
        key = ScoreKey(lead_id, records_hash(history), serving.version)
        kept = self.cache.get(key) if as_of is None else None
        if kept is not None:
            (score,) = await self._with_overrides([kept.model_copy(update={"source": ScoreSource.CACHE})], at=moment)
            return score
        recorded = await self.scores.newest([lead_id], before=moment)
        previous = {named: one.temperature for named, one in recorded.items()}

        def by(rung: Prepared, source: ScoreSource) -> LeadScore:
            facts = read_one(history, moment, serving, rung)
            answers = answer_one(serving, rung, facts.row)
            return make_scores([facts], answers, serving, rung, costs=self.costs, previous=previous, source=source)[0]

        if is_fresh:
            # The first score of a version pays for what is made once; the rung below must not answer for that.
            score, in_time = await asyncio.to_thread(by, serving.model, ScoreSource.MODEL), True
        else:
            score, in_time = await self.budget.answer(
                lambda: by(serving.model, ScoreSource.MODEL),
                lambda: by(serving.below, ScoreSource.FALLBACK),
                on_late=lambda late: as_of is None and self.cache.put(key, late, ticket),
            )
        if in_time and as_of is None:
            self.cache.put(key, score, ticket)
        await self.decisions.record(_decision(score))
        (score,) = await self._with_overrides([score], at=moment)
        return score

    async def batch_score(
        self,
        lead_ids: Sequence[LeadId],
        *,
        as_of: datetime | None = None,
        previous: Mapping[LeadId, Temperature] | None = None,
        with_reasons: bool = True,
    ) -> list[LeadScore]:
        """Score leads with one query and record all decisions in one transaction.

        Args:
            lead_ids: Leads of one or several markets; a lead named twice is scored once for each.
            as_of: The moment (now when None).
            previous: Temperatures before, for hysteresis; without it a lead's temperature is taken afresh.
            with_reasons: Whether to say why, which takes most of the time.

        Returns:
            Scores in the order of `lead_ids`.

        Raises:
            LeadNotFoundError: If a lead does not exist.
            InvalidInputError: If a lead did not exist yet at that moment.
        """
        moment = _aware(as_of or self.clock.now())
        asked = list(dict.fromkeys(lead_ids))
        history = await self.history.known_before(_moments(asked, moment))
        scores = await asyncio.to_thread(self._score_all, history, previous or {}, with_reasons=with_reasons)
        by_lead = {score.lead_id: score for score in scores}
        for lead_id in asked:
            if lead_id not in by_lead:
                raise await self._not_there(lead_id, moment)
        await self.decisions.record_many([_decision(score) for score in scores])
        shown = dict(zip(by_lead, await self._with_overrides(list(by_lead.values()), at=moment), strict=True))
        return [shown[lead_id] for lead_id in lead_ids]

    async def score_as_of(self, moments: Mapping[LeadId, datetime]) -> dict[LeadId, LeadScore]:
        """Score leads, each as of a moment of its own, with one query; record the decisions. Says no reasons.

        What people say about the scores now is not put beside them.

        Raises:
            LeadNotFoundError: If a lead does not exist.
            InvalidInputError: If a lead did not exist yet at its moment.
        """
        rows = [(lead_id, _aware(moment)) for lead_id, moment in moments.items()]
        history = await self.history.known_before(pl.DataFrame(rows, schema=MOMENTS_SCHEMA, orient="row"))
        scores = await asyncio.to_thread(self._score_all, history, {}, with_reasons=False)
        found = {score.lead_id: score for score in scores}
        for lead_id, moment in rows:
            if lead_id not in found:
                raise await self._not_there(lead_id, moment)
        await self.decisions.record_many([_decision(score) for score in scores])
        return found

    async def get_lead_insights(self, lead_id: LeadId) -> LeadInsights:
        """Score a lead now, and say what changed, where it is heading, what would raise it and how leads like it ended.

        Raises:
            LeadNotFoundError: If there is no such lead.
        """
        score = await self.score_lead(lead_id)
        decided = await self.decisions.about(lead_id, limit=_PAST_DECISIONS)
        past = past_scores([one for one in decided if one.kind is DecisionKind.SCORE], until=score.as_of)
        rows = [(lead_id, moment) for moment in (*(one.at for one in past), score.as_of)]
        history = await self.history.known_before(pl.DataFrame(rows, schema=MOMENTS_SCHEMA, orient="row"))
        may = permitted(await self.consents.of_lead(lead_id), now=self.clock.now())
        return await asyncio.to_thread(self._story, score, history, past, may)

    def invalidate_cache(self, lead_id: LeadId | None = None) -> int:
        """Forget the remembered scores of a lead, or all of them; scores under way are not kept. Returns how many."""
        return self.cache.invalidate_cache(lead_id)

    def get_scoring_stats(self) -> dict[str, dict[str, int]]:
        """Return what became of remembered scores and of the time budget since the start."""
        budget = self.budget.stats()
        return {"cache": self.cache.stats()._asdict(), "budget": {**budget._asdict(), "fallbacks": budget.fallbacks}}

    def _score_all(
        self, history: pl.DataFrame, previous: Mapping[LeadId, Temperature], *, with_reasons: bool
    ) -> list[LeadScore]:
        scores = []
        for market, part in by_market(history).items():
            served = self.shelf.open(market)
            facts, matrix = read_many(part, served)
            answers = answer_all(served, matrix, with_reasons=with_reasons)
            scores += make_scores(facts, answers, served, served.model, costs=self.costs, previous=previous)
        return scores

    def _story(
        self, score: LeadScore, history: pl.DataFrame, past: Sequence[PastScore], may: frozenset[str]
    ) -> LeadInsights:
        market = market_of(history)
        served = self.shelf.open(market)
        serving = Version(served.version, served.model.compiled.trained, served.context)
        versions = {one.version: self._version(market, one.version) or serving for one in past}
        # A lead can have been scored before what is recorded of it began.
        known = set(history.get_column("as_of"))
        past = [one for one in past if one.at in known]
        return tell_story(score, history, past, versions, serving, bounds=served.bounds, allowed=may)

    def _version(self, market: Market, name: str) -> Version | None:
        try:
            stored = self.registry.load(market, name)
        except (ModelNotFoundError, InvalidInputError):
            return None
        return Version(stored.version, stored.model, stored.context)

    async def _not_there(self, lead_id: LeadId, moment: datetime) -> InvalidInputError:
        """Return why a lead has no history at a moment. Raises `LeadNotFoundError` where it does not exist at all."""
        lead = await self.leads.get(lead_id)
        rule = f"is before lead {lead_id!r} was created ({lead.created_at.isoformat()})"
        return InvalidInputError("as_of", moment.isoformat(), rule)

    async def _with_overrides(self, scores: Sequence[LeadScore], *, at: datetime) -> list[LeadScore]:
        """Put beside each score what a person said it should be; the model's value stays."""
        found = await self.overrides.in_force([score.lead_id for score in scores], at=at)
        return [score.model_copy(update={"override": found.get(score.lead_id)}) for score in scores]


def _moments(lead_ids: Sequence[LeadId], moment: datetime) -> pl.DataFrame:
    return pl.DataFrame({"lead_id": lead_ids, "as_of": [moment] * len(lead_ids)}, schema=MOMENTS_SCHEMA)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidInputError("as_of", moment.isoformat(), "has no time zone; add one, such as +00:00")
    return moment.astimezone(UTC)


def _decision(score: LeadScore) -> Decision:
    numbers = score.model_dump(
        mode="json",
        include={
            "p_convert", "p_low", "p_high", "points", "base_points", "expected_value", "deal_value", "days_to_close",
            "risk", "fit_points", "engagement_points", "no_signal", "abstains",
        },
    )  # fmt: skip
    flags = [flag.model_dump(mode="json") for flag in score.flags]
    return Decision(
        id=score.decision_id,
        kind=DecisionKind.SCORE,
        subject_id=score.lead_id,
        at=score.as_of,
        inputs_hash=score.feature_hash,
        versions={"model": score.model_version, "features": FEATURES_VERSION, "rung": score.rung},
        chosen=score.temperature,
        considered=({**numbers, "flags": flags},),
        reasons=tuple(f"{reason.points:+.1f} {reason.text}" for reason in score.reasons),
    )
