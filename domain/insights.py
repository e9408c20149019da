"""What there is to know about a lead's score beyond the score: its change, its trend, what would raise it. Values only."""

from pydantic import Field

from domain.score_history import Trend
from domain.scores import LeadScore, Reason
from domain.values import Instant, LeadId, Probability, Value


class ChangeExplanation(Value):
    """What changed between two scores of a lead, and why.

    `model_points` plus the points of `changes` plus `other_points` equals `points`, and that is `points_after` minus
    `points_before`.
    """

    since: Instant
    until: Instant
    points_before: float
    points_after: float
    points: float
    changes: tuple[Reason, ...] = Field(description="At most three, strongest first, with the events in between.")
    model_points: float = Field(default=0.0, description="What another model makes of the same facts.")
    model_text: str | None = Field(default=None, description="Says that the model changed, if it did.")
    other_points: float = Field(description="Small changes, and facts that count differently beside the others.")


class TrendPoint(Value):
    """One point of the graph of a score."""

    at: Instant
    points: float
    low: float = Field(description="Lower bound, in points.")
    high: float = Field(description="Upper bound, in points.")
    direction: Trend
    change: ChangeExplanation | None = Field(default=None, description="Since the point before; null for the first.")


class ScoreTrend(Value):
    """Where a score is heading, with what brought it there."""

    direction: Trend
    history: tuple[TrendPoint, ...] = Field(description="Oldest first.")


class Counterfactual(Value):
    """What the model would say after one or two actions. It expects so from other leads; it promises no effect."""

    actions: tuple[str, ...]
    features: tuple[str, ...] = Field(description="Features that a rep can change and that would change.")
    p_convert: Probability
    points: float
    gain: float = Field(gt=0, description="Points.")
    text: str = Field(description="Such as `Book a meeting: +7 points (to 43)`.")


class BandReliability(Value):
    """How leads that scored alike ended, by predictions of models that had not seen them."""

    said_low: Probability
    said_high: Probability
    leads: int = Field(ge=0)
    converted: int = Field(ge=0)
    text: str


class LeadInsights(Value):
    """A lead's score with all that explains it."""

    lead_id: LeadId
    score: LeadScore
    sentence: str = Field(description="The score in one or two sentences, checked against its reasons.")
    reasons: tuple[Reason, ...]
    change: ChangeExplanation | None = Field(default=None, description="Since the score before; null without one.")
    trend: ScoreTrend | None = Field(default=None, description="Null with fewer than two scores.")
    counterfactuals: tuple[Counterfactual, ...] = Field(default=(), description="Empty where nothing helps enough.")
    reliability: BandReliability | None = Field(default=None, description="Null for a model that nothing has tested.")
