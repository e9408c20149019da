"""Ways to give a batch of leads to reps, as a replay tries them: the matcher's, and in turn. Pure: no clock, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from domain.routing import RoutingPolicy
from tools.matching.arrays import IntVector
from tools.matching.batch import Floor, Request
from tools.matching.eligibility import Rulebook
from tools.matching.flow import POOL
from tools.matching.planning import plan_matches
from tools.matching.round_robin import assign_in_turn
from tools.matching.standing import mark_vips


class Chooser(Protocol):
    """Chooses reps for a batch."""

    def choose(self, requests: Sequence[Request], floor: Floor, *, now: datetime) -> IntVector:
        """Return the index of each lead's rep on the floor, or `POOL`. Shape (n_leads,)."""
        ...


@dataclass(frozen=True)
class Planner:
    """The matcher under a team's rules, without exploring."""

    policy: RoutingPolicy

    def choose(self, requests: Sequence[Request], floor: Floor, *, now: datetime) -> IntVector:
        """Plan the batch as a whole."""
        plan = plan_matches(requests, floor, policy=self.policy, now=now)
        column = plan.book.column
        return np.array([POOL if m.rep_id is None else column[m.rep_id] for m in plan.matches], dtype=np.int64)


@dataclass
class InTurn:
    """Each lead, in order, to the next rep in turn who may take it and has a free place.

    Attributes:
        policy: The team's rules, for who counts as a VIP.
        turn: Index of the rep whose turn it is; moves on from batch to batch.
    """

    policy: RoutingPolicy
    turn: int = 0

    def choose(self, requests: Sequence[Request], floor: Floor, *, now: datetime) -> IntVector:
        """Go round the reps."""
        rules = Rulebook(floor, self.policy, now)
        vips = mark_vips(requests, self.policy)
        allowed = [~rules.judge(r, vip=bool(vip)).barred for r, vip in zip(requests, vips, strict=True)]
        open_leads = np.array([floor.open_leads.get(rep.id, 0) for rep in floor.reps], dtype=np.int64)
        capacities = np.array([rep.capacity for rep in floor.reps], dtype=np.int64)
        chosen = assign_in_turn(np.array(allowed), open_leads, capacities, first=self.turn)
        given = chosen[chosen != POOL]
        if len(given):
            self.turn = (int(given[-1]) + 1) % len(floor.reps)
        return chosen
