"""Which leads somebody could take now, by the hard rules and free places alone. Pure: no clock, no I/O; weighs nothing.

A lead without such a chance is not worth scoring, nor a place in a batch: it would keep another one out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np

from domain.people import Lead
from domain.routing import LeadRejection, RoutingPolicy
from domain.values import DecisionId, LeadId, RepId
from tools.matching.batch import Floor, Request
from tools.matching.eligibility import Rulebook


@dataclass(frozen=True)
class Chances:
    """Who could take a lead on one floor at one moment. Places that are kept for VIPs count: the lead may be one.

    Attributes:
        floor: The sales floor.
        policy: The team's rules.
        now: The moment.
        rejections: Who declined which lead.
    """

    floor: Floor
    policy: RoutingPolicy
    now: datetime
    rejections: Mapping[LeadId, Sequence[LeadRejection]] = field(default_factory=dict)

    @cached_property
    def _rules(self) -> Rulebook:
        return Rulebook(self.floor, self.policy, self.now)

    def takers(self, lead: Lead) -> tuple[RepId, ...]:
        """Name the reps who may take a lead and have a place for it, in order of the floor."""
        request = Request(
            lead=lead,
            p_convert=0.0,
            value=None,
            owner=None,
            excluded=frozenset(),
            decision_id=DecisionId(""),
            rejections=tuple(self.rejections.get(lead.id, ())),
        )
        free = ~self._rules.judge(request, vip=True).excluded
        return tuple(self.floor.reps[index].id for index in np.flatnonzero(free).tolist())
