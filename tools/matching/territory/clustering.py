"""Compact territories with balanced work: which rep's area each appointment lies in. Orders no visits."""

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment

from tools.matching.arrays import BoolMatrix, FloatMatrix, FloatVector, IntVector
from tools.matching.territory.roads import Roads

NOBODY = -1
"""Territory of an appointment that nobody may take."""

_MOST_ROUNDS = 30
_METRES = 1000.0
_OUT_OF_BALANCE = 10**9
"""More metres than any divisions of the same work differ by: balance comes before distance."""

_NOT_ALLOWED_KM = 1e5
"""More than any way on earth: costs of a territory that its rep may not enter."""


def draw_territories(roads: Roads, allowed: BoolMatrix, *, slack: float = 0.1) -> IntVector:
    """Divide appointments into as many territories as reps: near to their centre, and about equal work in each.

    By turns, appointments are given to centres by a transport problem with the minutes of work as supply, and centres
    move to the mean of what they were given. An appointment divided between centres falls to the one with the larger
    part, so a territory's work may pass its bound by less than that of its divided appointments.

    Args:
        roads: The day.
        allowed: Shape (n_reps, n_appointments). Whether a rep may visit; a territory holds only what its rep may.
        slack: How far from its even share of the work a territory may be, in [0, 1), before that rounding. Where
            `allowed` leaves no such division, work is as even as it can be.

    Returns:
        Shape (n_appointments,). Index of the rep, or `NOBODY`.

    Source:
        Hess et al., "Nonpartisan Political Redistricting by Computer", Operations Research 13(6), 1965, and Hess and
        Samuels, "Experiences with a Sales Districting Model", Management Science 18(4), 1971. Here on the sphere, with
        centres that begin at the reps' starts or far apart from each other, whichever divides more compactly.
    """
    territory = np.full(len(roads.appointments), NOBODY, dtype=np.int64)
    stops = np.flatnonzero(allowed.any(axis=0))
    if not len(stops):
        return territory
    points = _on_sphere(roads, stops)
    work = np.array([roads.appointments[stop].minutes for stop in stops])
    homes = np.array([[rep.start.latitude, rep.start.longitude] for rep in roads.reps])
    begins = (_as_points(homes), _spread(points, _as_points(homes), allowed[:, stops]))
    divided = [_divide(points, work, centres, allowed[:, stops], slack) for centres in begins]
    territory[stops] = min(divided, key=lambda found: found[1])[0]
    return territory


def _divide(
    points: FloatMatrix, work: FloatVector, centres: FloatMatrix, allowed: BoolMatrix, slack: float
) -> tuple[IntVector, float]:
    """Settle centres and appointments. Returns territories and the sum of minutes times kilometres to the centre."""
    given: IntVector = np.full(len(points), NOBODY, dtype=np.int64)
    for _ in range(_MOST_ROUNDS):
        before, given = given, _transport(_kilometres(centres, points), work, allowed, slack)
        if np.array_equal(before, given):
            break
        for rep in np.unique(given):
            centre = (work[given == rep, None] * points[given == rep]).sum(axis=0)
            centres[rep] = centre / max(float(np.linalg.norm(centre)), 1e-12)
    far = _kilometres(centres, points)[given, np.arange(len(points))]
    return given, float(work @ far)


def _transport(kilometres: FloatMatrix, work: FloatVector, allowed: BoolMatrix, slack: float) -> IntVector:
    """Give minutes of work to territories at the least kilometres, each about its share; then round.

    The way out of a territory costs nothing up to the lower bound of its work, a little up to the upper one, and a lot
    from there on, so the bounds hold wherever they can.
    """
    n_reps, n_stops = allowed.shape
    minutes = np.maximum(np.rint(work), 1).astype(np.int64)
    share = float(minutes.sum()) / max(1, int(allowed.any(axis=1).sum()))
    low, high = int(share * (1 - slack)), int(np.ceil(share * (1 + slack)))
    rep, stop = np.nonzero(allowed)
    flow = min_cost_flow.SimpleMinCostFlow()
    cost = np.rint(kilometres[rep, stop] * _METRES).astype(np.int64)
    arcs = flow.add_arcs_with_capacity_and_unit_cost(stop, n_stops + rep, minutes[stop], cost)
    sink = n_stops + n_reps
    out = np.arange(n_stops, sink)
    for room, price in ((low, 0), (high - low, _OUT_OF_BALANCE), (int(minutes.sum()), 2 * _OUT_OF_BALANCE)):
        full = np.full(n_reps, room, dtype=np.int64)
        flow.add_arcs_with_capacity_and_unit_cost(out, np.full(n_reps, sink), full, np.full(n_reps, price))
    supplies = np.concatenate([minutes, np.zeros(n_reps, dtype=np.int64), [-minutes.sum()]])
    flow.set_nodes_supplies(np.arange(sink + 1), supplies)
    if flow.solve() != flow.OPTIMAL:
        raise AssertionError("every appointment here has a rep, and the last arc takes all work")
    parts = np.zeros((n_reps, n_stops))
    parts[rep, stop] = flow.flows(arcs)
    return np.asarray(np.argmax(parts, axis=0), dtype=np.int64)


def _spread(points: FloatMatrix, homes: FloatMatrix, allowed: BoolMatrix) -> FloatMatrix:
    """Choose appointments far from each other as centres, and give each to a rep near by who may go there.

    Source:
        Gonzalez, "Clustering to Minimize the Maximum Intercluster Distance", Theoretical Computer Science 38, 1985.
    """
    middle = points.mean(axis=0, keepdims=True)
    chosen = [int(np.argmax(_kilometres(middle, points)[0]))]
    nearest = _kilometres(points[chosen], points)[0]
    while len(chosen) < len(homes):
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, _kilometres(points[chosen[-1:]], points)[0])
    centres = points[chosen]
    cost = _kilometres(homes, centres) + _NOT_ALLOWED_KM * ~allowed[:, chosen]
    _, column = linear_sum_assignment(cost)
    return np.array(centres[column])


def _on_sphere(roads: Roads, stops: IntVector) -> FloatMatrix:
    places = [roads.appointments[stop].place for stop in stops]
    return _as_points(np.array([[place.latitude, place.longitude] for place in places]))


def _as_points(degrees: FloatMatrix) -> FloatMatrix:
    latitude, longitude = np.radians(degrees).T
    return np.column_stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )


def _kilometres(a: FloatMatrix, b: FloatMatrix) -> FloatMatrix:
    """Return straight lines through the earth, which rank as arcs along it do. Shape (n_a, n_b)."""
    return np.asarray(6371.0 * np.linalg.norm(a[:, None, :] - b[None, :, :], axis=2))
