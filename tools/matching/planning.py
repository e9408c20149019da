"""Who should take each lead of a batch. Pure: everything it needs is an argument; records nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from domain.errors import InvalidInputError
from domain.routing import RoutingPolicy
from domain.values import RepId
from tools.matching.affinities.kinds import LeadKind, kind_of, product_cells
from tools.matching.arrays import IntVector
from tools.matching.batch import Displaceable, Floor, Request
from tools.matching.book import Book
from tools.matching.choosing import choose, held_places, lay_out
from tools.matching.describing import Chosen, describe, pool_entries, summary_of
from tools.matching.eligibility import Rulebook, Verdict
from tools.matching.flow import POOL
from tools.matching.plan import Displacement, Plan
from tools.matching.standing import mark_vips, may_keep, rate_delay, rate_urgency
from tools.matching.travel import distances
from tools.matching.valuation import URGENCY, PairUtilities, fill_values

__all__ = ["Displaceable", "Displacement", "Floor", "Plan", "Request", "plan_matches"]


def plan_matches(
    requests: Sequence[Request],
    floor: Floor,
    *,
    policy: RoutingPolicy,
    now: datetime,
    rng: np.random.Generator | None = None,
) -> Plan:
    """Choose a rep for each lead of a batch, the batch as a whole.

    The hard rules come first. A lead whose owner may keep it stays with him. All others are assigned together: as many
    as possible and, among those ways, at the greatest expected value less travel, workload and displaced leads. A part
    of each capacity is kept for VIPs, who may also take the place of leads that were offered and not accepted yet.

    Args:
        requests: Leads of one market that need a rep, each once.
        floor: The sales floor.
        policy: The team's rules.
        now: The moment of decision.
        rng: Source of randomness for exploration; without it nothing is explored.

    Returns:
        The plan; one match per request, in order.

    Raises:
        InvalidInputError: If a lead is named twice, or a probability or value is out of range.
    """
    _check(requests)
    vip = mark_vips(requests, policy)
    rules = Rulebook(floor, policy, now)
    verdicts = [rules.judge(request, vip=bool(v)) for request, v in zip(requests, vip, strict=True)]
    kinds, kind = _kinds_of(requests)
    utilities = _value(requests, floor, kinds, kind, policy, now=now)
    worth = utilities.worth()
    owner, arriving = _keepers(requests, floor, verdicts, policy, now=now)
    rows = np.flatnonzero(owner == POOL)
    eligible = np.array([~verdicts[row].barred for row in rows], dtype=np.bool_).reshape(len(rows), len(floor.reps))
    held = held_places(floor, policy, vips=bool(vip[rows].any()))
    open_worth = worth if len(rows) == len(worth) else worth[rows]
    places = lay_out(replace(floor, open_leads=floor.load_with(arriving)), policy, open_worth, eligible, held)
    exploring = rng is not None and policy.explore > 0
    choice = choose(
        utilities,
        open_worth,
        eligible,
        places,
        vip[rows],
        rows=rows,
        spread=floor.model.spreads(floor.reps, kinds) if exploring else None,
        cells=product_cells(kinds),
        budget=policy.explore,
        rng=rng,
    )
    book = Book(requests, floor, verdicts, utilities, worth, places.next_cost, choice.proof, vip)
    chosen = Chosen.of(choice, held, owner=owner, rows=rows, vip=vip)
    matches = describe(book, chosen, now=now)
    proof = choice.proof
    return Plan(
        matches=matches,
        pool=pool_entries(requests, matches, policy, now=now),
        displaced=tuple(
            Displacement(held.lead_ids[i], floor.reps[held.rep[i]].id, requests[row].lead.id, float(held.worth[i]))
            for row, i in sorted(chosen.takes_over.items())
        ),
        worth=proof.worth,
        bound=proof.bound,
        gap=proof.gap,
        prices={rep.id: float(price) for rep, price in zip(floor.reps, proof.one_more, strict=True)},
        explored=choice.explored,
        exploration_cost=choice.cost,
        summary=summary_of(book, matches, n_kept=int((owner != POOL).sum())),
        book=book,
    )


def _kinds_of(requests: Sequence[Request]) -> tuple[list[LeadKind], IntVector]:
    """List the kinds of the leads, and the number of each lead's kind."""
    order: dict[LeadKind, int] = {}
    number = [order.setdefault(kind_of(request.lead), len(order)) for request in requests]
    return list(order), np.array(number, dtype=np.int64)


def _value(
    requests: Sequence[Request],
    floor: Floor,
    kinds: Sequence[LeadKind],
    kind: IntVector,
    policy: RoutingPolicy,
    *,
    now: datetime,
) -> PairUtilities:
    p_convert = np.array([request.p_convert for request in requests], dtype=np.float64)
    value = fill_values([request.value for request in requests])
    urgency = rate_urgency(requests, now=now)
    travel = None
    if policy.travel_cost_per_km:
        travel = policy.travel_cost_per_km * distances([request.lead for request in requests], floor.reps)
    hot = np.array([request.hot for request in requests], dtype=np.bool_)
    return PairUtilities(
        p_convert=p_convert,
        value=value,
        kind=kind,
        shifts=floor.model.shifts(floor.reps, kinds),
        travel=travel,
        urgency=URGENCY * urgency * p_convert * value if urgency.any() else None,
        hot=hot * p_convert * value if hot.any() else None,
        delay=rate_delay(floor.reps, policy, now=now) if hot.any() else None,
    )


def _keepers(
    requests: Sequence[Request],
    floor: Floor,
    verdicts: Sequence[Verdict],
    policy: RoutingPolicy,
    *,
    now: datetime,
) -> tuple[IntVector, Counter[RepId]]:
    """Return the owner of each lead that stays with him, as an index, `POOL` for all others; and who gets how many more.

    A lead that its owner does not have yet goes to him as long as he has a free place.
    """
    index = {rep.id: i for i, rep in enumerate(floor.reps)}
    owner = np.full(len(requests), POOL, dtype=np.int64)
    arriving: Counter[RepId] = Counter()
    for row, (request, verdict) in enumerate(zip(requests, verdicts, strict=True)):
        if request.owner is None or request.owner not in index:
            continue
        exclusion, rep = verdict.by_rep.get(request.owner), floor.reps[index[request.owner]]
        if not request.held:
            load = floor.open_leads.get(rep.id, 0) + arriving[rep.id]
            if exclusion is None and load < rep.capacity:
                owner[row] = index[rep.id]
                arriving[rep.id] += 1
        elif may_keep(request, exclusion, floor.availability, policy, now=now):
            owner[row] = index[rep.id]
    return owner, arriving


def _check(requests: Sequence[Request]) -> None:
    seen: set[str] = set()
    for request in requests:
        if request.lead.id in seen:
            raise InvalidInputError("requests", request.lead.id, "is named more than once; name each lead once")
        seen.add(request.lead.id)
        if not 0 <= request.p_convert <= 1:
            raise InvalidInputError("p_convert", request.p_convert, "must lie in [0, 1]")
        if request.value is not None and not 0 <= request.value < np.inf:
            raise InvalidInputError("value", request.value, "must be a finite number of at least 0")
