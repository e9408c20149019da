"""Distances and driving times between places. Estimates them; a provider of real ones plugs in by `TravelTimes`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from domain.errors import InvalidInputError
from domain.routing import EARTH_RADIUS_KM
from domain.values import Place
from tools.matching.arrays import FloatMatrix

DETOUR_FACTOR = 1.417
"""Road kilometres per straight one, mean over the United States: Boscoe, Henry and Zdeb, "A Nationwide Comparison of
Driving Distance Versus Straight-Line Distance to Hospitals", The Professional Geographer 64(2), 2012."""

SPEED_KMH = 40.0
"""Mean speed from door to door in and around a city. An assumption; give a team's own where it is known."""


@dataclass(frozen=True)
class Travel:
    """Kilometres and minutes from each place to each, both of shape (n_places, n_places), >= 0; not always symmetric."""

    kilometres: FloatMatrix
    minutes: FloatMatrix


class TravelTimes(Protocol):
    """Says how long it takes to drive. Real providers know roads and traffic."""

    def between(self, places: Sequence[Place]) -> Travel:
        """Return kilometres and minutes from each place (row) to each (column)."""
        ...


@dataclass(frozen=True)
class RoadEstimate:
    """Estimates roads from straight lines. Satisfies `TravelTimes`.

    Attributes:
        speed_kmh: Mean driving speed, > 0.
        detour: Road kilometres per straight one, >= 1.
    """

    speed_kmh: float = SPEED_KMH
    detour: float = DETOUR_FACTOR

    def __post_init__(self) -> None:
        if not 0 < self.speed_kmh < np.inf:
            raise InvalidInputError("speed_kmh", self.speed_kmh, "must be a positive number")
        if not 1 <= self.detour < np.inf:
            raise InvalidInputError("detour", self.detour, "must be at least 1")

    def between(self, places: Sequence[Place]) -> Travel:
        """Return estimated kilometres and minutes from each place to each."""
        kilometres = self.detour * straight_kilometres(places, places)
        return Travel(kilometres, kilometres * (60.0 / self.speed_kmh))


def straight_kilometres(origins: Sequence[Place], targets: Sequence[Place]) -> FloatMatrix:
    """Return great-circle distances by the haversine formula (Sinnott, Sky & Telescope 68(2), 1984).

    The array form of `domain.routing.kilometres`.

    Args:
        origins: n_origins places.
        targets: n_targets places.

    Returns:
        Shape (n_origins, n_targets). Kilometres.
    """
    a, b = _radians(origins), _radians(targets)
    apart = a[:, None, :] - b[None, :, :]
    half = np.sin(apart[..., 0] / 2) ** 2
    half += np.cos(a[:, None, 0]) * np.cos(b[None, :, 0]) * np.sin(apart[..., 1] / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, np.sqrt(half))))


def _radians(places: Sequence[Place]) -> FloatMatrix:
    degrees = np.array([(place.latitude, place.longitude) for place in places], dtype=np.float64)
    return np.asarray(np.radians(degrees.reshape(-1, 2)))
