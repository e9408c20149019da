"""Driving times and distances from an OSRM server. Plans nothing and guesses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from domain.errors import InvalidInputError, RoadsUnavailableError
from domain.values import Place

NO_ROAD_MINUTES = 10_080.0
"""Stands for places without a road between them: a week, which fits into no day."""

FARTHEST_ROAD_M = 10_000.0
"""A place farther than this from any road of the server's map is not on that map."""

_BLOCK = 50
"""Places asked for as origins, and as targets, at once: a server takes 100 places in all unless told otherwise."""

_DECIMALS = 6


@dataclass(frozen=True)
class DrivingTable:
    """Kilometres and minutes from each place (row) to each (column)."""

    kilometres: list[list[float]]
    minutes: list[list[float]]


@dataclass(frozen=True)
class OsrmServer:
    """A server that speaks OSRM's HTTP interface, version 1.

    Times are those of the server's data, traffic included where it was given any (`osrm-customize
    --segment-speed-file`).

    Attributes:
        url: Where it listens, for instance `http://127.0.0.1:5000`.
        profile: Means of travel in the address; the server's data decide what it means.
        timeout_s: Seconds each answer may take.
    """

    url: str
    profile: str = "driving"
    timeout_s: float = 5.0

    def table(self, places: Sequence[Place]) -> DrivingTable:
        """Return the driving between all places; each distinct place is asked for once.

        Raises:
            RoadsUnavailableError: The server does not answer, or not as it should.
            InvalidInputError: A place is not on the server's map.
        """
        distinct = list(dict.fromkeys(places))
        number = {place: i for i, place in enumerate(distinct)}
        kilometres = [[0.0] * len(distinct) for _ in distinct]
        minutes = [[0.0] * len(distinct) for _ in distinct]
        blocks = [range(start, min(start + _BLOCK, len(distinct))) for start in range(0, len(distinct), _BLOCK)]
        with httpx2.Client(timeout=self.timeout_s) as client:
            for rows in blocks:
                for columns in blocks:
                    found = self._ask(client, [distinct[i] for i in rows], [distinct[i] for i in columns])
                    for i, metres, seconds in zip(rows, found["distances"], found["durations"], strict=True):
                        for j, far, long in zip(columns, metres, seconds, strict=True):
                            kilometres[i][j] = 0.0 if far is None else far / 1_000
                            minutes[i][j] = NO_ROAD_MINUTES if long is None else long / 60
        order = [number[place] for place in places]
        return DrivingTable(*([[table[i][j] for j in order] for i in order] for table in (kilometres, minutes)))

    def _ask(self, client: httpx2.Client, origins: Sequence[Place], targets: Sequence[Place]) -> dict[str, Any]:
        """Ask for the driving from origins to targets, and check the answer."""
        same = origins == targets
        asked = list(origins) if same else [*origins, *targets]
        path = ";".join(f"{place.longitude:.{_DECIMALS}f},{place.latitude:.{_DECIMALS}f}" for place in asked)
        options = {"annotations": "duration,distance"}
        if not same:
            options["sources"] = ";".join(str(i) for i in range(len(origins)))
            options["destinations"] = ";".join(str(len(origins) + i) for i in range(len(targets)))
        address = f"{self.url.rstrip('/')}/table/v1/{self.profile}/{path}"
        try:
            answer = client.get(address, params=options)
            found: Any = answer.json()
        except httpx2.HTTPError as error:
            raise RoadsUnavailableError(f"the road server at {self.url} does not answer: {error}") from error
        except ValueError as error:
            raise RoadsUnavailableError(
                f"the road server at {self.url} answers {answer.status_code}, no JSON"
            ) from error
        if not isinstance(found, dict) or found.get("code") != "Ok":
            said = found if not isinstance(found, dict) else f"{found.get('code')}: {found.get('message', '')}"
            raise RoadsUnavailableError(f"the road server at {self.url} refuses: {said}")
        self._check(found, origins, targets)
        return found

    def _check(self, found: dict[str, Any], origins: Sequence[Place], targets: Sequence[Place]) -> None:
        for name in ("durations", "distances"):
            table = found.get(name)
            shaped = isinstance(table, list) and len(table) == len(origins)
            if not shaped or any(not isinstance(row, list) or len(row) != len(targets) for row in table or ()):
                raise RoadsUnavailableError(f"the road server at {self.url} gives no table of {name} as asked")
        for place, found_at in zip(origins, found.get("sources", ()), strict=False):
            metres = float(found_at.get("distance", 0.0))
            if metres > FARTHEST_ROAD_M:
                where = f"{place.latitude:g}, {place.longitude:g}"
                rule = (
                    f"is {metres / 1_000:,.0f} km from any road on the road server's map; is that map of this region?"
                )
                raise InvalidInputError("place", where, rule)
