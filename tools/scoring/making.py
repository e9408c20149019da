"""Makes a model from what was settled: guard, ladder, worth, reference and card, in that order. Pure: no clock, no I/O."""

import importlib.metadata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from domain.values import Market
from tools.scoring.card import ModelCard, card_features, with_predictions
from tools.scoring.context import MarketContext
from tools.scoring.dataset import encode, is_left_out
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.guarding.findings import GuardReport
from tools.scoring.guarding.guard import guard
from tools.scoring.guarding.measures import HALF
from tools.scoring.guarding.reference import Reference
from tools.scoring.learning.tuning import TuningBudget
from tools.scoring.model import TrainedModel
from tools.scoring.moments import MOMENT_DAYS, OUTCOME_WINDOW, settled
from tools.scoring.preparation import TrainingData, prepare_training_data
from tools.scoring.reading import KEYS
from tools.scoring.table import build_features
from tools.scoring.temperature import LeadCosts, thresholds
from tools.scoring.training import Progress, train
from tools.scoring.worth.deals import followed_days
from tools.scoring.worth.model import WorthModel, fit_worth

SEED = 2024

_LIBRARIES = ("lightgbm", "numpy", "polars", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Known:
    """What was known of a market at a moment, as the system of record tells it.

    Attributes:
        market: Whose model is made.
        now: Nothing after it is known.
        outcomes: `OUTCOMES_SCHEMA`.
        moments: What `training_moments` returns.
        history: `HISTORY_SCHEMA`, at the moments that are settled.
        deals: What `won_deals` returns.
        deal_history: `HISTORY_SCHEMA`, at the moments of the deals.
    """

    market: Market
    now: datetime
    outcomes: pl.DataFrame
    moments: pl.DataFrame
    history: pl.DataFrame
    deals: pl.DataFrame
    deal_history: pl.DataFrame


@dataclass(frozen=True)
class NewModel:
    """A model that is not published yet.

    Attributes:
        model: The ladder's choice.
        context: What its features need.
        worth: What a win brings and when; None where no deal tells.
        reference: What later leads are compared with; None without a tested model.
        card: Its card, without a version.
    """

    model: TrainedModel
    context: MarketContext
    worth: WorthModel | None
    reference: Reference | None
    card: ModelCard


def make_model(
    known: Known,
    *,
    leave_out: Collection[str] = (),
    allow: Collection[str] = (),
    tuning: TuningBudget | None = None,
    progress: Progress | None = None,
    costs: LeadCosts | None = None,
) -> NewModel:
    """Make a model; the same facts and choices make the same one.

    Args:
        known: What was known.
        leave_out: Columns that a person does not want, `field.<name>` for a lead's own fields.
        allow: Columns that stay though the leakage guard finds them.
        tuning: How long to search for better settings; None is not at all.
        progress: Told what is being done and the share of the training that is behind.
        costs: The probabilities from which a lead is warm or hot follow from them; there the card counts hits and
            errors.
    """
    usable = settled(known.moments, now=known.now)
    data = prepare_training_data(usable, known.history, known.outcomes)
    found = _guarded(data, known, leave_out, allow)
    # A field that leaks leaves with what was made from it.
    frame = data.frame.drop(name for name in data.frame.columns if is_left_out(name, found.excluded))
    rng = np.random.default_rng(SEED)
    model = train(
        frame,
        data.labels,
        data.times,
        rng=rng,
        settles_at=data.settles_at,
        groups=data.groups,
        judged=data.judged,
        tuning=tuning,
        progress=progress,
    )
    worth = _worth(known, data.context, model, rng)
    card = _card(known, data, model, found, worth)
    reference = None
    if (proof := model.proof) is not None:
        limits = thresholds(costs or LeadCosts(), base_rate=model.base_rate.value)
        card = with_predictions(card, proof.p, proof.labels, thresholds=(limits.warm, limits.hot, HALF))
        matrix = encode(frame[proof.rows], model.schema)
        reference = Reference.of(matrix, model.schema, proof.p, proof.labels)
    return NewModel(model, data.context, worth, reference, card)


def _guarded(data: TrainingData, known: Known, leave_out: Collection[str], allow: Collection[str]) -> GuardReport:
    over = known.outcomes.filter(pl.col("outcome_at") <= known.now).get_column("lead_id")
    return guard(
        data.frame,
        data.labels,
        times=data.times,
        ended=data.table.get_column("lead_id").is_in(over.implode()).to_numpy(),
        decided_at=data.times,
        groups=data.groups,
        allow=allow,
        without=leave_out,
    )


def _worth(known: Known, context: MarketContext, model: TrainedModel, rng: np.random.Generator) -> WorthModel | None:
    """Fit on the deals whose features could be computed."""
    features = build_features(known.deal_history, context)
    deals = features.select(KEYS).join(known.deals, on=KEYS, how="left", maintain_order="left")
    followed = followed_days(known.outcomes, now=known.now)
    return fit_worth(encode(features, model.schema), model.schema, deals, followed=followed, rng=rng)


def _card(
    known: Known, data: TrainingData, model: TrainedModel, found: GuardReport, worth: WorthModel | None
) -> ModelCard:
    as_of = data.table.get_column("as_of")
    first, last = as_of.min(), as_of.max()
    ages = ", ".join(str(days) for days in MOMENT_DAYS)
    return ModelCard(
        market=known.market,
        version="",
        trained_at=known.now,
        data_from=first if isinstance(first, datetime) else None,
        data_to=last if isinstance(last, datetime) else None,
        leads=known.outcomes.height,
        censored=int(known.moments.get_column("judged").sum()) - int(data.judged.sum()),
        label=f"won within {OUTCOME_WINDOW.days} days of the score; each lead judged once, {ages} days after it came "
        "and while open, and learned from at further moments",
        rung=model.rung,
        no_signal=model.no_signal,
        base_rate=model.base_rate,
        evidence=model.evidence,
        interval=_interval_words(model),
        features=card_features(model),
        left_out=found.left_out(),
        guard=found,
        worth=worth.evidence.model_dump(mode="json") if worth else None,
        versions={"features": FEATURES_VERSION, **{name: importlib.metadata.version(name) for name in _LIBRARIES}},
        seed=SEED,
    )


def _interval_words(model: TrainedModel) -> str:
    if model.no_signal is not None:
        return "95 % Wilson interval of the base rate"
    if model.interval is None:
        return "one unit of log-odds to either side: hand-set, tested by no outcome"
    return f"{model.interval.level:.0%} interval of the rate of leads that score alike, on out-of-fold scores"
