"""Who should take each lead of a batch. Pure: everything it needs is an argument; records nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from domain.matches import Candidate, Exclusion, Match
from domain.people import Lead, Product, Rep
from domain.values import DecisionId, ProductId, RepId
from tools.matching.affinity import AffinityModel
from tools.matching.assignment import POOL, assign_leads
from tools.matching.eligibility import exclude_full, exclude_named, exclude_unqualified, requirement_of
from tools.matching.network import AffinityNetwork, explain_path
from tools.matching.valuation import PairUtilities, value_pairs
from tools.matching.wording import explain_choice, explain_keeping, explain_pooling

SHOWN = 10
"""Candidates listed in a match; the chosen rep is always among them."""


@dataclass(frozen=True)
class Request:
    """A lead that needs a rep.

    Attributes:
        lead: The lead.
        p_convert: The scorer's probability, whoever takes it.
        value: What a win is worth; None when nobody knows.
        owner: The rep who has the lead now, if anybody.
        excluded: Reps who may not get it.
        decision_id: Name of the decision.
    """

    lead: Lead
    p_convert: float
    value: float | None
    owner: RepId | None
    excluded: frozenset[RepId]
    decision_id: DecisionId


@dataclass(frozen=True)
class Floor:
    """The sales floor at the moment of decision.

    Attributes:
        reps: All reps of the market, the inactive ones too.
        products: All products of the market, by id.
        open_leads: Open leads per rep; absent means 0.
        model: What history says about reps.
        network: The affinity network behind the explanations.
    """

    reps: Sequence[Rep]
    products: Mapping[ProductId, Product]
    open_leads: Mapping[RepId, int]
    model: AffinityModel
    network: AffinityNetwork


def plan_matches(requests: Sequence[Request], floor: Floor, *, fairness: float, now: datetime) -> tuple[Match, ...]:
    """Choose a rep for each lead of a batch, the batch as a whole.

    A lead whose rep may still have it stays with that rep. All others are assigned together.

    Args:
        requests: Leads of one market that need a rep, each once.
        floor: The sales floor.
        fairness: What the last free place of a rep costs, as a part of the mean utility of the allowed pairs.
        now: The moment of decision.

    Returns:
        One match per request, in order.
    """
    barred = _exclusions(requests, floor)
    eligible = np.array([[rep.id not in row for rep in floor.reps] for row in barred], dtype=np.bool_)
    eligible = eligible.reshape(len(requests), len(floor.reps))
    utilities = value_pairs(
        p_convert=np.array([r.p_convert for r in requests]),
        values=[r.value for r in requests],
        shifts=floor.model.shifts(floor.reps, [r.lead.product_id for r in requests]),
        eligible=eligible,
        open_leads=np.array([floor.open_leads.get(rep.id, 0) for rep in floor.reps], dtype=np.int64),
        capacities=np.array([rep.capacity for rep in floor.reps], dtype=np.int64),
        fairness=fairness,
    )
    index = {rep.id: i for i, rep in enumerate(floor.reps)}
    chosen = np.array(
        [
            index.get(r.owner, POOL) if r.owner and _may_keep(r.owner, row) else POOL
            for r, row in zip(requests, barred, strict=True)
        ],
        dtype=np.int64,
    )
    kept = chosen != POOL
    chosen[~kept] = assign_leads(
        utilities.worth[~kept],
        eligible[~kept],
        utilities.open_leads,
        utilities.capacities,
        workload_weight=utilities.workload_weight,
    ).rep
    return tuple(
        _match(request, floor, utilities, lead, int(chosen[lead]), barred[lead], kept=bool(kept[lead]), now=now)
        for lead, request in enumerate(requests)
    )


def _match(
    request: Request,
    floor: Floor,
    utilities: PairUtilities,
    lead: int,
    chosen: int,
    barred: Mapping[RepId, Exclusion],
    *,
    kept: bool,
    now: datetime,
) -> Match:
    """Put one lead's result into words and domain values."""
    order = utilities.ranking(lead, [i for i, rep in enumerate(floor.reps) if rep.id not in barred])
    shown = order[:SHOWN] + [i for i in order[SHOWN:] if i == chosen]
    if kept and chosen not in shown:
        shown.append(chosen)
    rep = floor.reps[chosen] if chosen != POOL else None
    product = floor.products.get(request.lead.product_id) if request.lead.product_id else None
    p_convert = float(utilities.chance[lead, chosen]) if rep else None
    if rep is None:
        reason = explain_pooling(list(barred.values()), n_eligible=len(order))
    elif kept:
        reason = explain_keeping(rep, p_convert=float(utilities.chance[lead, chosen]))
    else:
        reason = explain_choice(
            rep,
            explain_path(floor.network, rep, product) if floor.model.no_signal is None else None,
            p_convert=float(utilities.chance[lead, chosen]),
            open_leads=int(utilities.open_leads[chosen]),
            place=order.index(chosen) + 1,
            n_eligible=len(order),
        )
    return Match(
        lead_id=request.lead.id,
        rep_id=rep.id if rep else None,
        rep_name=rep.name if rep else None,
        p_convert=p_convert,
        reason=reason,
        considered=tuple(
            Candidate(
                rep_id=floor.reps[i].id,
                p_convert=float(utilities.chance[lead, i]),
                utility=sum(utilities.terms(lead, i).values()),
                terms=utilities.terms(lead, i),
            )
            for i in shown
        ),
        excluded=tuple(exclusion for rep_id, exclusion in barred.items() if rep is None or rep_id != rep.id),
        no_signal=floor.model.no_signal,
        model_version=floor.model.version,
        as_of=now,
        decision_id=request.decision_id,
    )


def _exclusions(requests: Sequence[Request], floor: Floor) -> list[dict[RepId, Exclusion]]:
    """Name, per lead, the reps who may not take it. Leads that ask the same share the work."""
    full = exclude_full(floor.reps, floor.open_leads)
    by_requirement: dict[object, dict[RepId, Exclusion]] = {}
    barred = []
    known = {rep.id for rep in floor.reps}
    for request in requests:
        product = floor.products.get(request.lead.product_id) if request.lead.product_id else None
        requirement = requirement_of(request.lead, product)
        if requirement not in by_requirement:
            by_requirement[requirement] = full | exclude_unqualified(requirement, floor.reps)
        named = exclude_named(request.excluded & known)
        barred.append(by_requirement[requirement] | named)
    return barred


def _may_keep(owner: RepId, barred: Mapping[RepId, Exclusion]) -> bool:
    """Say whether the lead's rep keeps it. Being full does not matter: the lead is among those that fill him."""
    exclusion = barred.get(owner)
    return exclusion is None or exclusion.rule == "capacity"
