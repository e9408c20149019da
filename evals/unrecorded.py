"""Records that forget: what is measured must not be changed by measuring it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Decision
from domain.errors import DecisionNotFoundError
from domain.matches import AssignmentRecord
from domain.routing import PoolEntry
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

    async def get_many(self, decision_ids: Sequence[DecisionId]) -> Mapping[DecisionId, Decision]:
        """Return nothing."""
        return {}

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

    async def current_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, AssignmentRecord]:
        """Return nothing."""
        return {}

    async def first_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, AssignmentRecord]:
        """Return nothing."""
        return {}

    async def open_counts(self, market: Market) -> Mapping[RepId, int]:
        """Return no counts."""
        return {}


class UnrecordedHandOvers:
    """Records no hand-over, and says that it did."""

    async def hand_over(
        self,
        assignments: Sequence[AssignmentRecord],
        capacities: Mapping[RepId, int],
        *,
        decisions: Sequence[Decision] = (),
    ) -> tuple[AssignmentRecord, ...]:
        """Forget assignments."""
        return tuple(assignments)


class NobodyWaits:
    """A pool that keeps nobody."""

    async def put(self, entries: Sequence[PoolEntry]) -> int:
        """Forget entries."""
        return len(entries)

    async def waiting(self, market: Market) -> tuple[PoolEntry, ...]:
        """Return nothing."""
        return ()

    async def take_out(self, lead_ids: Sequence[LeadId]) -> int:
        """Forget nothing."""
        return 0


@dataclass(frozen=True)
class KnownScores:
    """A scorer that answers with scores computed before, in bulk."""

    scores: Mapping[LeadId, LeadScore]

    async def batch_score(
        self, lead_ids: Sequence[LeadId], *, as_of: datetime | None = None, with_reasons: bool = True
    ) -> Sequence[LeadScore]:
        """Return the known scores."""
        return [self.scores[lead_id] for lead_id in lead_ids]
