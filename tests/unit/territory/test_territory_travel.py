"""Distances and driving times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.routing import kilometres
from domain.values import Place
from tools.matching.territory.travel import RoadEstimate, straight_kilometres

places = st.builds(
    Place, latitude=st.floats(-90, 90, allow_subnormal=False), longitude=st.floats(-180, 180, allow_subnormal=False)
)


@given(st.lists(places, min_size=1, max_size=4), st.lists(places, min_size=1, max_size=4))
def test_the_table_of_distances_holds_the_distance_of_each_pair(origins, targets):
    table = straight_kilometres(origins, targets)
    assert table == pytest.approx(np.array([[kilometres(a, b) for b in targets] for a in origins]), abs=1e-6)


def test_paris_and_london_are_343_kilometres_apart():
    paris, london = Place(latitude=48.8566, longitude=2.3522), Place(latitude=51.5074, longitude=-0.1278)
    assert straight_kilometres([paris], [london])[0, 0] == pytest.approx(343.6, abs=0.5)


def test_estimated_minutes_follow_speed_and_detour():
    here, there = Place(latitude=0, longitude=0), Place(latitude=0, longitude=1)
    straight = kilometres(here, there)
    travel = RoadEstimate(speed_kmh=60, detour=1.5).between([here, there])
    assert travel.kilometres[0, 1] == pytest.approx(1.5 * straight)
    assert travel.minutes[0, 1] == pytest.approx(1.5 * straight)


@pytest.mark.parametrize(("speed", "detour"), [(0, 1.3), (-1, 1.3), (40, 0.9), (float("nan"), 1.3), (40, float("inf"))])
def test_an_impossible_speed_or_detour_is_refused(speed, detour):
    with pytest.raises(InvalidInputError, match=r"speed_kmh|detour"):
        RoadEstimate(speed_kmh=speed, detour=detour)
