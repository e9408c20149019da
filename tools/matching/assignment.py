"""The best assignment of a batch of leads to reps. Pure: no clock, no I/O; knows no names and estimates nothing."""

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from domain.errors import InvalidInputError
from tools.matching.arrays import BoolMatrix, FloatMatrix, FloatVector, IntVector

POOL = -1
"""Stands for no rep: the lead waits in the pool."""

RESOLUTION = 10**6
"""Integer steps between the worst and the best utility; each lead's utility is exact to half a step."""


@dataclass(frozen=True)
class Assignment:
    """Who gets what.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep, or `POOL`.
        utility: Sum of the utilities of the pairs chosen, before the cost of workload.
    """

    rep: IntVector
    utility: float


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
    one more. A rep who has n open leads takes the next at a cost of `workload_weight * n / capacity`. That is convex
    in n, so load spreads until the difference in utility is worth it.

    Args:
        utilities: Shape (n_leads, n_reps). What each pair is worth; finite.
        eligible: Shape (n_leads, n_reps). Which pairs are allowed.
        open_leads: Shape (n_reps,). Leads each rep has already, >= 0.
        capacities: Shape (n_reps,). Most leads each rep may have at once, >= 0.
        workload_weight: What the last free place of a rep costs, in units of utility, >= 0.

    Returns:
        The optimum up to one part in `RESOLUTION` of the range of utilities per lead.

    Raises:
        InvalidInputError: If shapes differ, or a utility of an allowed pair is not finite.

    Source:
        Ahuja, Magnanti and Orlin, "Network Flows", 1993, chapter 9 (minimum cost flow) and 14 (convex costs by
        parallel unit arcs). The solver is OR-Tools' cost scaling.
    """
    _check(utilities, eligible, open_leads, capacities)
    n_leads, n_reps = utilities.shape
    lead, rep = np.nonzero(eligible)
    if not len(lead):
        return Assignment(np.full(n_leads, POOL, dtype=np.int64), 0.0)
    worth = utilities[lead, rep]
    load_rep, load_cost = _workload_arcs(open_leads, capacities, n_leads, workload_weight)
    span = max(float(np.ptp(worth)), float(load_cost.max(initial=0.0)), 1e-12)
    pair_cost = np.rint((worth.max() - worth) / span * RESOLUTION).astype(np.int64)
    arc_cost = np.rint(load_cost / span * RESOLUTION).astype(np.int64)
    # Leaving one lead in the pool costs more than any rearrangement of all others can save.
    pool_cost = (int(pair_cost.max()) + int(arc_cost.max(initial=0)) + 1) * (n_leads + 1)

    sink = n_leads + n_reps
    tails = np.concatenate([lead, n_leads + load_rep, np.arange(n_leads)])
    heads = np.concatenate([n_leads + rep, np.full(len(load_rep), sink), np.full(n_leads, sink)])
    costs = np.concatenate([pair_cost, arc_cost, np.full(n_leads, pool_cost)])
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(len(tails), dtype=np.int64), costs)
    solver.set_nodes_supplies(np.arange(sink + 1), np.append(np.repeat([1, 0], [n_leads, n_reps]), -n_leads))
    status = solver.solve()
    assert status == solver.OPTIMAL, f"min-cost flow ended with status {status}; the pool makes it always solvable"

    taken = np.asarray(solver.flows(arcs))[: len(lead)] > 0
    chosen = np.full(n_leads, POOL, dtype=np.int64)
    chosen[lead[taken]] = rep[taken]
    return Assignment(chosen, float(worth[taken].sum()))


def workload_cost(open_leads: IntVector, capacities: IntVector) -> FloatVector:
    """Price the next lead of each rep: the part of the capacity in use, in [0, 1]; 1 without any capacity."""
    return np.where(capacities > 0, open_leads / np.maximum(capacities, 1), 1.0)


def _workload_arcs(
    open_leads: IntVector, capacities: IntVector, n_leads: int, weight: float
) -> tuple[IntVector, FloatVector]:
    """List one unit arc per free place, with the rep it belongs to and its cost, cheapest place first."""
    free = np.clip(capacities - open_leads, 0, n_leads)
    rep = np.repeat(np.arange(len(free)), free)
    place = np.arange(len(rep)) - np.repeat(np.cumsum(free) - free, free)
    return rep, weight * workload_cost(open_leads[rep] + place, capacities[rep])


def _check(utilities: FloatMatrix, eligible: BoolMatrix, open_leads: IntVector, capacities: IntVector) -> None:
    if eligible.shape != utilities.shape:
        raise InvalidInputError("eligible", eligible.shape, f"must have the shape of utilities, {utilities.shape}")
    for name, vector in (("open_leads", open_leads), ("capacities", capacities)):
        if vector.shape != utilities.shape[1:]:
            raise InvalidInputError(name, vector.shape, f"must have one number per rep, {utilities.shape[1:]}")
    if not np.isfinite(utilities[eligible]).all():
        raise InvalidInputError("utilities", "NaN or infinity", "must be finite for every eligible pair")
