"""The best routes of a small day, proven: every division and every order that could be best is looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tools.matching.arrays import BoolMatrix
from tools.matching.territory.roads import Roads

MOST_VISITS = 8
MOST_REPS = 12
"""Up to here it takes well under a second."""


@dataclass(frozen=True)
class _Way:
    """An order of visits up to now: when its rep is free again, and how long he drove."""

    free_at: float
    driving: float
    order: tuple[int, ...]


def is_small(allowed: BoolMatrix) -> bool:
    """Say whether a day is small enough. `allowed` has the shape (n_reps, n_appointments)."""
    return int(allowed.any(axis=0).sum()) <= MOST_VISITS and len(allowed) <= MOST_REPS


def solve_exactly(roads: Roads, allowed: BoolMatrix) -> list[list[int]]:
    """Choose who visits what in which order: most visits, then most value, then least driving in minutes.

    Args:
        roads: The day.
        allowed: Shape (n_reps, n_appointments), small as `is_small` says. Whether a rep may visit.

    Returns:
        The stops of each rep's route, in order.

    Source:
        Held and Karp, "A Dynamic Programming Approach to Sequencing Problems", Journal of SIAM 10(1), 1962, with the
        dominance of Desrochers, Desrosiers and Solomon, "A New Optimization Algorithm for the Vehicle Routing Problem
        with Time Windows", Operations Research 40(2), 1992: of two ways to the same stop through the same visits, one
        that is neither sooner free nor shorter is dropped.
    """
    stops = [int(stop) for stop in np.flatnonzero(allowed.any(axis=0))]
    plans: dict[int, tuple[float, tuple[tuple[int, ...], ...]]] = {0: (0.0, ())}
    for rep in range(len(roads.reps)):
        alone = _best_of_rep(roads, rep, stops, allowed[rep])
        joined: dict[int, tuple[float, tuple[tuple[int, ...], ...]]] = {}
        for taken, (driving, routes) in plans.items():
            for visits, way in alone.items():
                if taken & visits:
                    continue
                sum_of_both = driving + way.driving
                known = joined.get(taken | visits)
                if known is None or sum_of_both < known[0]:
                    joined[taken | visits] = (sum_of_both, (*routes, way.order))
        plans = joined
    values = [roads.appointments[stop].value for stop in stops]

    def worth(visits: int) -> tuple[int, float, float]:
        value = sum(value for bit, value in enumerate(values) if visits >> bit & 1)
        return visits.bit_count(), value, -plans[visits][0]

    return [list(order) for order in plans[max(plans, key=worth)][1]]


def _best_of_rep(roads: Roads, rep: int, stops: Sequence[int], allowed: Sequence[bool]) -> dict[int, _Way]:
    """Return the shortest order of each set of visits that one rep can make; sets are bit masks over `stops`."""
    home = _Way(roads.reps[rep].work_start, 0.0, ())
    best = {0: home}
    ways: dict[tuple[int, int], list[_Way]] = {(0, roads.start(rep)): [home]}
    for _ in stops:
        longer: dict[tuple[int, int], list[_Way]] = {}
        for (visits, here), several in ways.items():
            for bit, stop in enumerate(stops):
                if visits >> bit & 1 or not allowed[stop]:
                    continue
                for way in _onwards(roads, several, here, stop):
                    _keep(longer.setdefault((visits | 1 << bit, stop), []), way)
        for (visits, here), several in longer.items():
            back = float(roads.minutes[here, roads.end(rep)])
            for way in several:
                whole = way.driving + back
                in_time = way.free_at + back <= roads.reps[rep].work_end
                if in_time and (visits not in best or whole < best[visits].driving):
                    best[visits] = _Way(way.free_at, whole, way.order)
        ways = longer
    return best


def _onwards(roads: Roads, ways: Sequence[_Way], here: int, stop: int) -> Iterator[_Way]:
    drive = float(roads.minutes[here, stop])
    appointment = roads.appointments[stop]
    for way in ways:
        begins = max(way.free_at + drive, appointment.opens)
        if begins <= appointment.closes:
            yield _Way(begins + appointment.minutes, way.driving + drive, (*way.order, stop))


def _keep(ways: list[_Way], new: _Way) -> None:
    """Add a way unless another is as good in both respects, and drop those it beats."""
    if any(way.free_at <= new.free_at and way.driving <= new.driving for way in ways):
        return
    ways[:] = [way for way in ways if way.free_at < new.free_at or way.driving < new.driving]
    ways.append(new)
