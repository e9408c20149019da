"""Records that forget: what is measured must not be changed by measuring it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Decision
from domain.errors import DecisionNotFoundError
from domain.matches import AssignmentRecord
from domain.scores import LeadScore
from domain.values import DecisionId, LeadId, Market, RepId


class UnrecordedDecisions:
    """A decision log that keeps nothing."""

    async def record(self, decision: Decision) -> bool:
        """Forget a decision."""
        return True

    async def record_many(self, decisions: Sequence[Decision]) -> int:
        """Forget decisions."""
        return len(decisions)

    async def get(self, decision_id: DecisionId) -> Decision:
        """Raise `DecisionNotFoundError`."""
        raise DecisionNotFoundError(decision_id)

    async def about(self, subject_id: str, *, limit: int = 50) -> tuple[Decision, ...]:
        """Return nothing."""
        return ()


class NobodyAssigned:
    """Assignments of a floor on which every lead is free and every rep idle."""

    async def record(self, assignment: AssignmentRecord) -> bool:
        """Forget an assignment."""
        return True

    async def current(self, lead_id: LeadId) -> AssignmentRecord | None:
        """Return None."""
        return None

    async def open_counts(self, market: Market) -> Mapping[RepId, int]:
        """Return no counts."""
        return {}


@dataclass(frozen=True)
class KnownScores:
    """A scorer that answers with scores computed before, in bulk."""

    scores: Mapping[LeadId, LeadScore]

    async def score_lead(self, lead_id: LeadId, *, as_of: datetime | None = None) -> LeadScore:
        """Return the known score."""
        return self.scores[lead_id]
