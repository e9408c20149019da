"""Territories: compact, balanced, and only where the rep may go."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.territory.conftest import MakeDay
from tools.matching.territory.clustering import NOBODY, draw_territories
from tools.matching.territory.roads import survey


def everybody(roads):
    return np.ones((len(roads.reps), len(roads.appointments)), dtype=bool)


def test_each_town_becomes_the_territory_of_the_rep_who_lives_there(day):
    towns = [(0, 0), (0, 90), (90, 0)]
    visits = [day.visit(f"{t}-{i}", n + i, e - i) for i in range(5) for t, (n, e) in enumerate(towns)]
    reps = [day.rep(f"r{t}", n, e) for t, (n, e) in enumerate(towns)]
    territory = draw_territories(survey(visits, reps, day.roads), np.ones((3, 15), dtype=bool))
    assert territory.tolist() == [0, 1, 2] * 5


def test_reps_of_one_office_still_get_a_town_each(day):
    towns = [(80, 0), (0, 80), (-80, -80)]
    visits = [day.visit(f"{t}-{i}", n + i, e - i) for t, (n, e) in enumerate(towns) for i in range(5)]
    roads = survey(visits, [day.rep(f"r{i}") for i in range(3)], day.roads)
    territory = draw_territories(roads, everybody(roads)).reshape(3, 5)
    assert (territory == territory[:, :1]).all()
    assert sorted(territory[:, 0]) == [0, 1, 2]


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_work_of_territories_is_balanced(n_reps, seed):
    rng = np.random.default_rng(seed)
    visits = [MakeDay.visit(f"v{i}", *rng.integers(-50, 50, 2)) for i in range(12 * n_reps)]
    roads = survey(visits, [MakeDay.rep(f"r{i}", *rng.integers(-50, 50, 2)) for i in range(n_reps)], MakeDay.roads)
    work = np.bincount(draw_territories(roads, everybody(roads)), minlength=n_reps)
    assert work.min() >= 12 * 0.9 - 2
    assert work.max() <= 12 * 1.1 + 2


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_territory_holds_only_what_its_rep_may_visit(n_reps, seed):
    rng = np.random.default_rng(seed)
    visits = [MakeDay.visit(f"v{i}", *rng.integers(-50, 50, 2)) for i in range(10)]
    roads = survey(visits, [MakeDay.rep(f"r{i}") for i in range(n_reps)], MakeDay.roads)
    allowed = rng.random((n_reps, 10)) < 0.4
    territory = draw_territories(roads, allowed)
    assert all(
        allowed[rep, stop] if rep != NOBODY else not allowed[:, stop].any() for stop, rep in enumerate(territory)
    )


def test_a_day_that_nobody_may_work_has_no_territories(day):
    roads = survey([day.visit("a", 0, 0)], [day.rep("ana")], day.roads)
    assert draw_territories(roads, np.zeros((1, 1), dtype=bool)).tolist() == [NOBODY]
