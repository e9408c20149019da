"""Plans a day on the road: territories if wanted, routes, what they save, and what is left over and why.

Pure but for the ceiling on wall time that the caller gives: no clock otherwise, no I/O.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import BoolMatrix
from tools.matching.territory.clustering import draw_territories
from tools.matching.territory.day import NO_DRIVING, Appointment, DayPlan, Route, Traveller, Unserved
from tools.matching.territory.exact import is_small, solve_exactly
from tools.matching.territory.orders import booking_order, nearest_first
from tools.matching.territory.roads import Roads, survey
from tools.matching.territory.solving import Effort, solve_routes
from tools.matching.territory.travel import TravelTimes
from tools.matching.territory.wording import day_summary, route_summary, why_unserved


class Division(StrEnum):
    """How appointments are divided among reps."""

    JOINT = "joint"
    """All routes are planned together: the least driving."""
    TERRITORIES = "territories"
    """Each rep has a compact area with about equal work; only what his day cannot hold goes to others."""


def plan_day(
    appointments: Sequence[Appointment],
    reps: Sequence[Traveller],
    *,
    travel_times: TravelTimes,
    allowed: BoolMatrix | None = None,
    division: Division = Division.JOINT,
    effort: Effort = Effort(),  # noqa: B008 - frozen
) -> DayPlan:
    """Plan who visits whom in which order on one day.

    Args:
        appointments: In the order of booking.
        reps: Who travels.
        travel_times: Says how long driving takes.
        allowed: Shape (n_reps, n_appointments). Pairs that the hard rules allow; all if absent.
        division: How appointments are divided.
        effort: When to stop searching.

    Returns:
        The plan: every appointment is in exactly one route or listed as unserved with a reason. No visit begins
        outside of its window, no rep works outside of his hours or visits whom he may not.

    Raises:
        InvalidInputError: If an id occurs twice, or a shape is wrong.
    """
    return plan_routes(survey(appointments, reps, travel_times), allowed=allowed, division=division, effort=effort)


def plan_routes(
    roads: Roads,
    *,
    allowed: BoolMatrix | None = None,
    division: Division = Division.JOINT,
    effort: Effort = Effort(),  # noqa: B008 - frozen
) -> DayPlan:
    """Plan a day whose driving is known already; otherwise as `plan_day`."""
    appointments = roads.appointments
    shape = (len(roads.reps), len(appointments))
    may = np.ones(shape, dtype=np.bool_) if allowed is None else np.asarray(allowed, dtype=np.bool_)
    if may.shape != shape:
        raise InvalidInputError("allowed", may.shape, f"must have the shape {shape}: reps by appointments")
    orders = _divide_and_route(roads, may, division, effort)
    served = {stop for order in orders for stop in order}
    routes = [_route(roads, rep, order) for rep, order in enumerate(orders) if order]
    left = [stop for stop in range(len(appointments)) if stop not in served]
    totals = {
        name: sum((getattr(route, name) for route in routes), start=NO_DRIVING)
        for name in ("driving", "booking_order", "nearest_first")
    }
    return DayPlan(
        routes=tuple(routes),
        unserved=tuple(
            Unserved(appointment_id=appointments[stop].id, reason=why_unserved(roads, may, stop)) for stop in left
        ),
        proven=division is Division.JOINT and is_small(may),
        minutes_saved=totals["booking_order"].minutes - totals["driving"].minutes,
        minutes_saved_nearest=totals["nearest_first"].minutes - totals["driving"].minutes,
        summary=day_summary(len(served), len(appointments), len(routes), totals["driving"], totals["booking_order"]),
        **totals,
    )


def _divide_and_route(roads: Roads, allowed: BoolMatrix, division: Division, effort: Effort) -> list[list[int]]:
    """Route each territory by itself, then open the borders: to what did not fit, or to everything.

    A small day that is planned jointly is solved exactly.
    Territories are also where the joint search begins: from there it ends at shorter routes than from scratch.
    """
    if is_small(allowed) and division is Division.JOINT:
        return solve_exactly(roads, allowed)
    half = replace(effort, steps=max(1, effort.steps // 2), seconds=effort.seconds / 2)
    territory = draw_territories(roads, allowed)
    own = allowed & (territory[None, :] == np.arange(len(roads.reps))[:, None])
    orders = solve_routes(roads, own, half)
    served = {stop for order in orders for stop in order}
    homeless = np.array([stop not in served for stop in range(len(roads.appointments))], dtype=np.bool_)
    borders_open = allowed if division is Division.JOINT else own | (allowed & homeless)
    if np.array_equal(borders_open, own):
        return orders
    return solve_routes(roads, borders_open, half, begin_with=orders)


def _route(roads: Roads, rep: int, order: Sequence[int]) -> Route:
    traveller = roads.reps[rep]
    visits = roads.timetable(rep, order)
    assert visits, "the solver keeps windows and hours on times that are rounded up"
    driving = roads.driving(rep, order)
    booking = roads.driving(rep, booking_order(order))
    return Route(
        rep_id=traveller.id,
        rep_name=traveller.name,
        visits=visits,
        leaves_at=visits[0].arrives - visits[0].drive.minutes,
        ends_at=visits[-1].leaves + float(roads.minutes[order[-1], roads.end(rep)]),
        driving=driving,
        booking_order=booking,
        nearest_first=roads.driving(rep, nearest_first(roads, rep, order)),
        summary=route_summary(traveller.name, len(visits), driving, booking),
    )
