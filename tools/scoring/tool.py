"""Offers scoring: loads histories through ports, scores, records decisions, trains. Holds no method of its own."""

import asyncio
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import polars as pl

from domain.decisions import Decision, DecisionKind
from domain.errors import InvalidInputError
from domain.ports import Clock, DecisionLog, LeadRecords
from domain.scores import LeadScore, Temperature
from domain.values import LeadId, Market
from tools.scoring.activity import KEYS
from tools.scoring.card import ModelCard, card_features
from tools.scoring.context import MarketContext
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.history import MOMENTS_SCHEMA, OUTCOMES_SCHEMA, History
from tools.scoring.leakage import LeakyField, find_leaky_fields
from tools.scoring.model import TrainedModel, untrained_model
from tools.scoring.moments import MOMENT_DAYS, OUTCOME_WINDOW, settled, training_moments
from tools.scoring.registry import FileModelRegistry
from tools.scoring.scores import score_leads
from tools.scoring.table import build_features
from tools.scoring.temperature import LeadCosts
from tools.scoring.training import train

UNTRAINED_VERSION = f"rules-{FEATURES_VERSION}"
_SEED = 2024
_LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn", "scipy")


@dataclass(frozen=True)
class ScoringTool:
    """Scores leads and trains the models that score them.

    Attributes:
        history: The event log, point in time.
        leads: Tells a lead that does not exist from one that did not exist yet.
        decisions: Every score is recorded here.
        registry: Model versions, one serving per market.
        clock: Says what "now" is.
        costs: Decide hot, warm and cold.
    """

    history: History
    leads: LeadRecords
    decisions: DecisionLog
    registry: FileModelRegistry
    clock: Clock
    costs: LeadCosts = field(default_factory=LeadCosts)

    async def score_lead(self, lead_id: LeadId, *, as_of: datetime | None = None) -> LeadScore:
        """Score a lead as of a moment (now when None) and record the decision.

        The temperature moves with hysteresis from the newest score recorded before that moment.

        Raises:
            LeadNotFoundError: If there is no such lead.
            InvalidInputError: If it did not exist yet at that moment.
        """
        moment = _aware(as_of or self.clock.now())
        previous = await self._previous_temperature(lead_id, moment)
        scores = await self.score_many([lead_id], as_of=moment, previous=previous)
        return scores[0]

    async def score_many(
        self,
        lead_ids: Sequence[LeadId],
        *,
        as_of: datetime | None = None,
        previous: Mapping[LeadId, Temperature] | None = None,
    ) -> list[LeadScore]:
        """Score leads with one query and record all decisions in one transaction.

        Args:
            lead_ids: Leads of one or several markets; a lead named twice is scored once for each.
            as_of: The moment (now when None).
            previous: Temperatures before, for hysteresis; without it a lead's temperature is taken afresh.

        Returns:
            Scores in the order of `lead_ids`.

        Raises:
            LeadNotFoundError: If a lead does not exist.
            InvalidInputError: If a lead did not exist yet at that moment.
        """
        moment = _aware(as_of or self.clock.now())
        asked = list(dict.fromkeys(lead_ids))
        moments = pl.DataFrame({"lead_id": asked, "as_of": [moment] * len(asked)}, schema=MOMENTS_SCHEMA)
        history = await self.history.known_before(moments)
        scores = await asyncio.to_thread(self._score, history, previous or {})
        by_lead = {score.lead_id: score for score in scores}
        for lead_id in asked:
            if lead_id not in by_lead:
                lead = await self.leads.get(lead_id)
                raise InvalidInputError(
                    "as_of",
                    moment.isoformat(),
                    f"is before lead {lead_id!r} was created ({lead.created_at.isoformat()})",
                )
        await self.decisions.record_many([_decision(score) for score in scores])
        return [by_lead[lead_id] for lead_id in lead_ids]

    async def train_model(self, market: Market, *, now: datetime) -> ModelCard:
        """Train on everything that was settled before a moment, publish the result and return its card.

        With too few outcomes the published model is the hand-set rules, set to the level seen so far.
        """
        outcomes = (await self.history.outcomes(market, before=now)).select(OUTCOMES_SCHEMA.keys())
        moments = training_moments(outcomes, now=now)
        usable = settled(moments, now=now)
        history = await self.history.known_before(usable.select("lead_id", "as_of"))
        return await asyncio.to_thread(self._train, market, now, outcomes, moments, usable, history)

    def _score(self, history: pl.DataFrame, previous: Mapping[LeadId, Temperature]) -> list[LeadScore]:
        scores = []
        for market, part in _by_market(history).items():
            published = self.registry.current(market)
            model, context, version = (
                (published.model, published.context, published.version)
                if published
                else (untrained_model(), MarketContext.unknown(), UNTRAINED_VERSION)
            )
            scores += score_leads(part, model, context, model_version=version, costs=self.costs, previous=previous)
        return scores

    def _train(
        self,
        market: Market,
        now: datetime,
        outcomes: pl.DataFrame,
        moments: pl.DataFrame,
        usable: pl.DataFrame,
        history: pl.DataFrame,
    ) -> ModelCard:
        context = MarketContext.of(history, outcomes)
        table = usable.join(build_features(history, context), on=KEYS, how="inner").sort("as_of", "lead_id")
        ended = outcomes.filter(pl.col("outcome_at") <= now).get_column("lead_id").implode()
        leaky = find_leaky_fields(table, table.get_column("lead_id").is_in(ended).to_numpy())
        table = table.drop(field.name for field in leaky)
        model = train(
            table.drop("lead_id", "as_of", "settles_at", "converted", "judged"),
            table.get_column("converted").to_numpy().astype(np.bool_),
            _seconds(table.get_column("as_of")),
            settles_at=_seconds(table.get_column("settles_at")),
            groups=table.get_column("lead_id").rank("dense").to_numpy().astype(np.int64) - 1,
            judged=table.get_column("judged").to_numpy(),
            rng=np.random.default_rng(_SEED),
        )
        return self.registry.publish(model, context, _card(market, now, outcomes, moments, table, model, leaky))

    async def _previous_temperature(self, lead_id: LeadId, before: datetime) -> dict[LeadId, Temperature]:
        for decision in await self.decisions.about(lead_id):
            if decision.kind is DecisionKind.SCORE and decision.at < before and decision.chosen in set(Temperature):
                return {lead_id: Temperature(decision.chosen)}
        return {}


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidInputError("as_of", moment.isoformat(), "has no time zone; add one, such as +00:00")
    return moment.astimezone(UTC)


def _by_market(history: pl.DataFrame) -> dict[Market, pl.DataFrame]:
    leads = history.filter(pl.col("record") == "lead")
    market = pl.col("payload").str.json_path_match("$.market").alias("market")
    names = leads.select("lead_id", market).unique("lead_id", maintain_order=True)
    if names.get_column("market").n_unique() <= 1:
        return {Market(name): history for name in names.get_column("market").unique()}
    joined = history.join(names, on="lead_id", how="left", maintain_order="left")
    return {
        Market(str(key[0])): part.drop("market")
        for key, part in joined.partition_by("market", as_dict=True, maintain_order=True).items()
    }


def _decision(score: LeadScore) -> Decision:
    numbers = score.model_dump(include={"p_convert", "p_low", "p_high", "points", "base_points", "expected_value"})
    return Decision(
        id=score.decision_id,
        kind=DecisionKind.SCORE,
        subject_id=score.lead_id,
        at=score.as_of,
        inputs_hash=score.feature_hash,
        versions={"model": score.model_version, "features": FEATURES_VERSION, "rung": score.rung},
        chosen=score.temperature,
        considered=({**numbers, "no_signal": score.no_signal},),
        reasons=tuple(f"{reason.points:+.1f} {reason.text}" for reason in score.reasons),
    )


def _card(
    market: Market,
    now: datetime,
    outcomes: pl.DataFrame,
    moments: pl.DataFrame,
    table: pl.DataFrame,
    model: TrainedModel,
    leaky: tuple[LeakyField, ...],
) -> ModelCard:
    as_of = table.get_column("as_of")
    first, last = as_of.min(), as_of.max()
    ages = ", ".join(str(days) for days in MOMENT_DAYS)
    return ModelCard(
        market=market,
        version="",
        trained_at=now,
        data_from=first if isinstance(first, datetime) else None,
        data_to=last if isinstance(last, datetime) else None,
        leads=outcomes.height,
        censored=int(moments.get_column("judged").sum()) - int(table.get_column("judged").sum()),
        label=f"won within {OUTCOME_WINDOW.days} days of the score; each lead judged once, {ages} days after it came "
        "and while open, and learned from at further moments",
        rung=model.rung,
        no_signal=model.no_signal,
        base_rate=model.base_rate,
        evidence=model.evidence,
        interval=_interval_words(model),
        features=card_features(model),
        left_out=leaky,
        versions={"features": FEATURES_VERSION, **{name: importlib.metadata.version(name) for name in _LIBRARIES}},
        seed=_SEED,
    )


def _interval_words(model: TrainedModel) -> str:
    if model.no_signal is not None:
        return "95 % Wilson interval of the base rate"
    if model.venn_abers is None:
        return "one unit of log-odds to either side: hand-set, tested by no outcome"
    return "inductive Venn-Abers on out-of-fold scores: how far one more lead of either result would move it"


def _seconds(moments: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(moments.dt.epoch("us").to_numpy() / 1e6, dtype=np.float64)
