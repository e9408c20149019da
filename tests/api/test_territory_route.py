"""A day on the road over HTTP: routes, what they save, hard rules of leads on record, and what is refused."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import MARKET

HERE = {"latitude": 30.27, "longitude": -97.74}
URL = "/v1/routing/territory"


def at(north: float, east: float = 0.0) -> dict[str, float]:
    return {"latitude": HERE["latitude"] + north, "longitude": HERE["longitude"] + east}


def plan(client: TestClient, appointments: list[dict[str, Any]], reps: list[dict[str, Any]], **more: Any) -> Any:
    answer = client.post(URL, json={"appointments": appointments, "reps": reps, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_zigzag_becomes_a_loop_and_says_what_it_saves(client: TestClient):
    zigzag = [{"id": f"v{i}", **at(north)} for i, north in enumerate([0.3, 0.1, 0.25, 0.15])]
    found = plan(client, zigzag, [{"id": "ana", "name": "Ana", **HERE}])
    (route,) = found["routes"]
    assert {visit["appointment_id"] for visit in route["visits"]} == {"v0", "v1", "v2", "v3"}
    assert found["minutes_saved"] == pytest.approx(found["booking_order"]["minutes"] - found["driving"]["minutes"])
    assert found["minutes_saved"] > 20
    assert route["summary"].startswith("Route of Ana: 4 visits, ")
    assert (found["unserved"], found["proven"]) == ([], True)


def test_the_speed_that_is_sent_counts(client: TestClient):
    stops, reps = [{"id": "a", **at(0.2)}], [{"id": "ana", **HERE}]
    slow, fast = (plan(client, stops, reps, speed_kmh=speed)["driving"]["minutes"] for speed in (20, 60))
    assert slow == pytest.approx(3 * fast)


def test_a_day_that_does_not_return_ends_at_the_last_visit(client: TestClient):
    stops, reps = [{"id": "a", **at(0.2)}], [{"id": "ana", **HERE}]
    there_and_back, there = (plan(client, stops, reps, returns=r)["driving"]["minutes"] for r in (True, False))
    assert there_and_back == pytest.approx(2 * there)


def test_a_lead_on_record_brings_its_place_and_its_rules(client: TestClient, lead: str):
    """The lead is in Texas, where r-1 serves and r-2 does not."""
    placed = {"id": lead, "market": MARKET, "name": "Dana", "email": "dana@example.com", "region": "texas"}
    client.post("/v1/leads", json={**placed, "fields": at(0.1), "follow_up": False})
    near, far = {"rep_id": "r-2", **at(0.1)}, {"rep_id": "r-1", **at(-0.2)}
    found = plan(client, [{"lead_id": lead}], [near, far])
    assert [route["rep_id"] for route in found["routes"]] == ["r-1"]
    assert [left["reason"] for left in plan(client, [{"lead_id": lead}], [near])["unserved"]] == [
        "no rep of this day may take it"
    ]


def test_windows_and_hours_are_times_on_a_clock(client: TestClient):
    stops = [{"id": "late", **at(0.05), "opens": "15:00", "closes": "16:00"}, {"id": "early", **at(0.05)}]
    found = plan(client, stops, [{"id": "ana", **HERE, "work_start": "08:30", "work_end": "16:30"}])
    (route,) = found["routes"]
    assert [visit["appointment_id"] for visit in route["visits"]] == ["early", "late"]
    assert 900 <= route["visits"][1]["begins"] <= 960
    assert route["leaves_at"] >= 510
    assert route["ends_at"] <= 990


def test_territories_give_each_rep_an_area(client: TestClient):
    stops = [{"id": f"{side}-{i}", **at(i / 100, side / 2)} for i in range(6) for side in (-1, 1)]
    reps = [{"id": "west", **at(0, -0.5)}, {"id": "east", **at(0, 0.5)}]
    routes = plan(client, stops, reps, division="territories")["routes"]
    assert {r["rep_id"]: {v["appointment_id"][0] for v in r["visits"]} for r in routes} == {
        "west": {"-"},
        "east": {"1"},
    }


STOP, REP = {"id": "a", **HERE}, {"id": "ana", **HERE}


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"appointments": [], "reps": [REP]}, 422, "appointments"),
        ({"appointments": [STOP], "reps": []}, 422, "reps"),
        ({"appointments": [{"id": "a", "latitude": 91, "longitude": 0}], "reps": [REP]}, 422, "latitude"),
        ({"appointments": [{"id": "a", "latitude": 9}], "reps": [REP]}, 422, "both latitude and longitude"),
        ({"appointments": [{"id": "a"}], "reps": [REP]}, 422, "has no place"),
        ({"appointments": [HERE], "reps": [REP]}, 422, "needs an id or a lead_id"),
        ({"appointments": [{**STOP, "opens": "11:00", "closes": "10:00"}], "reps": [REP]}, 422, "closes"),
        ({"appointments": [{**STOP, "opens": "25:00"}], "reps": [REP]}, 422, "opens"),
        ({"appointments": [STOP, STOP], "reps": [REP]}, 422, "more than once"),
        ({"appointments": [{"id": f"a{i}", **HERE} for i in range(501)], "reps": [REP]}, 422, "500"),
        ({"appointments": [STOP], "reps": [{"rep_id": "r-1", "id": "ana", **HERE}]}, 422, "either rep_id or id"),
        ({"appointments": [STOP], "reps": [{"rep_id": "r-1"}]}, 422, "has no place"),
        ({"appointments": [STOP], "reps": [{**REP, "work_start": "18:00"}]}, 422, "the end must come later"),
        ({"appointments": [STOP], "reps": [{"rep_id": "nobody", **HERE}]}, 404, "nobody"),
        ({"appointments": [{"lead_id": "no-such-lead"}], "reps": [REP]}, 404, "no-such-lead"),
        ({"appointments": [STOP], "reps": [REP], "seconds": 61}, 422, "seconds"),
        ({"appointments": [STOP], "reps": [REP], "sped": 61}, 422, "sped"),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_a_reason(
    client: TestClient, body: dict[str, Any], status: int, says: str
):
    answer = client.post(URL, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.text
