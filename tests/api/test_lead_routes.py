from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import MARKET
from tests.doubles.journeys import RecordingJourneys


def test_a_lead_is_stored_and_followed_up(client: TestClient, journeys: RecordingJourneys):
    answer = client.post("/v1/leads", json={"id": "arrives", "name": "Dana", "region": "texas"})
    assert (answer.status_code, answer.json()["journey_started"]) == (201, True)
    assert client.get("/v1/leads/arrives").json() == answer.json()["lead"]
    assert journeys.started["arrives"].market == MARKET


def test_the_same_lead_again_changes_nothing(client: TestClient):
    first = client.post("/v1/leads", json={"name": "Twice", "follow_up": False}).json()["lead"]
    second = client.post("/v1/leads", json={"name": "Twice", "follow_up": False}).json()["lead"]
    assert first == second


def test_new_leads_come_first(client: TestClient):
    for name in ("older", "newer"):
        client.post("/v1/leads", json={"id": f"list-{name}", "follow_up": False})
    listed = [lead["id"] for lead in client.get("/v1/leads", params={"market": MARKET, "limit": 2}).json()]
    assert listed == ["list-newer", "list-older"]


def test_a_lead_from_the_future_arrives_now(client: TestClient):
    before = datetime.now(UTC)  # noqa: TID251 - the client's clock
    lead = client.post("/v1/leads", json={"created_at": "2199-01-01T00:00:00Z", "follow_up": False}).json()["lead"]
    assert before <= datetime.fromisoformat(lead["created_at"]) <= before + timedelta(minutes=1)


def test_a_score_gives_reasons_that_add_up(client: TestClient, lead: str):
    score = client.get(f"/v1/leads/{lead}/score").json()
    total = score["base_points"] + score["other_points"] + sum(reason["points"] for reason in score["reasons"])
    assert score["reasons"]
    assert total == pytest.approx(score["points"])


def test_a_score_of_the_future_is_refused(client: TestClient, lead: str):
    answer = client.get(f"/v1/leads/{lead}/score", params={"as_of": "2199-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["field"]) == (422, "as_of")


def test_a_match_says_who_and_who_not_and_why(client: TestClient, lead: str):
    match = client.get(f"/v1/leads/{lead}/match").json()
    assert match["rep_id"] == "r-1"
    assert [c["rep_id"] for c in match["considered"]] == ["r-1"]
    assert [(e["rep_id"], e["rule"]) for e in match["excluded"]] == [("r-2", "region")]
    assert match["reason"]


def test_a_match_assigns_nobody(client: TestClient, lead: str):
    client.get(f"/v1/leads/{lead}/match")
    assert "Rep r-1: has this lead already" not in client.get(f"/v1/leads/{lead}/match").json()["reason"]


def test_what_was_decided_can_be_looked_up_and_judged(client: TestClient, lead: str):
    decision_id = client.get(f"/v1/leads/{lead}/score").json()["decision_id"]
    assert decision_id in [d["id"] for d in client.get(f"/v1/leads/{lead}/decisions").json()]
    assert client.get(f"/v1/decisions/{decision_id}").json()["kind"] == "score"
    feedback = client.post(f"/v1/decisions/{decision_id}/feedback", json={"by": "r-1", "helpful": False})
    assert (feedback.status_code, feedback.json()["helpful"]) == (201, False)


def test_interactions_are_kept_in_order_of_time(client: TestClient, lead: str):
    now = datetime.now(UTC)  # noqa: TID251 - the client's clock
    seen = [
        {"kind": "document_opened", "at": (now - timedelta(seconds=1)).isoformat()},
        {"kind": "page_viewed", "at": (now - timedelta(seconds=2)).isoformat()},
    ]
    assert client.post(f"/v1/leads/{lead}/interactions", json=seen).json() == {"stored": 2}
    listed = [i["kind"] for i in client.get(f"/v1/leads/{lead}/interactions").json()]
    assert listed == ["page_viewed", "document_opened"]


def test_interactions_that_say_when_are_stored_once(client: TestClient, lead: str):
    seen = [
        {"kind": "page_viewed", "at": "2026-01-01T00:00:00Z"},
        {"kind": "page_viewed", "at": "2026-01-01T00:00:00Z"},
    ]
    stored = [client.post(f"/v1/leads/{lead}/interactions", json=seen).json()["stored"] for _ in range(2)]
    assert stored == [2, 0]


def test_an_outcome_ends_the_journey(client: TestClient, lead: str, journeys: RecordingJourneys):
    client.post(f"/v1/leads/{lead}/journey")
    answer = client.post(f"/v1/leads/{lead}/outcome", json={"kind": "won", "value": 900, "rep_id": "r-1"})
    assert (answer.status_code, journeys.told(lead)) == (204, ["won"])
    assert client.get(f"/v1/leads/{lead}/journey").json()["close_reason"] == "won"


def test_a_reply_is_read_and_told(client: TestClient, lead: str, journeys: RecordingJourneys):
    client.post(f"/v1/leads/{lead}/journey")
    reply = {"id": "m-1", "channel": "email", "text": "That is too expensive for us."}
    reading = client.post(f"/v1/leads/{lead}/replies", json=reply).json()
    assert ([o["kind"] for o in reading["objections"]], reading["opt_out"]) == (["price"], False)
    assert journeys.told(lead) == ["reply"]


def test_a_reply_that_says_stop_withdraws_every_consent_and_ends_the_journey(
    client: TestClient, lead: str, journeys: RecordingJourneys
):
    client.post(f"/v1/leads/{lead}/journey")
    reading = client.post(f"/v1/leads/{lead}/replies", json={"id": "m-2", "channel": "email", "text": "stop"}).json()
    assert (reading["opt_out"], journeys.told(lead)) == (True, ["opted out"])
    assert client.get(f"/v1/leads/{lead}/journey").json()["close_reason"] == "opted_out"


def test_an_opt_out_ends_the_journey(client: TestClient, lead: str, journeys: RecordingJourneys):
    client.post(f"/v1/leads/{lead}/journey")
    assert client.post(f"/v1/leads/{lead}/opt-out", json={}).status_code == 204
    assert journeys.told(lead) == ["opted out"]


def test_refusing_one_channel_leaves_the_journey_running(client: TestClient, lead: str, journeys: RecordingJourneys):
    client.post(f"/v1/leads/{lead}/journey")
    client.post(f"/v1/leads/{lead}/opt-out", json={"channel": "sms"})
    assert journeys.told(lead) == []


def test_consent_can_be_given(client: TestClient, lead: str):
    answer = client.post(f"/v1/leads/{lead}/consents", json={"channel": "sms", "proof": "form 7"})
    assert (answer.status_code, answer.json()["granted"], answer.json()["channel"]) == (201, True, "sms")


def test_a_rep_answers_an_offer(client: TestClient, lead: str, journeys: RecordingJourneys):
    started = [client.post(f"/v1/leads/{lead}/journey").json()["started"] for _ in range(2)]
    client.post(f"/v1/leads/{lead}/journey/offer", json={"rep_id": "r-1", "accepted": True})
    client.post(f"/v1/leads/{lead}/journey/approval", json={"key": "k", "approved": False, "by": "r-1"})
    assert (started, journeys.told(lead)) == ([True, False], ["accepted by r-1", "declined by r-1"])


def test_somebody_stops_a_journey(client: TestClient, lead: str, journeys: RecordingJourneys):
    said = {"by": "boss", "reason": "sold by phone"}
    assert client.post(f"/v1/leads/{lead}/journey/stop", json=said).status_code == 404
    client.post(f"/v1/leads/{lead}/journey")
    assert client.post(f"/v1/leads/{lead}/journey/stop", json=said).status_code == 204
    assert client.get(f"/v1/leads/{lead}/journey").json()["close_reason"] == "stopped"
    assert client.post(f"/v1/leads/{lead}/journey/stop", json={"by": "boss"}).status_code == 422
    assert journeys.told(lead) == ["stopped"]


def test_an_answer_to_an_ended_journey_is_a_conflict(client: TestClient, lead: str):
    client.post(f"/v1/leads/{lead}/journey")
    client.post(f"/v1/leads/{lead}/opt-out", json={})
    answer = client.post(f"/v1/leads/{lead}/journey/offer", json={"rep_id": "r-1", "accepted": True})
    assert (answer.status_code, answer.json()["title"]) == (409, "JourneyClosedError")
