"""Tells what there is to know about a lead's score beside the score itself. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import polars as pl

from domain.decisions import Decision
from domain.insights import Counterfactual, LeadInsights
from domain.scores import LeadScore
from tools.scoring.activity import interactions_before
from tools.scoring.context import MarketContext
from tools.scoring.explaining.changes import Snapshot, take_snapshots
from tools.scoring.explaining.counterfactuals import Bounds, find_counterfactuals
from tools.scoring.explaining.reliability import reliability_of_band
from tools.scoring.explaining.sentences import write_sentence
from tools.scoring.explaining.trend import trend
from tools.scoring.model import TrainedModel
from tools.scoring.table import build_features

MAX_MOMENTS = 12
"""Days that a trend looks back on at most, each by its last score: an hour of clicking is one point."""


class Version(NamedTuple):
    """A model version that gave scores: its name, the model, and what its features need."""

    name: str
    model: TrainedModel
    context: MarketContext


class PastScore(NamedTuple):
    """When a lead was scored and by which version."""

    at: datetime
    version: str


def past_scores(decisions: Sequence[Decision], *, until: datetime) -> list[PastScore]:
    """Choose the scores that a trend looks back on: the last one of each day before the present one's moment.

    Args:
        decisions: Recorded scores of one lead, in any order.
        until: Moment of the present score.

    Returns:
        Oldest first, without the present one.
    """
    last_of_day = {
        decision.at.date(): PastScore(decision.at, decision.versions.get("model", ""))
        for decision in sorted(decisions, key=lambda decision: decision.at)
        if decision.at < until
    }
    return list(last_of_day.values())[-MAX_MOMENTS:]


def tell_story(
    score: LeadScore,
    history: pl.DataFrame,
    past: Sequence[PastScore],
    versions: Mapping[str, Version],
    serving: Version,
    *,
    bounds: Bounds,
    allowed: frozenset[str] | None = None,
) -> LeadInsights:
    """Put together what explains a score: its change, its trend, what would raise it, how leads like it ended.

    Past scores are worked out anew from what was known then, by the version that gave them, so that every change
    comes with its causes. A version that is not stored any more is stood in for by the one that serves.

    Args:
        score: The present score.
        history: `HISTORY_SCHEMA`, of the lead at the moments of all scores.
        past: The scores before, oldest first.
        versions: The versions that gave them, as far as they are stored.
        serving: The version that gave the present score.
        bounds: Plausible range of the features that a rep can change.
        allowed: Ids of the actions that may be proposed; None for all.
    """
    present = history.filter(pl.col("as_of") == score.as_of)
    dated = [(one.at, versions.get(one.version, serving)) for one in past] + [(score.as_of, serving)]
    snapshots = [_snapshot(history, at, version) for at, version in dated]
    same_facts = {
        i: _snapshot(history, before[0], after[1])
        for i, (before, after) in enumerate(pairwise(dated), start=1)
        if before[1].name != after[1].name
    }
    happened = interactions_before(present).select("id", "kind", "at").to_dicts()
    heading = trend(snapshots, interactions=happened, same_facts=same_facts)
    counterfactuals: tuple[Counterfactual, ...] = ()
    if score.no_signal is None:
        counterfactuals = find_counterfactuals(
            present,
            features_of=lambda one: build_features(one, serving.context),
            predict=serving.model.predict,
            reads=serving.model.schema.names,
            bounds=bounds,
            allowed=allowed,
        )
    return LeadInsights(
        lead_id=score.lead_id,
        score=score,
        sentence=write_sentence(score),
        reasons=score.reasons,
        change=heading.history[-1].change if heading else None,
        trend=heading,
        counterfactuals=counterfactuals,
        reliability=reliability_of_band(serving.model.evidence, score.p_convert),
    )


def _snapshot(history: pl.DataFrame, at: datetime, version: Version) -> Snapshot:
    rows: Any = history.filter(pl.col("as_of") == at)
    (taken,) = take_snapshots(build_features(rows, version.context), version.model, model_version=version.name)
    return taken
