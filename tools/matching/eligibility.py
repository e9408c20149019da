"""Hard rules: which reps may take a lead at all, and which have no place for it. Pure: no clock; weighs nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from domain.matches import Exclusion
from domain.people import Lead, Product, RejectReason, Rep
from domain.routing import LeadRejection, Presence, RepAvailability, RoutingPolicy
from domain.values import Market, RepId
from tools.matching.arrays import BoolVector
from tools.matching.batch import Floor, Request

NO_CAPACITY_FOR = timedelta(days=1)
"""How long a rep who declined a lead for want of time is not asked again."""

FULL_RULES = frozenset({"capacity", "vip_reserve"})
"""Rules that say that a rep has no place, not that he may not."""


@dataclass(frozen=True)
class Requirement:
    """What a lead asks of its rep. Leads with equal requirements share one answer."""

    market: Market
    language: str
    region: str | None
    certificate: str | None


def requirement_of(lead: Lead, product: Product | None) -> Requirement:
    """Say what a lead asks of its rep.

    Args:
        lead: The lead.
        product: The product it asks for; None when it names none, or one that nobody has described. No
            certificate is required then, because none is known.
    """
    return Requirement(lead.market, lead.language, lead.region, product.certificate if product else None)


@dataclass(frozen=True)
class Verdict:
    """What the rules say about every rep, for the leads that share it.

    Attributes:
        by_rep: Exclusions by rep; absent means that nothing keeps him from taking the lead.
        barred: Shape (n_reps,). Who may not take it, however many places he has.
        excluded: Shape (n_reps,). Who may not take it or has no place for it.
    """

    by_rep: Mapping[RepId, Exclusion]
    barred: BoolVector
    excluded: BoolVector

    @cached_property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """All exclusions, by rule and detail, then by rep."""
        return tuple(sorted(self.by_rep.values(), key=lambda e: (e.rule, e.detail, e.rep_id)))


@dataclass(frozen=True)
class Rulebook:
    """The hard rules over one floor at one moment; remembers what it was asked.

    Attributes:
        floor: The sales floor.
        policy: The team's rules.
        now: The moment of decision.
    """

    floor: Floor
    policy: RoutingPolicy
    now: datetime
    _verdicts: dict[object, Verdict] = field(default_factory=dict, repr=False, compare=False)

    def judge(self, request: Request, *, vip: bool) -> Verdict:
        """Say who may take a lead, and why the others may not.

        Args:
            request: The lead.
            vip: Whether it is a VIP, to whom kept places and places of others are open.
        """
        lead = request.lead
        product = self.floor.products.get(lead.product_id) if lead.product_id else None
        requirement = requirement_of(lead, product)
        own = exclude_declined(request.rejections, now=self.now) | exclude_named(request.excluded)
        key = (requirement, vip, tuple((e.rep_id, e.rule, e.detail) for e in own.values()))
        if key not in self._verdicts:
            self._verdicts[key] = self._judge(requirement, own, vip=vip)
        return self._verdicts[key]

    def _judge(self, requirement: Requirement, own: Mapping[RepId, Exclusion], *, vip: bool) -> Verdict:
        law = exclude_unqualified(requirement, self.floor.reps)
        mine = {rep_id: exclusion for rep_id, exclusion in own.items() if rep_id in self._index}
        bars = self._absent | mine | law
        full = self._full_for_vips if vip else self._full
        return Verdict(full | bars, self._mark(bars), self._mark(full | bars))

    def _mark(self, rep_ids: Iterable[RepId]) -> BoolVector:
        marks = np.zeros(len(self.floor.reps), dtype=np.bool_)
        marks[[self._index[rep_id] for rep_id in rep_ids]] = True
        return marks

    @cached_property
    def _index(self) -> dict[RepId, int]:
        return {rep.id: index for index, rep in enumerate(self.floor.reps)}

    @cached_property
    def _absent(self) -> dict[RepId, Exclusion]:
        known = {rep_id: entry for rep_id, entry in self.floor.availability.items() if rep_id in self._index}
        return exclude_absent(known)

    @cached_property
    def _full(self) -> dict[RepId, Exclusion]:
        return exclude_full(self.floor.reps, self.floor.open_leads, reserve=self.policy.reserve)

    @cached_property
    def _full_for_vips(self) -> dict[RepId, Exclusion]:
        full = exclude_full(self.floor.reps, self.floor.open_leads)
        offered = self.floor.displaceable if self.policy.preempt else {}
        return {rep_id: exclusion for rep_id, exclusion in full.items() if not offered.get(rep_id)}


def exclude_unqualified(requirement: Requirement, reps: Sequence[Rep]) -> dict[RepId, Exclusion]:
    """Name the reps who may never take such a lead, each with the first rule that says so.

    Args:
        requirement: What the lead asks.
        reps: Reps to judge.
    """
    judged = ((rep.id, _broken_rule(requirement, rep)) for rep in reps)
    return {rep_id: Exclusion(rep_id=rep_id, rule=rule[0], detail=rule[1]) for rep_id, rule in judged if rule}


def exclude_full(
    reps: Sequence[Rep], open_leads: Mapping[RepId, int], *, reserve: float = 0.0
) -> dict[RepId, Exclusion]:
    """Name the reps who have no free place now.

    Args:
        reps: Reps to judge.
        open_leads: Open leads per rep; absent means 0.
        reserve: Part of each capacity that is kept for VIPs and so not free; whole places, rounded down.
    """
    found = {}
    for rep in reps:
        taken = open_leads.get(rep.id, 0)
        kept = kept_places(rep.capacity, reserve)
        if taken >= rep.capacity:
            detail = f"{taken} open leads, capacity {rep.capacity}"
            found[rep.id] = Exclusion(rep_id=rep.id, rule="capacity", detail=detail)
        elif taken >= rep.capacity - kept:
            detail = f"{taken} open leads; {kept} of {rep.capacity} places are kept for VIPs"
            found[rep.id] = Exclusion(rep_id=rep.id, rule="vip_reserve", detail=detail)
    return found


def kept_places(capacity: int, reserve: float) -> int:
    """Return how many places of a rep are kept for VIPs: the reserved part, rounded down."""
    return int(reserve * capacity + 1e-9)


def exclude_absent(availability: Mapping[RepId, RepAvailability]) -> dict[RepId, Exclusion]:
    """Name the reps who are away or offline, with the reason given and until when.

    Args:
        availability: What counts about each rep now.
    """
    found = {}
    for rep_id, entry in availability.items():
        if entry.presence is Presence.AVAILABLE:
            continue
        until = f" until {entry.until:%Y-%m-%d %H:%M} UTC" if entry.until else ""
        why = f": {entry.reason}" if entry.reason else ""
        detail = f"is {entry.presence} since {entry.since:%Y-%m-%d %H:%M} UTC{until}{why}"
        found[rep_id] = Exclusion(rep_id=rep_id, rule=str(entry.presence), detail=detail)
    return found


def exclude_declined(rejections: Sequence[LeadRejection], *, now: datetime) -> dict[RepId, Exclusion]:
    """Name the reps who declined this lead. Want of time counts for a day, everything else for good.

    Args:
        rejections: Who declined the lead.
        now: The moment of decision.
    """
    found = {}
    for rejection in sorted(rejections, key=lambda r: r.at):
        if rejection.reason is RejectReason.NO_CAPACITY and now - rejection.at >= NO_CAPACITY_FOR:
            continue
        detail = f"declined this lead on {rejection.at:%Y-%m-%d}: {rejection.reason}"
        found[rejection.rep_id] = Exclusion(rep_id=rejection.rep_id, rule="rejected", detail=detail)
    return found


def exclude_named(rep_ids: frozenset[RepId]) -> dict[RepId, Exclusion]:
    """Exclude the reps that the caller named: they must not get the lead."""
    detail = "excluded by the caller for this lead"
    return {rep_id: Exclusion(rep_id=rep_id, rule="excluded", detail=detail) for rep_id in sorted(rep_ids)}


def _broken_rule(requirement: Requirement, rep: Rep) -> tuple[str, str] | None:
    if not rep.active:
        return "inactive", "is not active"
    if rep.market != requirement.market:
        return "market", f"works {rep.market}, not {requirement.market}"
    if requirement.certificate and requirement.certificate not in rep.certificates:
        return "certificate", f"does not hold {requirement.certificate}"
    if requirement.language not in rep.languages:
        return "language", f"does not speak {requirement.language}"
    if requirement.region and rep.regions and requirement.region not in rep.regions:
        return "region", f"does not serve {requirement.region}"
    return None
