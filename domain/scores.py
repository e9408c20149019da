"""A lead's score: a calibrated probability, its reasons in points, and what it is worth."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from domain.values import MAX_ID_LENGTH, DecisionId, Instant, LeadId, Probability, Value


class Temperature(StrEnum):
    """How soon a lead deserves a person."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class ScoreOverride(Value):
    """A person's word on a lead's score, or its withdrawal. It stands beside the model's value and changes none of it."""

    id: str = Field(min_length=1, max_length=MAX_ID_LENGTH)
    lead_id: LeadId
    points: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    temperature: Temperature | None = None
    reason: str = Field(min_length=1, max_length=2_000)
    by: str = Field(min_length=1, max_length=200)
    at: Instant
    expires_at: Instant | None = Field(default=None, description="From then on the model's value counts again.")
    withdrawn: bool = Field(default=False, description="Whether this takes the word back.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.points is None and self.temperature is None) is not self.withdrawn:
            raise ValueError("needs points or a temperature, and a withdrawal neither")
        if self.expires_at is not None and self.expires_at <= self.at:
            raise ValueError("expires_at must be later than the moment of the override")
        return self


def override_in_force(overrides: Sequence[ScoreOverride], *, now: Instant) -> ScoreOverride | None:
    """Return the override that counts at a moment: the newest one up to then, unless withdrawn or expired.

    Args:
        overrides: Of one lead, in order of time; of two of the same moment the later one counts.
        now: The moment of the score.
    """
    newest = None
    for override in overrides:
        if override.at <= now and (newest is None or override.at >= newest.at):
            newest = override
    if newest is None or newest.withdrawn or (newest.expires_at is not None and newest.expires_at <= now):
        return None
    return newest


class Rung(StrEnum):
    """Which model of the cold-start ladder answered."""

    RULES = "rules"
    LINEAR = "linear"
    GBM = "gbm"
    STACK = "stack"


class ScoreSource(StrEnum):
    """Where a score came from."""

    MODEL = "model"
    CACHE = "cache"
    FALLBACK = "fallback"


class Quantiles(Value):
    """What a quantity will be: in a tenth of the cases below `p10`, in half below `p50`, in nine tenths below `p90`."""

    p10: float
    p50: float
    p90: float


class ScoreFlag(Value):
    """Something about the evidence that a reader of the score must know: bots left out, an outlier, a gap filled."""

    kind: str = Field(description="`bot`, `outlier`, `imputed` or `stale`.")
    text: str = Field(description="At most 25 words, readable by a rep.")
    evidence_ids: tuple[str, ...] = ()


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
    deal_value: Quantiles | None = Field(default=None, description="Of the deal if it is won, in `currency`.")
    days_to_close: Quantiles | None = Field(default=None, description="From now until it is won, if it is.")
    risk: float | None = Field(
        default=None, ge=0, description="Standard deviation of what the lead brings, in `currency`."
    )
    fit_points: float | None = Field(default=None, description="The score if only who the lead is counted, 0 to 100.")
    engagement_points: float | None = Field(
        default=None, description="The score if only what the lead did counted, 0 to 100."
    )
    reasons: tuple[Reason, ...]
    flags: tuple[ScoreFlag, ...] = ()
    no_signal: str | None = Field(default=None, description="Why the score carries no ranking information, if so.")
    abstains: str | None = Field(
        default=None, description="Why too little is known of this lead to act on its score, if so."
    )
    source: ScoreSource = ScoreSource.MODEL
    override: ScoreOverride | None = Field(default=None, description="What a person said the score should be, if so.")
    rung: Rung
    model_version: str
    feature_hash: str
    as_of: Instant
    decision_id: DecisionId
