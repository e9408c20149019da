"""Territory: driving in simulated cities beside the order of booking and nearest-first; the search beside the optimum."""

import time
from dataclasses import dataclass

import numpy as np
from rich.progress import track

from benchmarks.harness import Figure, Options
from domain.values import Place
from tools.matching.territory.day import NO_DRIVING, Appointment, DayPlan, Driving, Traveller
from tools.matching.territory.exact import MOST_VISITS, solve_exactly
from tools.matching.territory.orders import booking_order, nearest_first
from tools.matching.territory.planning import Division, plan_day
from tools.matching.territory.roads import Roads, survey
from tools.matching.territory.solving import Effort, solve_routes
from tools.matching.territory.travel import RoadEstimate

REPS, APPOINTMENTS = 8, 48
SUBURBS = 5
SPREAD_KM = 12.0
WINDOWED = 0.4
"""Part of the appointments with a window of three hours; the others are open all day."""

MIN_SAVED = 0.30
EFFORT = Effort(steps=1200, seconds=20.0)

_KM_PER_DEGREE = 111.2
_CENTRE = (41.88, -87.63)


@dataclass(frozen=True)
class Day:
    """One day in one city: our plan, and what the same appointments cost in simpler ways."""

    plan: DayPlan
    roads: Roads
    seconds: float


def measure(options: Options) -> list[Figure]:
    """Measure; `--quick` takes 3 cities, else 20, each from a fresh seed."""
    seeds = [options.seed + i for i in range(3 if options.quick else 20)]
    joint = [_play(seed, Division.JOINT) for seed in track(seeds, description="days on the road")]
    areas = [_play(seed, Division.TERRITORIES) for seed in track(seeds, description="territories")]
    data = f"{APPOINTMENTS} appointments, {REPS} reps, {len(seeds)} cities"
    found = _driving(joint, data)
    saved = [_part_saved(day) for day in areas]
    found.append(Figure(f"driving saved where each rep has a territory ({data})", float(np.mean(saved))))
    found.append(Figure(f"widest share of work of a territory, 1 is even ({data})", _widest(areas)))
    found.append(_gap(seeds))
    found.append(
        Figure(f"one plan of {APPOINTMENTS} x {REPS} (median)", float(np.median([d.seconds for d in joint])), "s")
    )
    found.append(_large(options.seed))
    return found


def _driving(days: list[Day], data: str) -> list[Figure]:
    minutes = {
        name: float(np.mean([getattr(day.plan, name).minutes for day in days]))
        for name in ("driving", "booking_order", "nearest_first")
    }
    saved = [_part_saved(day) for day in days]
    in_turn = float(np.mean([_in_turn(day.roads).minutes for day in days]))
    served = float(np.mean([sum(len(r.visits) for r in day.plan.routes) / APPOINTMENTS for day in days]))
    late = [_breaks_a_window(day) for day in days]
    return [
        Figure(
            f"driving a day, same visits per rep ({data})",
            minutes["driving"],
            "min",
            "order of booking",
            minutes["booking_order"],
            "at least 30 % less driving than in order of booking",
            1 - minutes["driving"] / minutes["booking_order"] >= MIN_SAVED,
        ),
        Figure(f"part of the driving saved, worst city ({data})", min(saved)),
        Figure(
            f"driving a day, same visits per rep ({data})",
            minutes["driving"],
            "min",
            "nearest next",
            minutes["nearest_first"],
        ),
        Figure(
            "routes in which nearest next breaks a time window or working hours; ours break none", float(np.mean(late))
        ),
        Figure(
            f"driving a day ({data})", minutes["driving"], "min", "handed out in turn, in order of booking", in_turn
        ),
        Figure(f"appointments served ({data})", served),
    ]


def _part_saved(day: Day) -> float:
    return day.plan.minutes_saved / day.plan.booking_order.minutes


def _play(seed: int, division: Division) -> Day:
    appointments, reps = draw_city(seed, APPOINTMENTS, REPS)
    began = time.perf_counter()
    plan = plan_day(appointments, reps, travel_times=RoadEstimate(), division=division, effort=EFFORT)
    return Day(plan, survey(appointments, reps, RoadEstimate()), time.perf_counter() - began)


def draw_city(seed: int, n_appointments: int, n_reps: int) -> tuple[list[Appointment], list[Traveller]]:
    """Draw a day: half of the people live in suburbs, half all over; appointments are in the order of booking.

    Args:
        seed: The same seed gives the same day.
        n_appointments: How many visits.
        n_reps: How many reps; they live all over the city and return home.
    """
    rng = np.random.default_rng(seed)
    suburbs = rng.normal(0, SPREAD_KM, (SUBURBS, 2))

    def homes(n: int) -> list[Place]:
        near = suburbs[rng.integers(0, SUBURBS, n)] + rng.normal(0, 2.0, (n, 2))
        north, east = np.where(rng.random((n, 1)) < 0.5, near, rng.normal(0, SPREAD_KM, (n, 2))).T / _KM_PER_DEGREE  # noqa: PLR2004 - half
        return [
            Place(latitude=_CENTRE[0] + y, longitude=_CENTRE[1] + x / np.cos(np.radians(_CENTRE[0])))
            for y, x in zip(north, east, strict=True)
        ]

    appointments = []
    for number, place in enumerate(homes(n_appointments)):
        opens = float(rng.choice([540, 660, 780, 840])) if rng.random() < WINDOWED else 0.0
        window = {"opens": opens, "closes": opens + 180} if opens else {}
        minutes = float(rng.choice([30, 45, 60]))
        appointments.append(Appointment(id=f"a{number}", place=place, minutes=minutes, **window))
    reps = [
        Traveller(id=f"r{number}", name=f"Rep {number}", start=place, end=place)
        for number, place in enumerate(homes(n_reps))
    ]
    return appointments, reps


def _in_turn(roads: Roads) -> Driving:
    """Drive a day whose appointments went to reps in turn, as they were booked; time windows and hours are ignored."""
    n_reps, total = len(roads.reps), NO_DRIVING
    for rep in range(n_reps):
        total += roads.driving(rep, booking_order(range(rep, len(roads.appointments), n_reps)))
    return total


def _breaks_a_window(day: Day) -> float:
    number = {appointment.id: stop for stop, appointment in enumerate(day.roads.appointments)}
    places = {rep.id: index for index, rep in enumerate(day.roads.reps)}
    broken = []
    for route in day.plan.routes:
        rep, visits = places[route.rep_id], [number[visit.appointment_id] for visit in route.visits]
        broken.append(day.roads.timetable(rep, nearest_first(day.roads, rep, visits)) is None)
    return float(np.mean(broken))


def _widest(days: list[Day]) -> float:
    """Return the largest part of a day's visits, in minutes, that one rep has, over the even part; mean of cities."""
    found = []
    for day in days:
        work = [sum(visit.leaves - visit.begins for visit in route.visits) for route in day.plan.routes]
        found.append(max(work) / (sum(work) / REPS))
    return float(np.mean(found))


def _gap(seeds: list[int]) -> Figure:
    """Compare the search with the proven optimum on days of eight visits."""
    ours = best = 0.0
    for seed in seeds:
        appointments, reps = draw_city(seed, MOST_VISITS, 2)
        roads = survey(
            [a.model_copy(update={"opens": 0.0, "closes": 1440.0}) for a in appointments], reps, RoadEstimate()
        )
        everybody = np.ones((2, MOST_VISITS), dtype=np.bool_)
        for orders, exact in ((solve_routes(roads, everybody, EFFORT), False), (solve_exactly(roads, everybody), True)):
            driving = sum(roads.driving(rep, order).minutes for rep, order in enumerate(orders))
            ours, best = (ours, best + driving) if exact else (ours + driving, best)
    return Figure(
        f"driving found by the search ({MOST_VISITS} visits, 2 reps, {len(seeds)} cities)",
        ours,
        "min",
        "proven optimum",
        best,
        "at most 1 % above",
        ours <= 1.01 * best,
    )


def _large(seed: int) -> Figure:
    appointments, reps = draw_city(seed, 500, 60)
    began = time.perf_counter()
    plan = plan_day(appointments, reps, travel_times=RoadEstimate(), effort=Effort(steps=3000, seconds=10.0))
    seconds = time.perf_counter() - began
    served = sum(len(route.visits) for route in plan.routes)
    saved = plan.minutes_saved / plan.booking_order.minutes
    name = f"one plan of 500 x 60 with a ceiling of 10 s ({served} served, {saved:.0%} less driving than in order of booking)"
    return Figure(name, seconds, "s", bar="at most 20 s", holds=seconds <= 20.0)  # noqa: PLR2004 - the bar
