"""How well leads are handed out, over HTTP: the report, its page, and routing as a picture."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import MARKET

URL = "/v1/routing/effectiveness"


def read(client: TestClient, path: str = URL, **query: Any) -> Any:
    answer = client.get(path, params={"market": MARKET, **query})
    assert answer.status_code == 200, answer.text
    return answer


def settle(client: TestClient, lead: str, outcome: str, rep: str) -> None:
    client.post(
        f"/v1/leads/{lead}/interactions", json=[{"id": f"{lead}-call", "kind": "call_attempted", "rep_id": rep}]
    )
    answer = client.post(f"/v1/leads/{lead}/outcome", json={"kind": outcome, "rep_id": rep})
    assert answer.is_success, answer.text


def test_a_lead_that_ended_counts_for_its_rep(client: TestClient, lead: str):
    before = read(client).json()
    settle(client, lead, "won", "r-1")
    after = read(client).json()
    (was,), (now,) = ([line for line in report["reps"] if line["key"] == "r-1"] for report in (before, after))
    assert (after["wins"] - before["wins"], now["wins"] - was["wins"]) == (1, 1)
    assert (now["settled"] - was["settled"], now["contacted"] - was["contacted"]) == (1, 1)
    assert now["name"] == "Rep r-1"
    assert now["hours_to_first_contact"] is not None


def test_the_language_of_leads_is_a_segment(client: TestClient, lead: str):
    settle(client, lead, "lost", "r-1")
    assert "en" in {line["key"] for line in read(client).json()["segments"]["language"]}


def test_an_assigned_lead_is_a_match_of_the_report_with_its_score(client: TestClient, lead: str):
    before = read(client).json()
    answer = client.post("/v1/routing/assign", json={"lead_ids": [lead], "key": f"key-{lead}"})
    assert answer.is_success, answer.text
    settle(client, lead, "won", "r-1")
    after = read(client).json()
    assert after["regret"]["matches"] == before["regret"]["matches"] + 1
    assert after["scored"] == before["scored"] + 1


def test_a_lead_that_the_matcher_gave_out_is_told_beside_what_others_would_have_won(client: TestClient, lead: str):
    before = read(client).json()["others"]
    answer = client.post("/v1/routing/assign", json={"lead_ids": [lead], "key": f"key-{lead}"})
    assert answer.is_success, answer.text
    settle(client, lead, "won", "r-1")
    after = read(client).json()["others"]
    gained = {
        name: after["comparison"]["matcher"][name] - before["comparison"]["matcher"][name]
        for name in ("leads", "settled", "wins", "scored")
    }
    assert gained == {"leads": 1, "settled": 1, "wins": 1, "scored": 1}
    assert after["policies"]["settled"] == before["policies"]["settled"] + 1
    assert [line["policy"] for line in after["policies"]["policies"]] == ["as it was", "never explore", "round-robin"]
    assert "r-1" in {line["key"] for line in after["uplift"]}
    assert after["comparison"]["missing"]
    assert after["summary"]


def test_the_page_is_for_people(client: TestClient, lead: str):
    settle(client, lead, "lost", "r-2")
    page = read(client, f"{URL}/page")
    assert page.headers["content-type"].startswith("text/html")
    assert "Rep r-2" in page.text
    assert "<svg" in page.text
    assert "What others would have won" in page.text


def test_routing_is_drawn_as_mermaid_and_as_svg(client: TestClient, lead: str):
    client.post("/v1/routing/assign", json={"lead_ids": [lead], "key": f"key-{lead}"})
    chart = read(client, "/v1/routing/graph")
    assert chart.headers["content-type"].startswith("text/vnd.mermaid")
    assert f'["{lead}"]' in chart.text
    drawn = read(client, "/v1/routing/graph", format="svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert lead in "".join(ET.fromstring(drawn.text).itertext())


def test_what_does_not_fit_into_a_picture_is_said(client: TestClient, lead: str):
    other = f"{lead}-too"
    client.post("/v1/leads", json={"id": other, "market": MARKET, "region": "west", "follow_up": False})
    client.post("/v1/routing/assign", json={"lead_ids": [lead, other], "key": f"key-{lead}"})
    assert "are left out" in read(client, "/v1/routing/graph", limit=1).text


@pytest.mark.parametrize("format_", ["mermaid", "svg"])
def test_the_network_of_a_market_is_drawn(client: TestClient, format_: str):
    assert "pairs of product and rep" in read(client, "/v1/routing/graph", show="network", format=format_).text


@pytest.mark.parametrize(
    "query",
    [{"market": "mars"}, {"days": 0}, {"days": "many"}],
)
def test_a_period_or_market_that_cannot_be_is_refused(client: TestClient, query: dict[str, Any]):
    for path in (URL, f"{URL}/page"):
        answer = client.get(path, params=query)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("query", [{"format": "png"}, {"show": "everything"}, {"limit": 0}, {"market": "mars"}])
def test_a_picture_that_cannot_be_is_refused(client: TestClient, query: dict[str, Any]):
    assert client.get("/v1/routing/graph", params=query).status_code == 422
