"""The scores that a lead had: each as it was recorded, and what moved it. Pure: no clock, no I/O."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Self

from pydantic import Field

from domain.decisions import Decision
from domain.events import Interaction
from domain.scores import Temperature
from domain.values import DecisionId, Instant, LeadId, Value


class ChangeCause(StrEnum):
    """What moved a score since the one before."""

    MODEL = "model"
    EVENTS = "events"
    OTHER = "other"


class Trend(StrEnum):
    """Where a score is heading."""

    IMPROVING = "improving"
    DECLINING = "declining"
    STEADY = "steady"


class ScoreChange(Value):
    """How far a score moved since the one before, and why."""

    points: float
    cause: ChangeCause = Field(
        description="`model`: another model answered. `events`: the lead or a rep did something. "
        "`other`: neither; time passed, the lead's record was changed, or an event arrived late."
    )
    event_ids: tuple[str, ...] = Field(default=(), description="What happened in between, oldest first.")


class RecordedScore(Value):
    """A score as it was recorded: numbers, reasons and versions."""

    lead_id: LeadId
    at: Instant
    points: float
    p_convert: float
    p_low: float
    p_high: float
    base_points: float
    temperature: Temperature
    expected_value: float | None = None
    no_signal: str | None = None
    reasons: tuple[str, ...] = Field(description="Points and words, as the rep saw them.")
    rung: str
    model_version: str
    features_version: str
    feature_hash: str
    decision_id: DecisionId
    change: ScoreChange | None = Field(default=None, description="Since the score before; null for the first.")

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """Read a score from the decision that recorded it.

        Raises:
            ValueError: If the decision is no score.
        """
        numbers = decision.considered[0]
        return cls(
            lead_id=LeadId(decision.subject_id),
            at=decision.at,
            temperature=Temperature(decision.chosen or ""),
            reasons=decision.reasons,
            rung=decision.versions.get("rung", ""),
            model_version=decision.versions.get("model", ""),
            features_version=decision.versions.get("features", ""),
            feature_hash=decision.inputs_hash,
            decision_id=decision.id,
            **{name: numbers[name] for name in ("points", "p_convert", "p_low", "p_high", "base_points")},
            **{name: numbers.get(name) for name in ("expected_value", "no_signal")},
        )


def explain_changes(scores: Sequence[RecordedScore], interactions: Sequence[Interaction]) -> tuple[RecordedScore, ...]:
    """Say of each score how far it moved from the one before it, and why.

    A score knows what happened strictly before its moment, so an event belongs to the first score after it.

    Args:
        scores: Of one lead, newest first.
        interactions: Of the same lead, in order of time.

    Returns:
        The same scores, newest first; the oldest has no change.
    """
    explained = []
    for newer, older in pairwise(scores):
        between = tuple(each.id for each in interactions if older.at <= each.at < newer.at)
        if newer.model_version != older.model_version:
            cause = ChangeCause.MODEL
        elif between:
            cause = ChangeCause.EVENTS
        else:
            cause = ChangeCause.OTHER
        change = ScoreChange(points=newer.points - older.points, cause=cause, event_ids=between)
        explained.append(newer.model_copy(update={"change": change}))
    return (*explained, *scores[-1:])
