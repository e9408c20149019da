"""How far reps are from leads. Pure: no clock, no I/O; plans no route."""

from collections.abc import Sequence

import numpy as np

from domain.people import Lead, Rep
from domain.routing import EARTH_RADIUS_KM, place_of
from domain.values import Place
from tools.matching.arrays import FloatMatrix, FloatVector


def distances(leads: Sequence[Lead], reps: Sequence[Rep]) -> FloatMatrix:
    """Return great-circle distances in kilometres, 0 where a place is not known. Shape (n_leads, n_reps).

    Source:
        Haversine formula: Sinnott, "Virtues of the Haversine", Sky & Telescope 1984.
    """
    lat_a, lon_a = _radians([place_of(lead) for lead in leads])
    lat_b, lon_b = _radians([rep.place for rep in reps])
    half = np.sin((lat_b - lat_a[:, None]) / 2) ** 2
    half += np.cos(lat_a)[:, None] * np.cos(lat_b) * np.sin((lon_b - lon_a[:, None]) / 2) ** 2
    kilometres: FloatMatrix = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, np.sqrt(half)))
    return np.nan_to_num(kilometres, nan=0.0)


def _radians(places: Sequence[Place | None]) -> tuple[FloatVector, FloatVector]:
    degrees = [(place.latitude, place.longitude) if place else (np.nan, np.nan) for place in places]
    table = np.radians(np.array(degrees, dtype=np.float64).reshape(-1, 2))
    return table[:, 0], table[:, 1]
