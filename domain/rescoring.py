"""What makes a score stale, and what became of scoring anew. Values only."""

from domain.values import Instant, LeadId, Market, Value


class LeadChange(Value):
    """Something happened to a lead, so that its recorded score is out of date."""

    lead_id: LeadId
    at: Instant


class LeadStanding(Value):
    """Since when there is a lead, and since when it has an outcome."""

    created_at: Instant
    ended_at: Instant | None = None


class Rescored(Value):
    """What became of a batch of leads that were to be scored anew.

    Attributes:
        scored: Scored and recorded.
        ended: Left alone, because they have an outcome.
        missing: Not scored, because there is no such lead any more.
    """

    scored: int = 0
    ended: int = 0
    missing: int = 0


class ModelUpdate(Value):
    """What became of a training.

    Attributes:
        market: Whose model.
        promoted: Whether the new model serves now.
        version: The model that was trained; empty when none could be.
        why: Why it was promoted or not, in a sentence.
    """

    market: Market
    promoted: bool
    version: str
    why: str
