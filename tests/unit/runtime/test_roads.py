"""Where the driving times of a day are from: the road server if there is one, else an estimate that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.errors import InvalidInputError, RoadsUnavailableError
from domain.values import Place
from runtime.roads import open_road_server
from runtime.settings import load_settings
from runtime.territory import Driver, Stop, TerritoryDesk
from tools.matching.territory.travel import RoadEstimate, Travel

START = Place(latitude=50.0, longitude=7.0)
STOPS = [Stop(f"v{i}", place=Place(latitude=50.0, longitude=7.0 + i / 10)) for i in (1, 2)]
NOBODY: Any = None


@dataclass(frozen=True)
class TenMinutesApart:
    def between(self, places: Sequence[Place]) -> Travel:
        apart = np.array([[0.0 if a == b else 10.0 for b in places] for a in places])
        return Travel(apart, apart)


@dataclass(frozen=True)
class Gone:
    error: Exception

    def between(self, places: Sequence[Place]) -> Travel:
        raise self.error


def desk(road_server: Any) -> TerritoryDesk:
    return TerritoryDesk(NOBODY, NOBODY, NOBODY, road_server)


async def plan(desk: TerritoryDesk, **more: Any) -> Any:
    return await desk.plan(STOPS, [Driver("ana", on_record=False, place=START)], **more)


async def test_the_road_server_says_how_long_the_day_takes() -> None:
    day = await plan(desk(TenMinutesApart()))
    assert (day.driving.minutes, day.driving_times) == (30.0, "from the road server")


async def test_a_day_is_planned_without_the_road_server_too_and_says_why() -> None:
    day = await plan(desk(Gone(RoadsUnavailableError("the road server is out"))))
    assert day.driving == (await plan(desk(None))).driving
    assert day.driving_times == "estimated from straight lines: the road server is out"


async def test_a_place_off_its_map_is_refused_and_not_guessed() -> None:
    with pytest.raises(InvalidInputError, match="off the map"):
        await plan(desk(Gone(InvalidInputError("place", "50, 7", "is off the map"))))


async def test_an_estimate_that_the_caller_describes_goes_before_the_road_server() -> None:
    day = await plan(desk(TenMinutesApart()), travel_times=RoadEstimate(speed_kmh=20))
    assert day.driving.minutes > 30
    assert day.driving_times == "estimated from straight lines"


def test_without_a_setting_there_is_no_road_server(tmp_path: Path) -> None:
    assert open_road_server(load_settings(home=tmp_path)) is None
    server = open_road_server(load_settings(home=tmp_path, roads_url="http://roads:5000", roads_profile="car"))
    assert server is not None
    assert (server.server.url, server.server.profile) == ("http://roads:5000", "car")


@pytest.mark.parametrize("url", ["roads:5000", "ftp://roads", "http://"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInputError, match="LEADLINE_ROADS_URL"):
        load_settings(home=tmp_path, roads_url=url)
