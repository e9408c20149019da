"""A simulated floor with a model of every rung and scores to explain, for the benchmark of explanations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl

from domain.decisions import DecisionKind, decision_id
from domain.scores import LeadScore, Rung, Temperature
from domain.values import LeadId
from simulation.catalogue import load_market
from simulation.floor import SalesFloor, simulate
from tools.scoring.arrays import BoolVector
from tools.scoring.calibration import Method, fit_calibrator
from tools.scoring.context import MarketContext
from tools.scoring.dataset import encode
from tools.scoring.gbm import GbmModel
from tools.scoring.history import HISTORY_SCHEMA, OUTCOMES_SCHEMA
from tools.scoring.learning.stack import StackModel
from tools.scoring.model import TrainedModel, untrained_model
from tools.scoring.moments import scoring_moments, settled, training_moments
from tools.scoring.reasons import points_by_feature, reasons_for
from tools.scoring.table import build_features
from tools.scoring.training import train

_START = datetime(2023, 1, 2, tzinfo=UTC)
_DAYS = 730
_KEYS = ["lead_id", "as_of"]
_NOT_FEATURES = ("lead_id", "as_of", "settles_at", "converted", "judged")
_TREES = {"objective": "binary", "num_leaves": 12, "learning_rate": 0.05, "min_data_in_leaf": 30, "verbosity": -1,
          "num_threads": 1}  # fmt: skip


@dataclass(frozen=True)
class ExplainedFloor:
    """What explanations are measured on.

    Attributes:
        served: The model that training chose.
        models: A model of every rung, by name.
        learn: Feature table that the models learned from.
        test: Feature table of later leads.
        histories: Histories of the later leads.
        context: Of the market.
    """

    served: TrainedModel
    models: Mapping[str, TrainedModel]
    learn: pl.DataFrame
    test: pl.DataFrame
    histories: pl.DataFrame
    context: MarketContext

    def interactions(self) -> dict[str, list[dict[str, Any]]]:
        """Return each later lead's interactions, oldest first."""
        rows = self.histories.filter(pl.col("record") == "interaction").sort("at").select("lead_id", "id", "kind", "at")
        by_lead: dict[str, list[dict[str, Any]]] = {}
        for row in rows.iter_rows(named=True):
            by_lead.setdefault(row["lead_id"], []).append(row)
        return by_lead


def explained_floor(market: str, *, n_leads: int, seed: int) -> ExplainedFloor:
    """Simulate a floor, learn from its first 60 % and score each later lead at an age of 7 days."""
    floor = simulate(load_market(market), n_leads=n_leads, seed=seed, start=_START, days=_DAYS)
    leads, events, ends = _frames(floor)
    now = _START + timedelta(days=0.6 * _DAYS)
    past = _outcomes(ends, now)
    moments = settled(training_moments(past, now=now), now=now)
    history = _known(leads, events, moments.select(_KEYS))
    context = MarketContext.of(history, past)
    learn = moments.join(build_features(history, context), on=_KEYS).sort("as_of", "lead_id")
    later = scoring_moments(_outcomes(ends, floor.end), now=floor.end, days=(7,))
    later = settled(later, now=floor.end).filter(pl.col("as_of") >= now)
    histories = _known(leads, events, later.select(_KEYS))
    test = later.join(build_features(histories, context), on=_KEYS).sort("as_of", "lead_id")
    trained, models = _models(learn, seed)
    return ExplainedFloor(trained, models, learn, test, histories, context)


def scores_of(floor: ExplainedFloor, model: TrainedModel, *, limit: int) -> list[LeadScore]:
    """Score later leads with reasons, as serving does."""
    table = floor.test.head(limit)
    prediction = model.predict(table)
    points = points_by_feature(model.ranker.contributions(prediction.matrix), model.calibrator)
    interactions = floor.interactions()
    scores = []
    for i, values in enumerate(table.iter_rows(named=True)):
        reasons = reasons_for(
            points.by_feature[i], model.schema.names, values, lead_id=values["lead_id"], as_of=values["as_of"],
            interactions=interactions.get(values["lead_id"], []),
        )  # fmt: skip
        p = float(prediction.p[i])
        base = float(points.base[i])
        scores.append(
            LeadScore(
                lead_id=LeadId(values["lead_id"]), p_convert=p, p_low=float(prediction.low[i]),
                p_high=float(prediction.high[i]), points=100 * p, base_points=base,
                other_points=100 * p - base - sum(reason.points for reason in reasons), temperature=Temperature.WARM,
                reasons=reasons, rung=model.rung, model_version="bench", feature_hash="bench", as_of=values["as_of"],
                decision_id=decision_id(DecisionKind.SCORE, values["lead_id"], "bench", "bench"),
            )
        )  # fmt: skip
    return scores


def _models(learn: pl.DataFrame, seed: int) -> tuple[TrainedModel, dict[str, TrainedModel]]:
    frame, labels = learn.drop(_NOT_FEATURES), learn["converted"].to_numpy().astype(np.bool_)
    as_of, settles_at = (learn[name].dt.epoch("us").to_numpy() / 1e6 for name in ("as_of", "settles_at"))
    groups = learn["lead_id"].rank("dense").to_numpy().astype(np.int64) - 1
    rng = np.random.default_rng(seed)
    trained = train(
        frame, labels, as_of, settles_at=settles_at, groups=groups, judged=learn["judged"].to_numpy(), rng=rng
    )
    models: dict[str, TrainedModel] = {"rules": untrained_model()}
    one: TrainedModel | None = trained
    while one is not None:
        models[str(one.rung)] = one
        one = one.fallback
    base = models.get("linear", trained)
    matrix = encode(frame, base.schema)
    if "gbm" not in models:
        data = lgb.Dataset(matrix, labels.astype(float), categorical_feature=base.schema.categorical)
        models["gbm"] = _calibrated(base, Rung.GBM, GbmModel(lgb.train(_TREES, data, 120)), frame, labels)
    if "stack" not in models and "linear" in models:
        stack = StackModel((models["linear"].ranker, models["gbm"].ranker), (0.5, 0.5), 0.05)
        models["stack"] = _calibrated(base, Rung.STACK, stack, frame, labels)
    return trained, models


def _calibrated(base: TrainedModel, rung: Rung, ranker: Any, frame: pl.DataFrame, labels: BoolVector) -> TrainedModel:
    """Calibrate on the rows learned from: too sharp to serve, and as good as any map to see whether points add up."""
    log_odds = ranker.log_odds(encode(frame, base.schema))
    return TrainedModel(
        schema=base.schema, rung=rung, ranker=ranker, calibrator=fit_calibrator(Method.BETA, log_odds, labels),
        interval=base.interval, base_rate=base.base_rate, no_signal=None, evidence=base.evidence,
    )  # fmt: skip


def _known(leads: pl.DataFrame, events: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    born = moments.join(leads, on="lead_id").filter(pl.col("at") <= pl.col("as_of"))
    past = moments.join(events, on="lead_id").filter(pl.col("at") < pl.col("as_of"))
    parts: Sequence[pl.DataFrame] = [frame.select(HISTORY_SCHEMA.keys()) for frame in (born, past)]
    return pl.concat(parts).sort(*_KEYS, "at", "id")


def _outcomes(ends: pl.DataFrame, before: datetime) -> pl.DataFrame:
    known = pl.col("outcome_at") < before
    hidden = [pl.when(known).then(name).alias(name) for name in ("outcome", "outcome_at", "value", "currency")]
    return ends.filter(pl.col("created_at") < before).with_columns(hidden)


def _frames(floor: SalesFloor) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return leads, events and outcomes as records hold them."""
    fields = [name for name in floor.leads.columns if name.startswith("fields.")]
    payload = [
        json.dumps(
            {name: row[name] for name in ("market", "region", "language", "timezone", "company")}
            | {"has_email": row["email"] is not None, "has_phone": row["phone"] is not None}
            | {"fields": {name.removeprefix("fields."): row[name] for name in fields}}
        )
        for row in floor.leads.iter_rows(named=True)
    ]
    none = {name: pl.lit(None, dtype) for name, dtype in HISTORY_SCHEMA.items()}
    leads = floor.leads.select(
        "id", "product_id", lead_id="id", record=pl.lit("lead"), at="created_at", kind="source",
        channel=none["channel"], rep_id=none["rep_id"], value=none["value"], payload=pl.Series(payload),
    )  # fmt: skip
    events = floor.interactions.select(
        "id", "product_id", "lead_id", "at", "kind", "channel", "rep_id",
        record=pl.lit("interaction"), value="duration_s", payload="attributes",
    )  # fmt: skip
    assigned = floor.assignments.select(
        "id", "lead_id", "at", "rep_id", record=pl.lit("assignment"), kind="by", channel=none["channel"],
        product_id=none["product_id"], value=none["value"], payload=none["payload"],
    )  # fmt: skip
    ends = floor.outcomes.select("lead_id", "rep_id", "value", "currency", outcome="kind", outcome_at="at")
    table = floor.leads.select("created_at", "product_id", "region", "source", lead_id="id")
    outcomes = table.join(ends, on="lead_id", how="left").select(OUTCOMES_SCHEMA.keys())
    return leads, pl.concat([events, assigned.select(events.columns)]), outcomes
