"""What a score of given features says, as plain structures that serialise at once. Computes nothing."""

from typing import Annotated, Self

import msgspec

from domain.scores import Reason, ScoreSource


class Interval(msgspec.Struct, frozen=True, gc=False):
    """Bounds of a probability."""

    low: float
    high: float


class ToldReason(msgspec.Struct, frozen=True, gc=False):
    """One reason behind a score, in points of the 0 to 100 scale. Positive points raise the score."""

    feature: str
    points: float
    text: str
    evidence_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, reason: Reason, *, with_evidence: bool = True) -> Self:
        """Tell a reason; without evidence where no event is at hand."""
        return cls(reason.feature, reason.points, reason.text, reason.evidence_ids if with_evidence else ())


class FeatureScore(msgspec.Struct, frozen=True, gc=False):
    """A score and what it rests on."""

    score: Annotated[float, msgspec.Meta(description="100 times `p_convert`.")]
    p_convert: Annotated[float, msgspec.Meta(description="Calibrated probability that the lead is won.")]
    interval: Interval
    confidence: Annotated[float, msgspec.Meta(description="1 minus the width of the interval.")]
    temperature: Annotated[str, msgspec.Meta(description="`hot`, `warm` or `cold`.")]
    source: Annotated[
        str, msgspec.Meta(description="`model`, `cache`, or `fallback`: the rung below, as the model was not in time.")
    ]
    base_points: Annotated[
        float,
        msgspec.Meta(description="Points from which the reasons lead to the score; the score where there are none."),
    ]
    reasons: Annotated[
        tuple[ToldReason, ...] | None,
        msgspec.Meta(description="Strongest first; null where they were not asked for or not ready in time."),
    ]
    rung: Annotated[str, msgspec.Meta(description="Which rung of the ladder answered.")]
    model_version: Annotated[str, msgspec.Meta(description="Version of the market's model.")]
    no_signal: Annotated[str | None, msgspec.Meta(description="Why the score carries no ranking information, if so.")]
    abstains: Annotated[str | None, msgspec.Meta(description="Why too little is known to act on it, if so.")]
    decision_id: Annotated[str | None, msgspec.Meta(description="Null where the features belong to no lead.")]
    feature_hash: Annotated[str, msgspec.Meta(description="Of the features as the model read them.")]

    def decided(self, decision_id: str) -> Self:
        """Return it with the id of its decision."""
        return msgspec.structs.replace(self, decision_id=decision_id)

    def explained(self, reasons: tuple[ToldReason, ...], base_points: float) -> Self:
        """Return it with its reasons."""
        return msgspec.structs.replace(self, reasons=reasons, base_points=base_points)

    def remembered(self) -> Self:
        """Return it as the cache answers it."""
        return msgspec.structs.replace(self, source=ScoreSource.CACHE.value)
