"""The choice for a batch: valued pairs and free places in, reps and proof out. Pure; names nobody and says nothing."""

from dataclasses import dataclass

import numpy as np

from domain.routing import RoutingPolicy
from domain.values import LeadId, RepId
from tools.matching.arrays import BoolMatrix, BoolVector, FloatMatrix, FloatVector, IntVector
from tools.matching.assignment import TOLERANCE, Assignment, assign
from tools.matching.batch import Floor
from tools.matching.exploring import explore_alone, explore_within
from tools.matching.places import Places, lay_out_places
from tools.matching.valuation import PairUtilities, mean_worth

EXPLORED_TOLERANCE = 0.01
"""Gap to the bound that is good enough for a plan on effects that are drawn."""


@dataclass(frozen=True)
class Held:
    """Places of leads that were offered and not accepted, which only a VIP may take over.

    Attributes:
        lead_ids: The leads.
        rep: Shape (n_held,). Index of the rep of each.
        worth: Shape (n_held,). What each lead is worth there.
    """

    lead_ids: tuple[LeadId, ...]
    rep: IntVector
    worth: FloatVector


@dataclass(frozen=True)
class Choice:
    """What was chosen for the leads that need a rep.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep, or `POOL`.
        displaced: Shape (n_held,). Which held places a VIP takes over.
        proof: The best assignment at the mean effects, with its bound and prices.
        propensity: Shape (n_leads,). Chance of this rep under exploration; None when nothing was explored.
        explored: Part of the posterior spread that was explored with.
        cost: What exploring gave up in expected worth, >= 0.
    """

    rep: IntVector
    displaced: BoolVector
    proof: Assignment
    propensity: FloatVector | None
    explored: float
    cost: float


def held_places(floor: Floor, policy: RoutingPolicy, *, vips: bool) -> Held:
    """List the places that VIPs of this batch may take over; none without a VIP or where the policy forbids it."""
    found: list[tuple[LeadId, int, float]] = []
    if vips and policy.preempt:
        index: dict[RepId, int] = {rep.id: i for i, rep in enumerate(floor.reps)}
        found = [
            (each.lead_id, index[rep_id], max(each.worth, 0.0))
            for rep_id, offered in sorted(floor.displaceable.items())
            if rep_id in index
            for each in offered
        ]
    return Held(
        tuple(lead_id for lead_id, _, _ in found),
        np.array([rep for _, rep, _ in found], dtype=np.int64),
        np.array([worth for _, _, worth in found], dtype=np.float64),
    )


def lay_out(floor: Floor, policy: RoutingPolicy, worth: FloatMatrix, eligible: BoolMatrix, held: Held) -> Places:
    """Lay out the places of a floor for a batch.

    Fairness is measured against the fair share: the part of its capacity that each rep who may take leads of the
    batch would use if all were used alike, at least one lead each. A rep at his fair share takes the next lead at a
    cost of `policy.fairness` mean utilities.

    Args:
        floor: The sales floor.
        policy: The team's rules.
        worth: Shape (n_leads, n_reps). Utility of every pair.
        eligible: Shape (n_leads, n_reps). Pairs that the rules allow, whatever places there are.
        held: Places that VIPs may take over.
    """
    open_leads = np.array([floor.open_leads.get(rep.id, 0) for rep in floor.reps], dtype=np.int64)
    capacities = np.array([rep.capacity for rep in floor.reps], dtype=np.int64)
    takes = eligible.any(axis=0) & (capacities > 0)
    load = max(int(open_leads[takes].sum()) + len(worth), int(takes.sum()))
    share = min(1.0, load / int(capacities[takes].sum())) if takes.any() else 1.0
    unit = mean_worth(worth, eligible)
    places = lay_out_places(
        open_leads,
        capacities,
        n_leads=len(worth),
        weight=policy.fairness * unit,
        fair_share=share,
        reserve=policy.reserve,
        held_rep=held.rep,
        held_worth=held.worth,
    )
    # A free place is taken before anybody is displaced.
    return places.with_held_worth(held.worth + places.extra_cost[held.rep])


def choose(
    utilities: PairUtilities,
    worth: FloatMatrix,
    eligible: BoolMatrix,
    places: Places,
    vip: BoolVector,
    *,
    rows: IntVector,
    spread: FloatMatrix | None,
    cells: IntVector,
    budget: float,
    rng: np.random.Generator | None,
) -> Choice:
    """Choose reps for the leads of a batch that need one.

    Args:
        utilities: Values of all pairs of the batch.
        worth: Shape (n_rows, n_reps). Utility of every pair of the leads chosen for.
        eligible: Shape (n_rows, n_reps). Allowed pairs.
        places: Places of the reps.
        vip: Shape (n_rows,). Which leads are VIPs.
        rows: Shape (n_rows,). Which leads of the batch are chosen for.
        spread: Shape (n_reps, n_kinds). Posterior standard deviations of the shifts; None explores nothing.
        cells: Shape (n_kinds,). Kinds with equal numbers move together.
        budget: Part of the expected worth that exploring may give up.
        rng: Source of randomness; None explores nothing.
    """
    plans: list[Assignment] = []

    def solve(values: FloatMatrix) -> Assignment:
        # What is drawn for exploring needs no tight proof: its cost is measured at the mean effects.
        plans.append(assign(values, eligible, places, vip=vip, tolerance=EXPLORED_TOLERANCE if plans else TOLERANCE))
        return plans[-1]

    if rng is None or spread is None or budget <= 0 or not len(rows) or not spread.any():
        best = solve(worth)
        return Choice(best.rep, best.displaced, best, None, 0.0, 0.0)
    if len(rows) == 1:
        lead = int(rows[0])
        kind = utilities.kind[lead]
        shift, found = explore_alone(
            utilities.total_shift[:, kind],
            spread[:, kind],
            lambda shifts, reps: utilities.worth_alone(lead, shifts, reps),
            np.where(eligible[0], places.asking[int(vip[0])], np.inf),
            budget=budget,
            rng=rng,
        )
        best = solve(worth)
        taken = solve(utilities.worth_alone(lead, shift[None, :], np.arange(len(shift)))) if found.scale else best
        return Choice(taken.rep, taken.displaced, best, found.propensity, found.scale, found.cost)
    n_reps = worth.shape[1]

    def worth_of(shift: FloatMatrix) -> FloatMatrix:
        values = utilities.worth(shift)
        return values if len(rows) == len(values) else values[rows]

    def value_of(rep: IntVector) -> float:
        served = np.flatnonzero(rep >= 0)
        load = np.minimum(np.bincount(rep[served], minlength=n_reps), places.free)
        return float(worth[served, rep[served]].sum()) - places.cost_of(load)

    found = explore_within(
        utilities.total_shift,
        spread,
        worth_of,
        solve,
        kind=utilities.kind[rows],
        budget=budget,
        rng=rng,
        cells=cells,
        value_of=value_of,
    )
    taken = next(plan for plan in plans if plan.rep is found.rep)
    return Choice(found.rep, taken.displaced, plans[0], found.propensity, found.scale, found.cost)
