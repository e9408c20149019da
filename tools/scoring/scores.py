"""Scores leads whose histories are at hand: features, prediction, reasons, temperature and worth. Pure: no clock, no I/O."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from domain.decisions import DecisionKind, decision_id
from domain.scores import LeadScore, Reason, Temperature
from domain.values import LeadId, content_hash
from tools.scoring.activity import KEYS, interactions_before
from tools.scoring.context import MarketContext
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.model import Prediction, TrainedModel
from tools.scoring.reasons import Points, points_by_feature, reasons_for
from tools.scoring.table import build_features
from tools.scoring.temperature import LeadCosts, temperature_of, thresholds


def score_leads(
    history: pl.DataFrame,
    model: TrainedModel,
    context: MarketContext,
    *,
    model_version: str,
    costs: LeadCosts,
    previous: Mapping[LeadId, Temperature],
) -> list[LeadScore]:
    """Score every (lead, moment) of a history.

    Args:
        history: `HISTORY_SCHEMA`.
        model: A trained model, or the hand-set rules.
        context: The context the model was trained with.
        model_version: Goes into the scores and their decision ids.
        costs: Decide hot, warm and cold.
        previous: Temperatures before, for the leads that had one.

    Returns:
        One score per pair, ordered by lead and moment.
    """
    features = build_features(history, context)
    if features.is_empty():
        return []
    prediction = model.predict(features)
    points = _points(model, prediction)
    interactions = _by_pair(interactions_before(history).select(*KEYS, "id", "kind", "at"))
    fingerprint = model.schema.fingerprint()
    scores = []
    for i, values in enumerate(features.iter_rows(named=True)):
        lead_id, as_of = LeadId(values["lead_id"]), values["as_of"]
        reasons: tuple[Reason, ...] = ()
        if points is not None:
            events = interactions.get((lead_id, as_of), [])
            reasons = reasons_for(
                points.by_feature[i], model.schema.names, values, lead_id=lead_id, as_of=as_of, interactions=events
            )
        p = float(prediction.p[i])
        base = float(points.base[i]) if points is not None else 100 * p
        value = context.deals.of_product(values["product"])
        relative_value = value / context.deals.overall if value and context.deals.overall else 1.0
        limits = thresholds(costs, base_rate=model.base_rate.value, relative_value=relative_value)
        read = {name: values.get(name) for name in model.schema.names}
        feature_hash = content_hash(FEATURES_VERSION, fingerprint, read)
        scores.append(
            LeadScore(
                lead_id=lead_id,
                p_convert=p,
                p_low=float(prediction.low[i]),
                p_high=float(prediction.high[i]),
                points=100 * p,
                base_points=base,
                other_points=100 * p - base - sum(reason.points for reason in reasons),
                temperature=temperature_of(p, limits, previous=previous.get(lead_id)),
                expected_value=None if value is None else p * value,
                currency=context.deals.currency,
                reasons=reasons,
                no_signal=model.no_signal,
                rung=model.rung,
                model_version=model_version,
                feature_hash=feature_hash,
                as_of=as_of,
                decision_id=decision_id(
                    DecisionKind.SCORE, lead_id, feature_hash, f"{model_version} {as_of.isoformat()}"
                ),
            )
        )
    return scores


def _points(model: TrainedModel, prediction: Prediction) -> Points | None:
    """Split the scores by feature; None where every lead gets the base rate and a reason would be pretence."""
    if model.no_signal is not None:
        return None
    return points_by_feature(model.ranker.contributions(prediction.matrix), model.calibrator)


def _by_pair(interactions: pl.DataFrame) -> dict[tuple[str, datetime], list[dict[str, Any]]]:
    pairs: dict[tuple[str, datetime], list[dict[str, Any]]] = {}
    for row in interactions.iter_rows(named=True):
        pairs.setdefault((row["lead_id"], row["as_of"]), []).append(row)
    return pairs
