"""The exact optimum over a list of candidate pairs, with its prices. Pure: no clock, no I/O; finds no candidates."""

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from tools.matching.arrays import BoolVector, FloatVector, IntVector
from tools.matching.places import Places

POOL = -1
"""Stands for no rep: the lead waits in the pool."""

RESOLUTION = 10**7
"""Integer steps between 0 and the greatest of the numbers that are weighed against each other."""

_NONE = np.iinfo(np.int64).min // 4


@dataclass(frozen=True)
class Arcs:
    """Candidate pairs in order of lead, then rep; each pair once.

    Attributes:
        lead: Shape (n_arcs,). Every lead has at least one.
        rep: Shape (n_arcs,).
        utility: Shape (n_arcs,). Finite.
    """

    lead: IntVector
    rep: IntVector
    utility: FloatVector


@dataclass(frozen=True)
class Duals:
    """Prices that prove the optimum, in units of utility.

    Where a lead waits, prices hold whole multiples of `penalty`, the worth of serving one more lead.

    Attributes:
        ordinary: Shape (n_reps,). What a place costs a lead that is no VIP.
        vip: Shape (n_reps,). What a place costs a VIP; at most `place`.
        place: Shape (n_reps,). What any free place is worth.
        penalty: What a lead in the pool costs.
    """

    ordinary: FloatVector
    vip: FloatVector
    place: FloatVector
    penalty: float


@dataclass(frozen=True)
class Flow:
    """The optimum over the candidates.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep, or `POOL`.
        displaced: Shape (n_held,). Which held places a VIP takes over.
        duals: The least prices that prove it.
    """

    rep: IntVector
    displaced: BoolVector
    duals: Duals


def solve_flow(arcs: Arcs, places: Places, vip: BoolVector, guide: FloatVector, *, largest: float) -> Flow:
    """Serve as many leads as possible and, among those ways, make utility less costs greatest.

    The flow runs from leads over reps to places. A VIP may use every place and take over held ones; other leads share
    the ordinary places. Costs are handed to the solver less the guide prices: the optimum stays the same, and cost
    scaling ends sooner because they are smaller.

    Args:
        arcs: Candidate pairs.
        places: Places of the reps.
        vip: Shape (n_leads,). Which leads are VIPs.
        guide: Shape (n_reps,). Prices near those of the optimum, >= 0; any prices give the same optimum.
        largest: Size of the largest utility of any allowed pair, candidate or not; sets the penalty of waiting.

    Source:
        Ahuja, Magnanti and Orlin, "Network Flows", 1993, chapters 9 to 11 and 14 (convex costs by parallel arcs). The
        solver is OR-Tools' cost scaling.
    """
    network = _Network(arcs, places, vip, guide, largest)
    # Few batches leave a lead waiting. A small penalty solves sooner, and proves itself when nobody waits.
    small, large = network.penalties()
    enough = len(places.rep) + len(places.held_rep) >= len(vip)
    for penalty in (small, large) if enough else (large,):
        rep, displaced = network.solve(penalty)
        if not (rep == POOL).any():
            break
    # Where nobody waits no price depends on the penalty, so the large one holds too.
    return Flow(rep, displaced, network.duals(rep, displaced, large))


class _Network:
    """The batch in whole numbers. Columns are reps for ordinary leads, then reps for VIPs."""

    def __init__(self, arcs: Arcs, places: Places, vip: BoolVector, guide: FloatVector, largest: float) -> None:
        self.arcs, self.places = arcs, places
        self.n_leads, self.n_reps = len(vip), len(places.ordinary)
        self.first = np.searchsorted(arcs.lead, np.arange(self.n_leads))
        self.has_vips = bool(vip.any())
        self.column = arcs.rep + self.n_reps * vip[arcs.lead]
        spans = (places.extra_cost, places.held_worth, guide)
        self.span = max(1e-12, largest, *(float(x.max(initial=0.0)) for x in spans))
        self.largest = int(np.ceil(largest / self.span * RESOLUTION))
        self.worth = self._whole(arcs.utility)
        self.cost = self._whole(places.cost)
        self.held = self._whole(places.held_worth)
        self.guide = self._whole(guide)

    def _whole(self, numbers: FloatVector) -> IntVector:
        return np.rint(numbers / self.span * RESOLUTION).astype(np.int64)

    def penalties(self) -> tuple[int, int]:
        """Return a cost of waiting beyond any single exchange, and one beyond every rearrangement."""
        dearest = int(self._whole(self.places.extra_cost).max(initial=0)) + int(self.held.max(initial=0))
        single = 2 * self.largest + dearest + 1
        return 2 * single, 2 * single * (self.n_leads + 1)

    def solve(self, penalty: int) -> tuple[IntVector, BoolVector]:
        """Return the rep of each lead and which held places are taken over."""
        n, m = self.n_leads, self.n_reps
        arcs, places = self.arcs, self.places
        net = self.worth - self.guide[arcs.rep]
        best = np.maximum.reduceat(net, self.first)
        every, nth = np.arange(m), np.arange(len(places.rep)) - places.starts[places.rep]
        # Without VIPs the places kept for them are closed, and nothing needs to tell leads apart.
        one_class = not self.has_vips
        column = n + (arcs.rep if one_class else self.column)
        place = n if one_class else n + 2 * m
        open_ = nth < places.ordinary[places.rep] if one_class else np.ones(len(nth), dtype=np.bool_)
        runs = _Runs.of(places.rep[open_], self.cost[open_])
        sink = place + m
        groups = [
            (arcs.lead, column, 1, best[arcs.lead] - net),
            (np.arange(n), sink, 1, best + penalty),
            (place + runs.rep, sink, runs.size, runs.cost - self.guide[runs.rep]),
        ]
        if not one_class:
            groups += [
                (n + every, place + every, places.ordinary, 0),
                (n + m + every, place + every, places.free, 0),
                (n + m + places.held_rep, sink, 1, self.held - self.guide[places.held_rep]),
            ]
        solver = min_cost_flow.SimpleMinCostFlow()
        sizes = [len(tail) for tail, *_ in groups]
        tails, heads, room, costs = (
            np.concatenate([np.broadcast_to(part, size) for part, size in zip(parts, sizes, strict=True)])
            for parts in zip(*groups, strict=True)
        )
        ids = solver.add_arcs_with_capacity_and_unit_cost(tails, heads, room, costs)
        supplies = np.zeros(sink + 1, dtype=np.int64)
        supplies[:n], supplies[sink] = 1, -n
        solver.set_nodes_supplies(np.arange(sink + 1), supplies)
        status = solver.solve()
        assert status == solver.OPTIMAL, f"min-cost flow ended with status {status}; the pool makes it always solvable"
        flows = np.asarray(solver.flows(ids))
        taken = flows[: len(arcs.lead)] > 0
        rep = np.full(n, POOL, dtype=np.int64)
        rep[arcs.lead[taken]] = arcs.rep[taken]
        displaced = (
            flows[len(flows) - len(self.held) :] > 0 if not one_class else np.zeros(len(self.held), dtype=np.bool_)
        )
        return rep, displaced

    def duals(self, rep: IntVector, displaced: BoolVector, penalty: int) -> Duals:
        """Find the least prices that prove the optimum: longest paths in the residual network.

        An assigned lead must not gain by moving, so the price elsewhere is at least the price here plus what it
        would gain; a lead that waits must not gain by being served; a filled place is worth its cost. Relaxing these
        until nothing changes gives the least prices, which are what one more place would add.
        """
        n, m = self.n_leads, self.n_reps
        arcs, places = self.arcs, self.places
        taken = arcs.rep == rep[arcs.lead]
        is_vip = self.column >= m
        load = np.bincount(arcs.rep[taken], minlength=m)
        load_vip = np.bincount(arcs.rep[taken & is_vip], minlength=m)
        taken_over = np.bincount(places.held_rep[displaced], minlength=m)
        used = load - taken_over
        load_ordinary = load - load_vip
        last = places.starts + used - 1
        floor = np.where(used > 0, self.cost[np.clip(last, 0, None)] if len(self.cost) else 0, 0)
        place = np.maximum(floor, 0).astype(np.int64)
        column = np.zeros(2 * m, dtype=np.int64)
        np.maximum.at(column, m + places.held_rep[displaced], self.held[displaced])

        # Short integers are sorted by radix, in linear time.
        keys = self.column.astype(np.int16) if 2 * m < np.iinfo(np.int16).max else self.column
        by_column = np.argsort(keys, kind="stable")
        heads = self.column[by_column]
        starts = np.flatnonzero(np.diff(heads, prepend=-1))
        lead, gain = arcs.lead[by_column], self.worth[by_column]
        here = np.full(n, -1, dtype=np.int64)
        here[arcs.lead[taken]] = self.column[taken]
        stay = np.zeros(n, dtype=np.int64)
        stay[arcs.lead[taken]] = self.worth[taken]
        waits = here < 0
        ordinary_room, vip_linked = load_ordinary < places.ordinary, load_vip > taken_over
        while True:
            before = column.copy(), place.copy()
            least = np.where(waits, penalty, column[here] - stay)
            np.maximum.at(column, heads[starts], np.maximum.reduceat(least[lead] + gain, starts))
            place = np.maximum(place, column[m:])
            place = np.maximum(place, np.where(ordinary_room, column[:m], 0))
            column[:m] = np.maximum(column[:m], np.where(load_ordinary > 0, place, 0))
            column[m:] = np.maximum(column[m:], np.where(vip_linked, place, 0))
            if np.array_equal(before[0], column) and np.array_equal(before[1], place):
                break
        size = np.float64(self.span / RESOLUTION)
        return Duals(column[:m] * size, column[m:] * size, place * size, float(penalty * size))


@dataclass(frozen=True)
class _Runs:
    """Places of one rep and one cost, together."""

    rep: IntVector
    cost: IntVector
    size: IntVector

    @classmethod
    def of(cls, rep: IntVector, cost: IntVector) -> "_Runs":
        new = np.ones(len(rep), dtype=np.bool_)
        new[1:] = (np.diff(rep) != 0) | (np.diff(cost) != 0)
        start = np.flatnonzero(new)
        return cls(rep[start], cost[start], np.diff(np.append(start, len(rep))))
