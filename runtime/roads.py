"""Real driving times for days on the road, where a server of them is set. Plans nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from connectors.osrm import OsrmServer
from domain.values import Place
from runtime.settings import Settings
from tools.matching.territory.travel import Travel


@dataclass(frozen=True)
class RoadServer:
    """`tools.matching.territory.travel.TravelTimes` from a server that knows the roads."""

    server: OsrmServer

    def between(self, places: Sequence[Place]) -> Travel:
        """Return kilometres and minutes from each place to each. Raises `RoadsUnavailableError`, `InvalidInputError`."""
        table = self.server.table(places)
        return Travel(np.array(table.kilometres, dtype=np.float64), np.array(table.minutes, dtype=np.float64))


def open_road_server(settings: Settings) -> RoadServer | None:
    """Return the road server that is set, or None; it is reached at the first question."""
    return RoadServer(OsrmServer(settings.roads_url, settings.roads_profile)) if settings.roads_url else None
