"""Scores over HTTP: many as a stream, the history with its causes, the export, and a person's word."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import MARKET

SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()  # noqa: TID251 - the house under test has the real clock


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def batch(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/leads/batch-score", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    return lines(answer.text)


def test_many_scores_come_line_by_line_in_the_order_asked(client: TestClient, lead: str):
    scores = batch(client, lead_ids=[lead, "nobody", lead])
    assert [score["lead_id"] for score in scores] == [lead, "nobody", lead]
    assert scores[0] == scores[2]
    single = client.get(f"/v1/leads/{lead}/score").json()
    assert scores[0]["p_convert"] == pytest.approx(single["p_convert"], abs=1e-6)
    assert scores[0]["reasons"] == single["reasons"]


def test_a_lead_without_a_score_is_a_line_with_its_problem(client: TestClient):
    (line,) = batch(client, lead_ids=["nobody"])
    assert (line["error"]["title"], line["error"]["status"]) == ("LeadNotFoundError", 404)
    assert line["error"]["type"] == "urn:leadline:problem:LeadNotFoundError"


def test_a_lead_that_did_not_exist_yet_is_a_line_with_its_problem(client: TestClient, lead: str):
    (line,) = batch(client, lead_ids=[lead], as_of="2020-01-01T00:00:00Z")
    assert (line["error"]["title"], line["error"]["field"]) == ("InvalidInputError", "as_of")


def test_the_open_leads_of_a_market_are_scored(client: TestClient, lead: str):
    won = f"{lead}-won"
    client.post("/v1/leads", json={"id": won, "market": MARKET, "follow_up": False})
    client.post(f"/v1/leads/{won}/outcome", json={"kind": "won"})
    scored = {score["lead_id"] for score in batch(client, market=MARKET)}
    assert (lead in scored, won in scored) == (True, False)


def test_more_leads_than_one_part_holds_are_scored(client: TestClient, lead: str):
    assert len(batch(client, lead_ids=[lead] + [f"nobody-{n}" for n in range(450)])) == 451


def test_reasons_are_left_out_when_nobody_wants_them(client: TestClient, lead: str):
    (score,) = batch(client, lead_ids=[lead], reasons=False)
    assert ("reasons" in score, "points" in score) == (False, True)


def test_a_hundred_thousand_ids_fit_into_a_request(client: TestClient):
    ids = [f"no-such-lead-with-a-long-id-{n:08d}" for n in range(100_000)]
    with client.stream("POST", "/v1/leads/batch-score", json={"lead_ids": ids}) as answer:
        assert answer.status_code == 200
        assert sum(1 for _ in answer.iter_lines()) == 100_000


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lead_ids": []},
        {"lead_ids": ["a"], "market": MARKET},
        {"market": "mars"},
        {"lead_ids": ["a"], "as_of": SOON},
        {"lead_ids": ["x"] * 100_001},
    ],
)
def test_a_batch_names_its_leads_in_one_way(client: TestClient, body: dict[str, Any]):
    answer = client.post("/v1/leads/batch-score", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_the_history_tells_what_moved_a_score(client: TestClient, lead: str):
    client.get(f"/v1/leads/{lead}/score")
    client.post(f"/v1/leads/{lead}/interactions", json=[{"id": f"{lead}-call", "kind": "call_answered"}])
    client.get(f"/v1/leads/{lead}/score")
    newest, oldest = client.get(f"/v1/leads/{lead}/scores").json()
    assert (newest["change"]["cause"], newest["change"]["event_ids"]) == ("events", [f"{lead}-call"])
    assert newest["change"]["points"] == pytest.approx(newest["points"] - oldest["points"])
    assert oldest["change"] is None
    assert {"model_version", "features_version", "rung", "reasons", "decision_id"} <= newest.keys()


def test_the_oldest_score_shown_still_knows_what_it_came_from(client: TestClient, lead: str):
    for i in range(3):
        client.post(f"/v1/leads/{lead}/interactions", json=[{"id": f"{lead}-view-{i}", "kind": "page_viewed"}])
        client.get(f"/v1/leads/{lead}/score")
    shown = client.get(f"/v1/leads/{lead}/scores", params={"limit": 2}).json()
    assert [score["change"] is None for score in shown] == [False, False]


def test_a_lead_never_scored_has_no_history_and_nobody_has_none_at_all(client: TestClient, lead: str):
    assert client.get(f"/v1/leads/{lead}/scores").json() == []
    assert client.get("/v1/leads/nobody/scores").status_code == 404


def test_every_score_recorded_is_exported(client: TestClient, lead: str):
    begin = datetime.now(UTC)  # noqa: TID251 - the house under test has the real clock
    wanted = [client.get(f"/v1/leads/{lead}/score").json()["decision_id"]]
    client.post("/v1/scoring/cache/invalidate", json={"lead_id": lead})
    wanted.append(client.get(f"/v1/leads/{lead}/score").json()["decision_id"])
    answer = client.get("/v1/scores/export", params={"market": MARKET, "since": begin.isoformat()})
    assert answer.headers["content-type"] == "application/x-ndjson"
    exported = [score for score in lines(answer.text) if score["lead_id"] == lead]
    assert [score["decision_id"] for score in exported] == wanted
    assert {"p_low", "p_high", "reasons", "model_version", "feature_hash"} <= exported[0].keys()


def test_an_override_stands_beside_the_model_and_in_the_audit_trail(client: TestClient, lead: str):
    before = client.get(f"/v1/leads/{lead}/score").json()["points"]
    body = {"points": 90, "temperature": "hot", "reason": "her board decided", "by": "r-1", "expires_at": SOON}
    said = client.post(f"/v1/leads/{lead}/score-override", json=body)
    assert said.status_code == 201
    assert {key: said.json()[key] for key in ("points", "temperature", "by")} == {
        "points": 90,
        "temperature": "hot",
        "by": "r-1",
    }
    assert client.get(f"/v1/leads/{lead}/score").json()["points"] == pytest.approx(before, abs=1e-3)
    house = client.app.state.leadline
    (entry,) = [
        each for each in client.portal.call(house.records.audit.about, lead) if each.action == "score_overridden"
    ]
    assert (entry.actor, entry.details["points"], entry.details["reason"]) == ("r-1", 90, "her board decided")


def test_a_withdrawn_override_is_history(client: TestClient, lead: str):
    path = f"/v1/leads/{lead}/score-override"
    client.post(path, json={"temperature": "cold", "reason": "she moved away", "by": "r-1"})
    for _ in range(2):
        assert client.delete(path, params={"by": "r-2", "reason": "she is back"}).status_code == 204
    assert [(each["withdrawn"], each["by"]) for each in client.get(path).json()] == [(False, "r-1"), (True, "r-2")]
    house = client.app.state.leadline
    actions = [each.action for each in client.portal.call(house.records.audit.about, lead)]
    assert actions.count("score_override_withdrawn") == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"points": None, "temperature": None}, "points"),
        ({"points": 101}, "points"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"reason": ""}, "reason"),
    ],
)
def test_an_override_that_says_nothing_is_refused(client: TestClient, lead: str, wrong: dict[str, Any], field: str):
    body = {"points": 50, "reason": "met her", "by": "r-1", **wrong}
    answer = client.post(f"/v1/leads/{lead}/score-override", json=body)
    assert (answer.status_code, field in answer.text) == (422, True)


@pytest.mark.parametrize(("method", "body"), [("POST", {"points": 5, "reason": "x", "by": "y"}), ("GET", None)])
def test_nobody_can_be_overridden(client: TestClient, method: str, body: dict[str, Any] | None):
    assert client.request(method, "/v1/leads/nobody/score-override", json=body).status_code == 404


def test_what_happens_to_a_lead_asks_for_a_new_score(client: TestClient, lead: str):
    news = client.app.state.leadline.front_desk.news
    news.heard.clear()
    client.post(f"/v1/leads/{lead}/interactions", json=[{"kind": "page_viewed"}])
    assert [(market, lead_id) for market, lead_id, _ in news.heard] == [(MARKET, lead)]


def test_a_training_is_started_and_named(client: TestClient):
    answer = client.post(f"/v1/scoring/models/{MARKET}/train")
    assert (answer.status_code, answer.json()) == (202, {"training_id": f"scoring-training-{MARKET}"})
    assert client.post("/v1/scoring/models/mars/train").status_code == 422


def test_the_card_of_the_serving_model_is_shown_as_data_and_as_a_page(client: TestClient):
    card = client.get(f"/v1/scoring/models/{MARKET}").json()
    page = client.get(f"/v1/scoring/models/{MARKET}/card")
    assert (card["market"], card["rung"]) == (MARKET, "rules")
    assert page.headers["content-type"].startswith("text/html")
    assert card["version"] in page.text


@pytest.mark.parametrize("path", ["", "/card"])
def test_where_nothing_is_trained_there_is_no_card(client: TestClient, path: str):
    answer = client.get(f"/v1/scoring/models/roofing{path}")
    assert (answer.status_code, answer.json()["title"]) == (409, "ModelNotFoundError")
