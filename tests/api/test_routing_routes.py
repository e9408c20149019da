"""Routing over HTTP: handing out, balance, fast track, what people say about matches, who is there, who waits."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from domain.journeys import JourneyInput, RepAnswer
from domain.people import Rep
from domain.routing import LeadRejection
from domain.values import LeadId, Market, RepId
from runtime.stores import open_records
from tests.api.conftest import house_settings
from tests.doubles.journeys import RecordingJourneys

MARKET = Market("roofing")
_numbers = count(1)


class Floor:
    """A region of the market with reps and leads of one test alone."""

    def __init__(self, client: TestClient, home: Path) -> None:
        self.client, self.home = client, home
        self.region = f"region-{next(_numbers)}"

    def reps(self, **capacities: int) -> list[str]:
        """Store reps who serve this region only."""
        reps = [
            Rep(id=RepId(f"{self.region}-{name}"), market=MARKET, name=name, regions=(self.region,), capacity=capacity)
            for name, capacity in capacities.items()
        ]

        async def save() -> None:
            async with open_records(house_settings(self.home)) as records:
                for rep in reps:
                    await records.reps.save(rep)

        asyncio.run(save())
        return [rep.id for rep in reps]

    def leads(self, n: int, **facts: Any) -> list[str]:
        ids = [f"{self.region}-lead-{next(_numbers)}" for _ in range(n)]
        for id_ in ids:
            body = {"id": id_, "market": MARKET, "region": self.region, "follow_up": False, **facts}
            assert self.client.post("/v1/leads", json=body).status_code == 201
        return ids

    async def record(self, lead_id: LeadId, answer: RepAnswer) -> None:
        """Put on record that a rep declined a lead, as its journey does."""
        rejection = LeadRejection(
            id=f"rejection-{lead_id}",
            lead_id=lead_id,
            rep_id=answer.rep_id,
            reason=answer.reason,
            at=datetime.now(UTC),  # noqa: TID251 - the API's time is real
        )
        async with open_records(house_settings(self.home)) as records:
            await records.rejections.record(rejection)

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def pool(self) -> list[str]:
        waiting = self.client.get("/v1/routing/pool", params={"market": MARKET}).json()
        return [entry["lead_id"] for entry in waiting if entry["lead_id"].startswith(f"{self.region}-")]


@pytest.fixture
def floor(client: TestClient, home: Path) -> Floor:
    return Floor(client, home)


def test_leads_are_handed_out_within_capacity_and_the_rest_wait(floor: Floor):
    a, b = floor.reps(a=2, b=3)
    leads = floor.leads(7)
    answer = floor.post("/v1/routing/assign", lead_ids=leads, key="k")
    given = Counter(match["rep_id"] for match in answer["matches"])
    assert (answer["assigned"], answer["pooled"], given) == (5, 2, {a: 2, b: 3, None: 2})
    assert set(floor.pool()) == {match["lead_id"] for match in answer["matches"] if match["rep_id"] is None}


def test_the_same_key_again_changes_nothing(floor: Floor):
    floor.reps(a=5)
    leads = floor.leads(2)
    assert floor.post("/v1/routing/assign", lead_ids=leads, key="k") == floor.post(
        "/v1/routing/assign", lead_ids=leads, key="k"
    )


def test_a_dry_run_hands_out_nothing(floor: Floor):
    (a,) = floor.reps(a=5)
    (lead,) = floor.leads(1)
    proposed = floor.post("/v1/routing/assign", lead_ids=[lead], dry_run=True)
    assert [match["rep_id"] for match in proposed["matches"]] == [a]
    assert floor.client.get(f"/v1/leads/{lead}/match").json()["current"] is None


def test_all_unassigned_leads_of_a_market_are_handed_out(floor: Floor):
    (a,) = floor.reps(a=2)
    leads = floor.leads(2)
    matches = floor.post("/v1/routing/assign", market=MARKET)["matches"]
    assert {m["rep_id"] for m in matches if m["lead_id"] in leads} == {a}


@pytest.mark.parametrize(
    ("body", "status", "title"),
    [
        ({}, 422, "InvalidInputError"),
        ({"lead_ids": ["x"], "market": "roofing"}, 422, "InvalidInputError"),
        ({"lead_ids": ["nobody"]}, 404, "LeadNotFoundError"),
        ({"market": "nowhere"}, 422, "UnknownMarketError"),
        ({"lead_ids": []}, 422, "InvalidInputError"),
    ],
)
def test_what_cannot_be_handed_out_is_a_problem(client: TestClient, body: dict[str, Any], status: int, title: str):
    answer = client.post("/v1/routing/assign", json=body)
    assert (answer.status_code, answer.json()["title"]) == (status, title)


def test_balancing_says_and_then_does(floor: Floor):
    floor.reps(a=6)
    leads = floor.leads(6)
    floor.post("/v1/routing/assign", lead_ids=leads, key="k")
    _, b = [*floor.reps(a=6), *floor.reps(b=6)]
    said = floor.post("/v1/routing/balance", market=MARKET, moves=True)
    mine = [move for move in said["moves"] if move["lead_id"] in leads]
    assert (said["applied"], {move["rep_id"] for move in mine}) == (False, {b})
    done = floor.post("/v1/routing/balance", market=MARKET, moves=True, apply=True)
    assert len([move for move in done["moves"] if move["lead_id"] in leads]) == 3
    holders = [floor.client.get(f"/v1/leads/{lead}/match").json()["current"]["rep_id"] for lead in leads]
    assert Counter(holders)[b] == 3


def test_a_vip_gets_the_place_of_a_lead_not_yet_accepted(floor: Floor):
    (a,) = floor.reps(a=1)
    plain, vip = floor.leads(2)
    floor.post("/v1/routing/assign", lead_ids=[plain], key="k")
    match = floor.post("/v1/routing/vip", lead_id=vip)
    assert (match["rep_id"], plain in floor.pool()) == (a, True)


def test_a_match_tells_why_not_every_other_rep(floor: Floor):
    a, b = floor.reps(a=1, b=0)
    (lead,) = floor.leads(1)
    floor.post("/v1/routing/assign", lead_ids=[lead], key="k")
    report = floor.client.get(f"/v1/leads/{lead}/match").json()
    assert (report["rep_id"], report["current"]["rep_id"], report["waiting"]) == (a, a, None)
    assert "capacity" in report["why_not"][b]


def test_a_manager_overrides_and_the_journey_follows(floor: Floor, journeys: RecordingJourneys):
    a, b = floor.reps(a=1, b=0)
    (lead,) = floor.leads(1)
    journeys.started[LeadId(lead)] = JourneyInput(lead_id=LeadId(lead), market=MARKET)
    floor.post("/v1/routing/assign", lead_ids=[lead], key="k")
    said = floor.post(f"/v1/leads/{lead}/match-override", rep_id=b, reason="knows her", by="boss")
    report = floor.client.get(f"/v1/leads/{lead}/match").json()
    assert (said["from_rep_id"], report["current"]["rep_id"], report["current"]["by"]) == (a, b, "manager")
    assert [override["reason"] for override in report["overrides"]] == ["knows her"]
    assert journeys.told(lead)[-1] == f"decided to {b} by boss"


def test_the_law_is_not_overridden(floor: Floor):
    (lead,) = floor.leads(1)
    told = {"rep_id": "r-1", "reason": "I say so", "by": "boss"}
    answer = floor.client.post(f"/v1/leads/{lead}/match-override", json=told)
    assert (answer.status_code, answer.json()["title"]) == (403, "UnqualifiedRepError")


def test_a_declined_lead_finds_another_rep_and_the_reason_is_kept(floor: Floor):
    reps = floor.reps(a=1, b=1)
    (lead,) = floor.leads(1)
    (match,) = floor.post("/v1/routing/assign", lead_ids=[lead], key="k")["matches"]
    body = {"rep_id": match["rep_id"], "reason": "wrong_product", "note": "flat roofs only"}
    rejected = floor.post(f"/v1/leads/{lead}/rejections", **body)
    assert {match["rep_id"], rejected["match"]["rep_id"]} == set(reps)
    assert [(said["reason"], said["note"]) for said in rejected["rejections"]] == [("wrong_product", "flat roofs only")]


def test_a_lead_on_offer_is_declined_through_its_journey(
    floor: Floor, journeys: RecordingJourneys, monkeypatch: pytest.MonkeyPatch
):
    (a,) = floor.reps(a=1)
    (lead,) = floor.leads(1)
    journeys.started[LeadId(lead)] = JourneyInput(lead_id=LeadId(lead), market=MARKET)
    monkeypatch.setattr(journeys, "recorder", floor.record)
    rejected = floor.post(f"/v1/leads/{lead}/rejections", rep_id=a, reason="conflict")
    assert (rejected["match"], journeys.told(lead)[-1]) == (None, f"rejected by {a}")
    assert ([said["rep_id"] for said in rejected["rejections"]], rejected["pending"]) == ([a], False)


def test_who_does_not_have_a_lead_cannot_decline_it(floor: Floor):
    (a,) = floor.reps(a=1)
    (lead,) = floor.leads(1)
    answer = floor.client.post(f"/v1/leads/{lead}/rejections", json={"rep_id": a, "reason": "other"})
    assert (answer.status_code, answer.json()["title"]) == (409, "ConflictError")


def test_a_rep_who_is_offline_gets_nothing_until_he_is_back(floor: Floor):
    (a,) = floor.reps(a=5)
    one, two = floor.leads(2)
    floor.post(f"/v1/reps/{a}/availability", presence="offline", by="boss", reason="ill")
    assert floor.post("/v1/routing/assign", lead_ids=[one])["pooled"] == 1
    floor.post(f"/v1/reps/{a}/availability", presence="available", by="boss")
    told = floor.client.get(f"/v1/reps/{a}/availability").json()
    assert (told["presence"], [entry["presence"] for entry in told["entries"]]) == (
        "available", ["offline", "available"],
    )  # fmt: skip
    assert floor.post("/v1/routing/assign", lead_ids=[two])["assigned"] == 1


def test_a_rep_about_whom_nothing_was_said_is_available(floor: Floor):
    (a,) = floor.reps(a=5)
    told = floor.client.get(f"/v1/reps/{a}/availability").json()
    assert told == {"presence": "available", "in_force": None, "entries": []}


def test_an_absence_that_ends_before_it_begins_is_refused(floor: Floor):
    (a,) = floor.reps(a=5)
    body = {"presence": "away", "by": "boss", "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    answer = floor.client.post(f"/v1/reps/{a}/availability", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "until")


def test_an_outcome_takes_a_lead_out_of_the_pool(floor: Floor):
    (lead,) = floor.leads(1)
    floor.post("/v1/routing/assign", lead_ids=[lead], key="k")
    assert floor.pool() == [lead]
    floor.client.post(f"/v1/leads/{lead}/outcome", json={"kind": "lost"})
    assert floor.pool() == []


def test_a_what_if_compares_and_touches_nothing(floor: Floor):
    a, b = floor.reps(a=2, b=2)
    leads = floor.leads(4)
    floor.post("/v1/routing/assign", lead_ids=leads, key="k")
    found = floor.post("/v1/routing/what-if", market=MARKET, lead_ids=leads, leave=[b], policy={"vip_reserve": 0})
    assert (found["before"]["n_waiting"], found["after"]["n_waiting"]) == (0, 2)
    assert {move["to_rep_id"] for move in found["moves"]} <= {a, None}
    decisions = floor.client.get(f"/v1/leads/{leads[0]}/decisions").json()
    assert len([each for each in decisions if each["kind"] == "match"]) == 1
    assert floor.pool() == []


def test_a_what_if_about_a_stranger_is_refused(floor: Floor):
    answer = floor.client.post("/v1/routing/what-if", json={"market": MARKET, "leave": ["stranger"]})
    assert (answer.status_code, answer.json()["field"]) == (422, "rep_id")


def test_a_replay_hands_the_last_days_out_again_and_records_nothing(floor: Floor):
    a, b = floor.reps(a=20, b=20)
    leads = floor.leads(4)
    floor.post("/v1/routing/assign", lead_ids=leads, key="k")
    decided = [floor.client.get(f"/v1/leads/{lead}/decisions").json() for lead in leads]
    found = floor.post("/v1/routing/replay", market=MARKET, days=1, leave=[b], policy={"fairness": 0.4})
    columns = ("real", "present", "draft")
    assert sum(found["real"]["leads_by_rep"].get(rep, 0) for rep in (a, b)) == 4
    assert [found[column]["leads_by_rep"].get(b, 0) for column in columns][2] == 0
    assert found["leads"] >= 4
    assert found["wins"]["low"] <= found["wins"]["value"] <= found["wins"]["high"]
    assert found["step_hours"] == 1.0
    assert "the draft" in found["summary"]
    assert [floor.client.get(f"/v1/leads/{lead}/decisions").json() for lead in leads] == decided


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"days": 0}, "days"),
        ({"days": 91}, "days"),
        ({"leave": ["stranger"]}, "rep_id"),
        ({"capacity": {"stranger": 3}}, "rep_id"),
        ({"step_hours": 0}, "step_hours"),
        ({"policy": {"preempt": False}}, "preempt"),
    ],
)
def test_a_replay_that_cannot_be_made_is_a_problem(floor: Floor, body: dict[str, Any], field: str):
    floor.leads(1)
    answer = floor.client.post("/v1/routing/replay", json={"market": MARKET, **body})
    assert (answer.status_code, answer.json()["title"]) == (422, "InvalidInputError")
    assert field in answer.text


def test_a_replay_of_days_without_leads_is_a_problem(client: TestClient):
    answer = client.post("/v1/routing/replay", json={"market": "real_estate"})
    assert (answer.status_code, answer.json()["field"]) == (422, "days")
    assert "no lead of real_estate" in answer.json()["detail"]
