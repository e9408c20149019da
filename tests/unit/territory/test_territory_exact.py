"""The exact routes of small days, beside those that the search finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.territory.conftest import MakeDay
from tools.matching.territory.exact import MOST_REPS, MOST_VISITS, is_small, solve_exactly
from tools.matching.territory.roads import survey
from tools.matching.territory.solving import Effort, solve_routes


def open_day(seed, n_visits=MOST_VISITS, n_reps=2):
    """Draw a day without windows, on which everything fits."""
    rng = np.random.default_rng(seed)
    visits = [MakeDay.visit(f"v{i}", *rng.integers(-40, 40, 2), minutes=15) for i in range(n_visits)]
    reps = [MakeDay.rep(f"r{i}", *rng.integers(-40, 40, 2), work_start=0, work_end=1440) for i in range(n_reps)]
    return survey(visits, reps, MakeDay.hilly)


def driving(roads, orders):
    return sum(roads.driving(rep, order).minutes for rep, order in enumerate(orders))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_search_never_beats_the_proven_optimum_and_stays_near_it(seed):
    roads = open_day(seed)
    everybody = np.ones((2, MOST_VISITS), dtype=bool)
    exact = solve_exactly(roads, everybody)
    found = solve_routes(roads, everybody, Effort(steps=300, seconds=20.0))
    assert sorted(stop for order in exact for stop in order) == list(range(MOST_VISITS))
    assert sorted(stop for order in found for stop in order) == list(range(MOST_VISITS))
    assert driving(roads, exact) - 1e-6 <= driving(roads, found) <= 1.1 * driving(roads, exact)


def test_a_day_is_small_by_what_may_be_visited_at_all():
    assert is_small(np.ones((MOST_REPS, MOST_VISITS), dtype=bool))
    assert is_small(np.zeros((2, 100), dtype=bool))
    assert not is_small(np.ones((1, MOST_VISITS + 1), dtype=bool))
    assert not is_small(np.ones((MOST_REPS + 1, 1), dtype=bool))
