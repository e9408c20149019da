"""A decision log that forgets: what is only imagined leaves no trace."""

from collections.abc import Sequence

from domain.decisions import Decision
from domain.errors import DecisionNotFoundError
from domain.values import DecisionId


class ForgottenDecisions:
    """`domain.ports.DecisionLog` that keeps nothing."""

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
