"""Routes for all reps at once, by OR-Tools. Knows stops and matrices only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import BoolMatrix, IntVector
from tools.matching.territory.day import DAY_MINUTES
from tools.matching.territory.roads import Roads

_TICKS = 60
"""The solver counts whole seconds. Driving and visits are rounded up, windows inwards: what it allows is allowed."""

_SECONDS_IN_A_DAY = int(DAY_MINUTES) * _TICKS


@dataclass(frozen=True)
class Effort:
    """When the search ends, whichever comes first. Only the first gives the same routes on every machine.

    Attributes:
        steps: Steps of the local search, >= 1; each looks for the next better neighbour or penalises long roads.
        seconds: Ceiling in wall time, > 0.
    """

    steps: int = 1000
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InvalidInputError("steps", self.steps, "must be at least 1")
        if not 0 < self.seconds < np.inf:
            raise InvalidInputError("seconds", self.seconds, "must be a positive number")


def solve_routes(
    roads: Roads, allowed: BoolMatrix, effort: Effort, *, begin_with: Sequence[Sequence[int]] | None = None
) -> list[list[int]]:
    """Choose who visits what in which order.

    First as many appointments as possible; among those ways, the more valuable ones; then the least driving. Time
    windows, working hours and `allowed` are never broken. Guided local search: good, not proven optimal.

    Args:
        roads: The day.
        allowed: Shape (n_reps, n_appointments). Whether a rep may visit.
        effort: When to stop.
        begin_with: Routes that keep all rules, to improve on.

    Returns:
        The stops of each rep's route, in order; appointments in none are unserved.

    Source:
        Voudouris and Tsang, "Guided Local Search and its Application to the Traveling Salesman Problem", European
        Journal of Operational Research 113(2), 1999, as OR-Tools' routing library does it.
    """
    stops = np.flatnonzero(allowed.any(axis=0))
    if not len(stops) or not roads.reps:
        return [[] for _ in roads.reps]
    from ortools.constraint_solver import pywrapcp

    n_stops, n_reps = len(stops), len(roads.reps)
    nodes = np.concatenate([stops, np.arange(len(roads.appointments), len(roads.minutes))])
    seconds = np.ceil(roads.minutes[np.ix_(nodes, nodes)] * _TICKS)
    # What takes longer than a day is in no route, however much longer; so penalties stay within 64 bits.
    drive = np.minimum(seconds, 2 * _SECONDS_IN_A_DAY).astype(np.int64)
    starts = list(range(n_stops, n_stops + n_reps))
    manager = pywrapcp.RoutingIndexManager(len(nodes), n_reps, starts, [start + n_reps for start in starts])
    model = pywrapcp.RoutingModel(manager)
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(drive.tolist()))
    _keep_time(model, manager, roads, stops, drive)
    for node, (stop, penalty) in enumerate(zip(stops, _penalties(roads, stops, drive), strict=True)):
        index = manager.NodeToIndex(node)
        model.AddDisjunction([index], int(penalty))
        if not allowed[:, stop].all():
            # Not SetAllowedVehiclesForIndex: the Python wheel of 9.15 cannot convert its argument. -1 is unserved.
            model.VehicleVar(index).SetValues([-1, *(int(rep) for rep in np.flatnonzero(allowed[:, stop]))])
    parameters = _parameters(pywrapcp, effort)
    model.CloseModelWithParameters(parameters)
    # Not `solution_limit`: where there is nothing to improve, no solution follows, and only time would end the search.
    model.AddSearchMonitor(model.solver().FailuresLimit(effort.steps))
    first = None
    if begin_with is not None:
        node_of = {int(stop): node for node, stop in enumerate(stops)}
        first = model.ReadAssignmentFromRoutes([[node_of[stop] for stop in route] for route in begin_with], True)
    solution = (
        model.SolveWithParameters(parameters)
        if first is None
        else model.SolveFromAssignmentWithParameters(first, parameters)
    )
    if solution is None:  # nothing within the time: nobody goes anywhere
        return [list(route) for route in begin_with or [[] for _ in roads.reps]]
    return [_route(model, manager, solution, rep, stops) for rep in range(n_reps)]


def _keep_time(model: Any, manager: Any, roads: Roads, stops: IntVector, drive: IntVector) -> None:
    """Add the clock: it runs while a rep drives, visits and waits."""
    visit = np.zeros(len(drive), dtype=np.int64)
    visit[: len(stops)] = [int(np.ceil(roads.appointments[stop].minutes * _TICKS)) for stop in stops]
    passing = model.RegisterTransitMatrix((drive + visit[:, None]).tolist())
    model.AddDimension(passing, _SECONDS_IN_A_DAY, 2 * _SECONDS_IN_A_DAY, False, "time")
    clock = model.GetDimensionOrDie("time")
    for node, stop in enumerate(stops):
        appointment = roads.appointments[stop]
        opens, closes = int(np.ceil(appointment.opens * _TICKS)), int(appointment.closes * _TICKS)
        clock.CumulVar(manager.NodeToIndex(node)).SetRange(opens, max(opens, closes))
    for rep, traveller in enumerate(roads.reps):
        hours = int(np.ceil(traveller.work_start * _TICKS)), int(traveller.work_end * _TICKS)
        clock.CumulVar(model.Start(rep)).SetRange(*hours)
        clock.CumulVar(model.End(rep)).SetRange(*hours)


def _penalties(roads: Roads, stops: IntVector, drive: IntVector) -> IntVector:
    """Return what leaving each appointment out costs: more than all driving, and a little more where value is lost."""
    most_driving = int(drive.max()) * (len(stops) + len(roads.reps)) + 1
    values = np.array([roads.appointments[stop].value for stop in stops])
    # All values together count less than one appointment, and the smallest step of value more than all driving.
    share = np.floor(values / values.sum() * (len(stops) * 100)).astype(np.int64) if values.sum() > 0 else 0 * stops
    one = most_driving * (len(stops) * 100 + 1)
    return np.asarray(one + share * most_driving)


def _parameters(pywrapcp: Any, effort: Effort) -> Any:
    from ortools.constraint_solver import routing_enums_pb2 as enums
    from ortools.util.optional_boolean_pb2 import BOOL_TRUE

    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    operators = parameters.local_search_operators
    for name in ("use_extended_swap_active", "use_relocate_and_make_active", "use_exchange_and_make_active"):
        setattr(operators, name, BOOL_TRUE)
    parameters.time_limit.FromMilliseconds(max(1, int(effort.seconds * 1000)))
    return parameters


def _route(model: Any, manager: Any, solution: Any, rep: int, stops: IntVector) -> list[int]:
    route = []
    index = solution.Value(model.NextVar(model.Start(rep)))
    while not model.IsEnd(index):
        route.append(int(stops[manager.IndexToNode(index)]))
        index = solution.Value(model.NextVar(index))
    return route
