"""Driving times from a road server: what is asked, what the answer means, and what happens when there is none."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.osrm import NO_ROAD_MINUTES, OsrmServer
from domain.errors import InvalidInputError, RoadsUnavailableError
from domain.values import Place

MOST = 100


class Roads(ThreadingHTTPServer):
    """Speaks OSRM's table service: everybody drives a second and ten metres per thousandth of a degree, west costs double."""

    islands: frozenset[float] = frozenset()
    off_the_map: frozenset[float] = frozenset()
    broken: Any = None
    asked: int = 0

    def answer(self, path: str) -> Any:
        self.asked += 1
        if self.broken is not None:
            return self.broken
        url = urlsplit(path)
        service, version, profile, coordinates = url.path.strip("/").split("/")
        assert (service, version, profile) == ("table", "v1", "driving")
        options = parse_qs(url.query)
        assert options["annotations"] == ["duration,distance"]
        east = [float(each.split(",")[0]) for each in coordinates.split(";")]
        if len(east) > MOST:
            return {"code": "TooBig", "message": "Too many table coordinates"}
        every = range(len(east))
        rows, columns = (
            [int(i) for i in options[name][0].split(";")] if name in options else list(every)
            for name in ("sources", "destinations")
        )
        durations = [[self._seconds(east[i], east[j]) for j in columns] for i in rows]
        distances = [[None if s is None else 10.0 * abs(s) for s in row] for row in durations]
        sources = [{"distance": 40_000.0 if east[i] in self.off_the_map else 3.0} for i in rows]
        return {"code": "Ok", "durations": durations, "distances": distances, "sources": sources}

    def _seconds(self, a: float, b: float) -> float | None:
        if a != b and (a in self.islands or b in self.islands):
            return None
        return 1_000 * (b - a) if b >= a else 2_000 * (a - b)


class _Handler(BaseHTTPRequestHandler):
    server: Roads

    def do_GET(self) -> None:
        said = self.server.answer(self.path)
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(200 if isinstance(said, bytes) or said.get("code") == "Ok" else 400)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def road_server() -> Iterator[tuple[Roads, OsrmServer]]:
    server = Roads(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, OsrmServer(f"http://127.0.0.1:{server.server_port}/")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def places(*east: float) -> list[Place]:
    return [Place(latitude=50.0, longitude=x) for x in east]


def test_times_are_minutes_from_row_to_column_and_need_not_be_symmetric() -> None:
    with road_server() as (_, osrm):
        found = osrm.table(places(7.0, 7.06))
    assert found.minutes == [[0.0, pytest.approx(1.0)], [pytest.approx(2.0), 0.0]]
    assert found.kilometres[0][1] == pytest.approx(0.6)


def test_a_place_that_occurs_twice_is_asked_for_once_and_told_twice() -> None:
    with road_server() as (server, osrm):
        found = osrm.table(places(*[7.0] * 80, *[7.06] * 80))
        assert server.asked == 1
    assert (found.minutes[0][79], found.minutes[3][100]) == (0.0, pytest.approx(1.0))


def test_many_places_are_asked_for_in_blocks_that_the_server_allows() -> None:
    east = [7 + i / 1_000 for i in range(120)]
    with road_server() as (server, osrm):
        found = osrm.table(places(*east))
        assert server.asked == 9
    assert found.minutes[0][119] == pytest.approx(119 / 60)
    assert found.minutes[119][60] == pytest.approx(2 * 59 / 60)


def test_places_without_a_road_between_them_are_a_week_apart() -> None:
    with road_server() as (server, osrm):
        server.islands = frozenset({8.0})
        found = osrm.table(places(7.0, 8.0))
    assert (found.minutes[0][1], found.minutes[1][1]) == (NO_ROAD_MINUTES, 0.0)


def test_a_place_that_is_not_on_the_map_is_named_with_its_distance() -> None:
    with road_server() as (server, osrm):
        server.off_the_map = frozenset({8.0})
        with pytest.raises(InvalidInputError, match=r"50, 8'? is 40 km from any road|50, 8.*40 km"):
            osrm.table(places(7.0, 8.0))


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"code": "InvalidQuery", "message": "Query string malformed"}, "InvalidQuery: Query string malformed"),
        (b"<html>gateway</html>", "no JSON"),
        ({"code": "Ok", "durations": [[0.0]], "distances": [[0.0]]}, "no table of durations"),
        ({"code": "Ok", "durations": [[0, 1], [1, 0]]}, "no table of distances"),
    ],
)
def test_an_answer_that_is_none_is_said_to_be_none(broken: Any, why: str) -> None:
    with road_server() as (server, osrm):
        server.broken = broken
        with pytest.raises(RoadsUnavailableError, match=why):
            osrm.table(places(7.0, 8.0))


def test_a_server_that_is_gone_is_named() -> None:
    with road_server() as (_, osrm):
        pass
    with pytest.raises(RoadsUnavailableError, match=osrm.url):
        osrm.table(places(7.0, 8.0))
