"""The best assignment of a batch of leads to reps, with a proof. Pure: no clock, no I/O; knows no names."""

from dataclasses import dataclass

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import BoolMatrix, BoolVector, FloatMatrix, FloatVector, IntVector
from tools.matching.flow import POOL, Duals, Flow, solve_flow
from tools.matching.places import Places, lay_out_places
from tools.matching.pricing import find_candidates
from tools.matching.proof import Pairs

DENSE = 60_000
"""Up to this many pairs all of them are handed to the solver; beyond, candidates are chosen by prices."""

TOLERANCE = 1e-4
"""Gap to the bound at which the search ends, as a part of the worth."""

_MAX_ROUNDS = 8


@dataclass(frozen=True)
class Assignment:
    """Who gets what, and how good that is.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep, or `POOL`.
        utility: Sum of the utilities of the pairs chosen.
        worth: The same less the costs of places and of displaced leads.
        bound: No assignment that serves as many leads has a greater worth.
        prices: Shape (n_reps,). What a place of each rep costs a lead that is no VIP, its workload included, >= 0;
            where a place would serve a waiting lead, with a whole multiple of `penalty` in it.
        vip_prices: Shape (n_reps,). The same for VIPs.
        penalty: What a waiting lead costs in those prices: more than any exchange can save.
        one_more: Shape (n_reps,). What one more place of each rep would add to `worth`; where it would serve one
            more lead, what that adds.
        serves_more: Shape (n_reps,). Whether one more place would serve one more lead.
        displaced: Shape (n_held,). Which held places a VIP takes over.
        n_candidates: Pairs that were handed to the solver.
    """

    rep: IntVector
    utility: float
    worth: float
    bound: float
    prices: FloatVector
    vip_prices: FloatVector
    penalty: float
    one_more: FloatVector
    serves_more: BoolVector
    displaced: BoolVector
    n_candidates: int

    @property
    def gap(self) -> float:
        """Most that was left on the table, as a part of the worth, >= 0."""
        return max(0.0, self.bound - self.worth) / max(abs(self.worth), 1e-12)


def assign_leads(
    utilities: FloatMatrix,
    eligible: BoolMatrix,
    open_leads: IntVector,
    capacities: IntVector,
    *,
    workload_weight: float = 0.0,
) -> Assignment:
    """Give leads to reps so that as many as possible are served and, among those ways, utility is greatest.

    The best of the whole batch, not lead by lead: a lead takes the second-best rep where another needs the best
    one more. A rep who has n open leads takes the next at a cost of `workload_weight * n / capacity`.

    Args:
        utilities: Shape (n_leads, n_reps). What each pair is worth; finite.
        eligible: Shape (n_leads, n_reps). Which pairs are allowed.
        open_leads: Shape (n_reps,). Leads each rep has already, >= 0.
        capacities: Shape (n_reps,). Most leads each rep may have at once, >= 0.
        workload_weight: What the last free place of a rep costs, in units of utility, >= 0.

    Raises:
        InvalidInputError: If shapes differ, or a utility of an allowed pair is not finite.
    """
    for name, vector in (("open_leads", open_leads), ("capacities", capacities)):
        if vector.shape != utilities.shape[1:]:
            raise InvalidInputError(name, vector.shape, f"must have one number per rep, {utilities.shape[1:]}")
    places = lay_out_places(open_leads, capacities, n_leads=len(utilities), weight=workload_weight)
    return assign(utilities, eligible, places)


def assign(
    utilities: FloatMatrix,
    eligible: BoolMatrix,
    places: Places,
    *,
    vip: BoolVector | None = None,
    tolerance: float = TOLERANCE,
) -> Assignment:
    """Give leads to places: as many as possible and, among those ways, at the greatest utility less costs.

    A small batch is solved over all pairs. A large one over the pairs that are best at estimated prices; the exact
    prices of that optimum then bound what any pair left out could add, and pairs that could are added until the gap
    is small enough.

    Args:
        utilities: Shape (n_leads, n_reps). What each pair is worth; finite where allowed.
        eligible: Shape (n_leads, n_reps). Which pairs are allowed.
        places: Places of the reps.
        vip: Shape (n_leads,). Which leads are VIPs; nobody by default.
        tolerance: Gap to the bound at which the search ends, as a part of the worth, >= 0.

    Raises:
        InvalidInputError: If shapes differ, or a utility of an allowed pair is not finite.

    Source:
        Ahuja, Magnanti and Orlin, "Network Flows", 1993, chapters 16 and 17 (Lagrangian bound, column generation).
    """
    vip = np.zeros(len(utilities), dtype=np.bool_) if vip is None else vip
    _check(utilities, eligible, places, vip)
    pairs = Pairs(utilities, eligible, vip, places)
    if not np.isfinite(pairs.largest):
        raise InvalidInputError("utilities", pairs.largest, "must be finite for every eligible pair")
    if len(utilities) == 1 or not len(pairs.able):
        return _assign_each(pairs)
    if utilities.size <= DENSE or np.count_nonzero(eligible) <= DENSE:
        known, guide = pairs.usable(), np.zeros(utilities.shape[1])
        return _judge(
            pairs, solve_flow(pairs.arcs(known), places, vip[pairs.able], guide, largest=pairs.largest), len(known)
        )
    net = pairs.net()
    lead, rep, guide = find_candidates(net, places)
    known = lead * utilities.shape[1] + rep
    for _ in range(_MAX_ROUNDS):
        flow = solve_flow(pairs.arcs(known), places, vip[pairs.able], guide, largest=pairs.largest)
        found = _judge(pairs, flow, len(known))
        more = pairs.violating(flow) if found.gap > tolerance else known[:0]
        if not len(more):
            break
        known = np.union1d(known, more)
        # The penalty says nothing about how costs compare; without it they stay small.
        guide = np.fmod(flow.duals.ordinary, flow.duals.penalty)
    return found


def _assign_each(pairs: Pairs) -> Assignment:
    """Assign one lead, or leads that nobody has room for, without a solver."""
    places = pairs.places
    n_reps = pairs.utilities.shape[1]
    first, price = np.where(places.free > 0, places.next_cost, np.inf), places.asking
    able = pairs.able
    net = np.where(pairs.eligible[able], pairs.utilities[able] - price[pairs.vip[able].astype(np.int64)], -np.inf)
    rep = net.argmax(axis=1) if len(able) else np.zeros(0, dtype=np.int64)
    dearest = float(places.extra_cost.max(initial=0.0)) + float(places.held_worth.max(initial=0.0))
    penalty = 4 * (pairs.largest + dearest + 1)
    displaced = np.zeros(len(places.held_rep), dtype=np.bool_)
    ordinary, vip, place = np.zeros(n_reps), np.zeros(n_reps), np.zeros(n_reps)
    if len(able):
        taken, best = int(rep[0]), float(net[0, rep[0]])
        gain = np.where(pairs.eligible[able[0]], np.maximum(pairs.utilities[able[0]] - best, 0.0), 0.0)
        is_vip = bool(pairs.vip[able[0]])
        (vip if is_vip else ordinary)[:] = gain
        place = np.where(places.free > 0, np.minimum(gain, np.where(np.isfinite(first), first, 0.0)), gain)
        if is_vip and price[1][taken] < first[taken]:
            held = np.flatnonzero(places.held_rep == taken)
            displaced[held[places.held_worth[held].argmin()]] = True
    duals = Duals(ordinary, vip, place, penalty)
    return _judge(pairs, Flow(rep, displaced, duals), int(np.isfinite(net).sum()))


def _judge(pairs: Pairs, flow: Flow, n_candidates: int) -> Assignment:
    """Measure a flow over some pairs, and bound all others by its prices."""
    places, n_reps = pairs.places, pairs.utilities.shape[1]
    duals = pairs.price_full_reps(flow)
    chosen = np.full(len(pairs.utilities), POOL, dtype=np.int64)
    chosen[pairs.able] = flow.rep
    lead = np.flatnonzero(chosen != POOL)
    utility = float(pairs.utilities[lead, chosen[lead]].sum())
    taken_over = np.bincount(places.held_rep[flow.displaced], minlength=n_reps)
    load = np.bincount(chosen[lead], minlength=n_reps) - taken_over
    worth = utility - places.cost_of(load) - float(places.held_worth[flow.displaced].sum())
    rent = np.maximum(duals.ordinary, duals.place) - places.cost_after(load)
    waits = bool((pairs.eligible[chosen == POOL]).any())
    multiple = np.rint(rent / duals.penalty) if waits else np.zeros(n_reps)
    return Assignment(
        rep=chosen,
        utility=utility,
        worth=worth,
        bound=max(pairs.limit(flow), worth),
        prices=duals.ordinary,
        vip_prices=duals.vip,
        penalty=duals.penalty,
        one_more=np.maximum(0.0, rent - multiple * duals.penalty),
        serves_more=multiple > 0,
        displaced=flow.displaced,
        n_candidates=n_candidates,
    )


def _check(utilities: FloatMatrix, eligible: BoolMatrix, places: Places, vip: BoolVector) -> None:
    if eligible.shape != utilities.shape:
        raise InvalidInputError("eligible", eligible.shape, f"must have the shape of utilities, {utilities.shape}")
    if vip.shape != utilities.shape[:1]:
        raise InvalidInputError("vip", vip.shape, f"must have one entry per lead, {utilities.shape[:1]}")
    if places.ordinary.shape != utilities.shape[1:]:
        raise InvalidInputError("places", places.ordinary.shape, f"must have one entry per rep, {utilities.shape[1:]}")
