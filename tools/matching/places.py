"""The places that a batch can fill, and what each costs. Pure: no clock, no I/O; knows no names and chooses nothing."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector


@dataclass(frozen=True)
class Places:
    """Free places of every rep, and taken ones that a VIP may take over.

    Attributes:
        rep: Shape (n_places,). Rep of each free place, ascending.
        cost: Shape (n_places,). What filling it costs, in units of utility; >= 0, never falling within a rep.
        ordinary: Shape (n_reps,). How many free places of each rep are open to leads that are no VIPs.
        extra_cost: Shape (n_reps,). What one more place than the free ones would cost, >= 0.
        held_rep: Shape (n_held,). Rep of each place that only a VIP may take over.
        held_worth: Shape (n_held,). What the lead that holds it is worth there, >= 0.
    """

    rep: IntVector
    cost: FloatVector
    ordinary: IntVector
    extra_cost: FloatVector
    held_rep: IntVector
    held_worth: FloatVector

    @cached_property
    def free(self) -> IntVector:
        """Shape (n_reps,). Free places of each rep."""
        return np.bincount(self.rep, minlength=len(self.ordinary)).astype(np.int64)

    @cached_property
    def starts(self) -> IntVector:
        """Shape (n_reps,). Index of each rep's first place."""
        starts: IntVector = np.cumsum(self.free) - self.free
        return starts

    @cached_property
    def next_cost(self) -> FloatVector:
        """Shape (n_reps,). What each rep's next lead costs; that of one place more where none is free."""
        return self.cost_after(np.zeros(len(self.ordinary), dtype=np.int64))

    @cached_property
    def asking(self) -> FloatMatrix:
        """Shape (2, n_reps). What a lead by itself pays for a place of each rep, and what a VIP pays; infinite for none."""
        first = np.full(len(self.ordinary), np.inf)
        np.minimum.at(first, self.rep, self.cost)
        price = np.array([np.where(self.ordinary > 0, first, np.inf), first])
        np.minimum.at(price[1], self.held_rep, self.held_worth)
        return price

    def cost_after(self, load: IntVector) -> FloatVector:
        """Return what each rep's next lead costs once some places are filled. Both of shape (n_reps,)."""
        cost = self.extra_cost.copy()
        some = load < self.free
        cost[some] = self.cost[(self.starts + load)[some]]
        return cost

    def supply(self, prices: FloatVector) -> FloatVector:
        """Count the places of each rep that cost no more than his price. Both of shape (n_reps,)."""
        open_ = (self.cost <= prices[self.rep]).astype(np.float64)
        supply: FloatVector = np.bincount(self.rep, weights=open_, minlength=len(self.ordinary)).astype(np.float64)
        return supply

    def with_held_worth(self, worth: FloatVector) -> "Places":
        """Return the same places where taking over the held ones costs something else. Shape (n_held,)."""
        return replace(self, held_worth=worth)

    def cost_of(self, load: IntVector) -> float:
        """Add up what filling the first places of each rep costs. `load` has shape (n_reps,), at most `free`."""
        index = np.arange(len(self.rep)) - self.starts[self.rep]
        return float(self.cost[index < load[self.rep]].sum())


def lay_out_places(
    open_leads: IntVector,
    capacities: IntVector,
    *,
    n_leads: int,
    weight: float = 0.0,
    fair_share: float = 1.0,
    reserve: float = 0.0,
    held_rep: IntVector | None = None,
    held_worth: FloatVector | None = None,
) -> Places:
    """List the free places of every rep.

    The next lead of a rep who has n open leads costs `weight * n / capacity / fair_share`: convex in n, so
    load spreads until the difference in utility is worth it.

    Args:
        open_leads: Shape (n_reps,). Leads each rep has already, >= 0.
        capacities: Shape (n_reps,). Most leads each rep may have, >= 0.
        n_leads: Size of the batch; nobody can take more.
        weight: What the next lead of a rep at his fair share costs, in units of utility, >= 0.
        fair_share: Part of its capacity that each rep would fill if all were filled alike, > 0.
        reserve: Part of each capacity that only VIPs may use, in [0, 1); rounded down to whole places.
        held_rep: Shape (n_held,). Reps of the places that a VIP may take over.
        held_worth: Shape (n_held,). What the leads that hold them are worth.
    """
    for name, number in (("weight", weight), ("reserve", reserve)):
        if not number >= 0:
            raise InvalidInputError(name, number, "must be at least 0")
    free = np.clip(capacities - open_leads, 0, n_leads)
    kept = np.floor(reserve * capacities + 1e-9).astype(np.int64)
    rep = np.repeat(np.arange(len(free)), free)
    nth = np.arange(len(rep)) - np.repeat(np.cumsum(free) - free, free)
    return Places(
        rep=rep,
        cost=weight / fair_share * workload(open_leads[rep] + nth, capacities[rep]),
        ordinary=np.clip(capacities - kept - open_leads, 0, free),
        extra_cost=weight / fair_share * workload(open_leads + free, capacities),
        held_rep=np.zeros(0, dtype=np.int64) if held_rep is None else held_rep,
        held_worth=np.zeros(0) if held_worth is None else held_worth,
    )


def workload(open_leads: IntVector, capacities: IntVector) -> FloatVector:
    """Return the part of each capacity that is in use, >= 0; 1 without any capacity."""
    return np.where(capacities > 0, open_leads / np.maximum(capacities, 1), 1.0)
