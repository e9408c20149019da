"""Hard rules: which reps may take a lead at all. Pure: no clock, no I/O; weighs nothing."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from domain.matches import Exclusion
from domain.people import Lead, Product, Rep
from domain.values import Market, RepId


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


def exclude_unqualified(requirement: Requirement, reps: Sequence[Rep]) -> dict[RepId, Exclusion]:
    """Name the reps who may never take such a lead, each with the first rule that says so.

    Args:
        requirement: What the lead asks.
        reps: Reps to judge.
    """
    judged = ((rep.id, _broken_rule(requirement, rep)) for rep in reps)
    return {rep_id: Exclusion(rep_id=rep_id, rule=rule[0], detail=rule[1]) for rep_id, rule in judged if rule}


def exclude_full(reps: Sequence[Rep], open_leads: Mapping[RepId, int]) -> dict[RepId, Exclusion]:
    """Name the reps who have no free capacity now.

    Args:
        reps: Reps to judge.
        open_leads: Open leads per rep; absent means 0.
    """
    taken = {rep.id: open_leads.get(rep.id, 0) for rep in reps}
    return {
        rep.id: Exclusion(rep_id=rep.id, rule="capacity", detail=f"{taken[rep.id]} open leads, capacity {rep.capacity}")
        for rep in reps
        if taken[rep.id] >= rep.capacity
    }


def exclude_named(rep_ids: AbstractSet[RepId]) -> dict[RepId, Exclusion]:
    """Exclude the reps that the caller named: they declined the lead, or must not see it."""
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
        return "language", f"speaks {', '.join(rep.languages)}, not {requirement.language}"
    if requirement.region and rep.regions and requirement.region not in rep.regions:
        return "region", f"serves {', '.join(rep.regions)}, not {requirement.region}"
    return None
