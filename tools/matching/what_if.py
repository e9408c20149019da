"""What a change of the floor or of the rules would do to a batch. Pure: replays the plan twice and touches nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from domain.errors import InvalidInputError
from domain.people import Rep
from domain.routing import RoutingPolicy
from domain.values import LeadId, RepId
from tools.matching.arrays import FloatVector
from tools.matching.batch import Floor, Request
from tools.matching.plan import Plan
from tools.matching.planning import plan_matches


@dataclass(frozen=True)
class FloorChange:
    """What is changed.

    Attributes:
        leave: Reps who are no longer there.
        capacity: Places added to reps' capacities; negative takes places away, down to none.
        policy: Other rules of the team; None keeps them.
    """

    leave: frozenset[RepId] = frozenset()
    capacity: Mapping[RepId, int] = field(default_factory=dict)
    policy: RoutingPolicy | None = None

    def applied_to(self, reps: Sequence[Rep]) -> tuple[Rep, ...]:
        """Return the reps as they would be, in the same order.

        Raises:
            InvalidInputError: If the change names a rep who is not among them.
        """
        known = {rep.id for rep in reps}
        for rep_id in (*sorted(self.leave), *sorted(self.capacity)):
            if rep_id not in known:
                raise InvalidInputError("rep_id", rep_id, "is not a rep of this floor")
        return tuple(self._changed(rep) for rep in reps)

    def _changed(self, rep: Rep) -> Rep:
        capacity = max(0, rep.capacity + self.capacity.get(rep.id, 0))
        return rep.model_copy(update={"capacity": capacity, "active": rep.active and rep.id not in self.leave})


@dataclass(frozen=True)
class Totals:
    """A batch in totals.

    Attributes:
        expected_wins: Sum of the probabilities of the leads that have a rep.
        expected_value: Sum of probability times value of a win; leads of unknown value count as the mean of the batch,
            and as 1 where no value is known.
        n_waiting: Leads that nobody can take.
        gini: Of the parts of their capacity that active reps use, this batch included, in [0, 1).
        gap: Most that the plan left on the table, as a part of its worth.
    """

    expected_wins: float
    expected_value: float
    n_waiting: int
    gini: float
    gap: float


@dataclass(frozen=True)
class Move:
    """A lead that would be in other hands; None stands for the pool."""

    lead_id: LeadId
    from_rep_id: RepId | None
    to_rep_id: RepId | None


@dataclass(frozen=True)
class Comparison:
    """A batch as it is and as it would be.

    Attributes:
        before: Without the change.
        after: With it.
        moves: Leads that would be in other hands, in order of the batch.
        summary: The difference in a sentence.
    """

    before: Totals
    after: Totals
    moves: tuple[Move, ...]
    summary: str


def what_if(
    requests: Sequence[Request], floor: Floor, change: FloorChange, policy: RoutingPolicy, now: datetime
) -> Comparison:
    """Plan a batch as the floor is and as it would be, without exploring, and compare.

    Args:
        requests: Leads of one market that need a rep.
        floor: The sales floor.
        change: What is changed.
        policy: The team's rules.
        now: The moment of decision.

    Raises:
        InvalidInputError: If the change names a rep who is not of this floor.
    """
    changed = replace(floor, reps=change.applied_to(floor.reps))
    first = plan_matches(requests, floor, policy=policy, now=now)
    second = plan_matches(requests, changed, policy=change.policy or policy, now=now)
    before, after = _totals(first), _totals(second)
    moves = tuple(
        Move(a.lead_id, a.rep_id, b.rep_id)
        for a, b in zip(first.matches, second.matches, strict=True)
        if a.rep_id != b.rep_id
    )
    return Comparison(before, after, moves, _summary(before, after, len(moves)))


def gini(load: FloatVector) -> float:
    """Return the Gini coefficient of loads >= 0: 0 when all are alike, or when there is no load at all."""
    ranked = np.sort(load)
    n, total = len(ranked), float(ranked.sum())
    # Equal loads can come out a rounding below 0.
    return max(0.0, float((2 * np.arange(1, n + 1) - n - 1) @ ranked / (n * total))) if total > 0 else 0.0


def _totals(plan: Plan) -> Totals:
    book = plan.book
    index = book.column
    load = np.array([book.floor.open_leads.get(rep.id, 0) for rep in book.floor.reps], dtype=np.float64)
    wins = value = 0.0
    for row, match in enumerate(plan.matches):
        if match.rep_id is None or match.p_convert is None:
            continue
        wins += match.p_convert
        value += match.p_convert * float(book.utilities.value[row])
        # A lead that stays with its owner is among his open leads already.
        load[index[match.rep_id]] += match.rep_id != book.requests[row].owner
    parts = [load[i] / rep.capacity for i, rep in enumerate(book.floor.reps) if rep.active and rep.capacity]
    waiting = sum(match.rep_id is None for match in plan.matches)
    return Totals(wins, value, waiting, gini(np.array(parts, dtype=np.float64)), plan.gap)


def _summary(before: Totals, after: Totals, n_moves: int) -> str:
    wins = after.expected_wins - before.expected_wins
    waiting = after.n_waiting - before.n_waiting
    wait = f", {abs(waiting)} {'more' if waiting > 0 else 'fewer'} would wait" if waiting else ""
    return f"{wins:+.2f} expected wins; {n_moves} leads would be in other hands{wait}."
