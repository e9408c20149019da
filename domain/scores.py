"""A lead's score: a calibrated probability, its reasons in points, and what it is worth."""

from enum import StrEnum

from pydantic import Field

from domain.values import DecisionId, Instant, LeadId, Probability, Value


class Temperature(StrEnum):
    """How soon a lead deserves a person."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class Rung(StrEnum):
    """Which model of the cold-start ladder answered."""

    RULES = "rules"
    LINEAR = "linear"
    GBM = "gbm"


class Reason(Value):
    """One reason behind a score, in points of the 0 to 100 scale. Positive points raise the score."""

    feature: str
    points: float
    text: str = Field(description="At most 25 words, readable by a rep.")
    evidence_ids: tuple[str, ...] = ()


class LeadScore(Value):
    """How likely a lead converts within the outcome window, and why.

    `points` is `100 * p_convert`; `base_points` plus the points of all reasons and `other_points` equals `points`.
    """

    lead_id: LeadId
    p_convert: Probability
    p_low: Probability
    p_high: Probability
    points: float = Field(ge=0, le=100)
    base_points: float
    other_points: float
    temperature: Temperature
    expected_value: float | None = None
    currency: str = "USD"
    reasons: tuple[Reason, ...]
    no_signal: str | None = Field(default=None, description="Why the score carries no ranking information, if so.")
    rung: Rung
    model_version: str
    feature_hash: str
    as_of: Instant
    decision_id: DecisionId
