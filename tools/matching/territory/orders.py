"""The two simple orders that a route is compared with. Both ignore time windows, which flatters them."""

from collections.abc import Sequence

from tools.matching.territory.roads import Roads


def booking_order(visits: Sequence[int]) -> list[int]:
    """Return visits in the order of booking: what a diary filled from the top gives."""
    return sorted(visits)


def nearest_first(roads: Roads, rep: int, visits: Sequence[int]) -> list[int]:
    """Return visits so that the nearest one left, in minutes, is always next; of equals the one booked first.

    Source:
        Rosenkrantz, Stearns and Lewis, "An Analysis of Several Heuristics for the Traveling Salesman Problem",
        SIAM Journal on Computing 6(3), 1977.
    """
    left, order, here = sorted(visits), [], roads.start(rep)
    while left:
        here = min(left, key=lambda stop: (roads.minutes[here, stop], stop))
        left.remove(here)
        order.append(here)
    return order
