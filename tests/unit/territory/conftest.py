"""Small days for the tests of territories: places on a grid, roads that are exact."""

from dataclasses import dataclass

import numpy as np
import pytest

from domain.values import Place
from tools.matching.territory.day import Appointment, Traveller
from tools.matching.territory.travel import Travel


@dataclass(frozen=True)
class FlatRoads:
    """A minute and a kilometre for each hundredth of a degree; going north takes `uphill` times as long."""

    uphill: float = 1.0

    def between(self, places):
        at = np.array([(place.latitude, place.longitude) for place in places]).reshape(-1, 2)
        apart = at[None, :, :] - at[:, None, :]
        kilometres = 100 * np.abs(apart).sum(axis=2)
        return Travel(kilometres, kilometres * np.where(apart[..., 0] > 0, self.uphill, 1.0))


def make_place(north, east):
    """Place a point by minutes of driving from the middle."""
    return Place(latitude=north / 100, longitude=east / 100)


@dataclass(frozen=True)
class MakeDay:
    roads = FlatRoads()
    hilly = FlatRoads(uphill=3.0)
    place = staticmethod(make_place)

    @staticmethod
    def visit(id_, north, east, **changes):
        return Appointment(**({"id": id_, "place": make_place(north, east), "minutes": 30} | changes))

    @staticmethod
    def rep(id_, north=0, east=0, **changes):
        home = make_place(north, east)
        return Traveller(**({"id": id_, "name": f"Rep {id_}", "start": home, "end": home} | changes))


@pytest.fixture(scope="session")
def day():
    return MakeDay
