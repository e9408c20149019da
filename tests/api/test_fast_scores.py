"""The fast route: as strict and as well-spoken as the others, and it records what it says of a lead."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.conftest import MARKET, house_settings, opener_with
from tests.doubles.journeys import RecordingJourneys

PATH = "/v1/leads/score"
UNTRAINED = "roofing"
"""A market without a model: the hand-set rules answer, which read these features."""
FEATURES = {"replies_7d": 2, "meetings_booked_total": 1.0, "days_since_inbound": 0.5, "has_phone": True, "source": "x"}


def score(client: TestClient, **body: object) -> dict[str, Any]:
    answer = client.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_given_features_are_scored_by_the_hand_set_rules_before_there_is_a_model(client: TestClient):
    told = score(client, market=UNTRAINED, features=FEATURES)
    assert told["score"] == pytest.approx(100 * told["p_convert"])
    assert told["interval"]["low"] < told["p_convert"] < told["interval"]["high"]
    assert told["confidence"] == pytest.approx(1 - (told["interval"]["high"] - told["interval"]["low"]))
    assert (told["rung"], told["source"], told["no_signal"], told["decision_id"]) == ("rules", "model", None, None)
    assert told["model_version"].startswith("rules-")
    assert told["latency_ms"] > 0
    assert {reason["feature"] for reason in told["reasons"]} <= FEATURES.keys()
    assert all(reason["evidence_ids"] == [] for reason in told["reasons"])


def test_reasons_lead_from_the_base_to_the_score(client: TestClient):
    told = score(client, market=UNTRAINED, features={"meetings_booked_total": 1})
    assert told["base_points"] + sum(reason["points"] for reason in told["reasons"]) == pytest.approx(told["score"])
    assert told["reasons"]


def test_reasons_can_be_switched_off(client: TestClient):
    told = score(client, market=UNTRAINED, features=FEATURES, reasons=False)
    assert told["reasons"] is None


def test_the_same_features_come_from_the_cache_and_say_so(client: TestClient):
    features = {**FEATURES, "replies_total": 17}
    first, again = (score(client, market=UNTRAINED, features=features) for _ in range(2))
    assert (first["source"], again["source"]) == ("model", "cache")
    kept = set(first) - {"source", "latency_ms"}
    assert {name: first[name] for name in kept} == {name: again[name] for name in kept}


def test_without_a_market_the_default_one_scores(client: TestClient):
    assert score(client, features=FEATURES)["p_convert"] == score(client, market=MARKET, features=FEATURES)["p_convert"]


def test_missing_and_null_are_not_measured_and_not_zero(client: TestClient):
    absent, null, zero = (
        score(client, market=UNTRAINED, features=features, reasons=False)
        for features in ({}, {"days_since_inbound": None}, {"days_since_inbound": 30})
    )
    assert absent["p_convert"] == null["p_convert"] != zero["p_convert"]
    assert absent["feature_hash"] == null["feature_hash"] != zero["feature_hash"]


def test_a_stored_lead_is_scored_and_the_decision_recorded(client: TestClient, lead: str):
    told = score(client, lead_id=lead)
    recorded = client.get(f"/v1/leads/{lead}/decisions").json()
    assert told["decision_id"] in [decision["id"] for decision in recorded]
    assert told["rung"] == "rules"
    assert score(client, lead_id=lead, reasons=False)["reasons"] is None


def test_given_features_of_a_lead_are_recorded_in_the_background(home: Path):
    with TestClient(create_app(house_settings(home), opener=opener_with(RecordingJourneys()))) as client:
        client.post("/v1/leads", json={"id": "of-features", "market": MARKET, "follow_up": False})
        told = score(client, market=MARKET, lead_id="of-features", features=FEATURES)
    # The application is closed: what waited was recorded.
    with TestClient(create_app(house_settings(home), opener=opener_with(RecordingJourneys()))) as client:
        (decision,) = client.get("/v1/leads/of-features/decisions").json()
    assert decision["id"] == told["decision_id"]
    assert decision["chosen"] == told["temperature"]
    assert decision["considered"][0]["features"] == "given by the caller"


@pytest.mark.parametrize(
    ("body", "field", "value", "rule"),
    [
        ({"features": {"nmae": 1}}, "features.nmae", "1.0", "is no feature"),
        ({"features": {"replies_7d": "two"}}, "features.replies_7d", "'two'", "must be a number"),
        ({"features": {"replies_7d": True}}, "features.replies_7d", "True", "must be a number"),
        ({"features": {"replies_7d": -1}}, "features.replies_7d", "-1.0", "must be at least 0"),
        ({"features": {"replies_7d": [1]}}, "features.replies_7d", "[1]", "must be a number, text"),
        ({"features": {"has_phone": 1}}, "features.has_phone", "1.0", "must be true, false"),
        ({"features": {"source": 3}}, "features.source", "3.0", "must be text"),
        ({"features": {"source": "x" * 201}}, "features.source", "'xxx", "at most 200 characters"),
        ({"features": {"source": "a\x00"}}, "features.source", "'a\\x00'", "NUL"),
        ({"features": FEATURES, "market": "moon"}, "market", "'moon'", "is not one of"),
        ({"features": FEATURES, "market": 3}, "market", "3", "expected `str"),
        ({"features": FEATURES, "reasons": "no"}, "reasons", "'no'", "expected `bool`"),
        ({"features": FEATURES, "lead_id": "a/b"}, "lead_id", "'a/b'", "regex"),
        ({"features": FEATURES, "lead_id": ""}, "lead_id", "''", "length >= 1"),
        ({"faetures": {}}, "faetures", "{}", "is no field of this request"),
        ({"market": MARKET}, "features", "None", "is missing"),
        ({"market": MARKET, "lead_id": "x"}, "features", "None", "is missing"),
        ({}, "features", "None", "is missing"),
        ([], "body", "[]", "expected `object`"),
    ],
)
def test_what_is_wrong_is_named_with_its_value_and_the_rule(client: TestClient, body, field, value, rule):
    answer = client.post(PATH, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    told = answer.json()
    assert told["title"] in {"InvalidInputError", "UnknownMarketError"}
    assert told["field"] == field
    assert rule in told["rule"]
    assert value in told["detail"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 400])
def test_a_number_that_is_none_is_refused(client: TestClient, literal: str):
    body = f'{{"features": {{"replies_7d": {literal}}}}}'
    answer = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (422, "InvalidInputError")


@pytest.mark.parametrize("body", [b"", b"{", b'{"features": {"replies_7d": }}', b"\xff\xfe", b"[" * 200_000])
def test_a_body_that_is_no_json_says_so(client: TestClient, body: bytes):
    answer = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (422, "body")


def test_deep_json_in_a_feature_is_refused(client: TestClient):
    body = b'{"features": {"replies_7d": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    answer = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_another_content_type_is_refused(client: TestClient):
    answer = client.post(PATH, content=b"{}", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["title"]) == (415, "HttpError")
    assert client.post(
        PATH, content=b'{"features":{}}', headers={"content-type": "application/json; charset=utf-8"}
    ).is_success


def test_a_lead_that_does_not_exist_is_a_404(client: TestClient):
    answer = client.post(PATH, json={"lead_id": "nobody"})
    assert (answer.status_code, answer.json()["title"]) == (404, "LeadNotFoundError")


def in_pieces() -> Iterator[bytes]:
    for _ in range(100):
        yield b" " * 100_000


@pytest.mark.parametrize("content", [b" " * 10_000_000, in_pieces()], ids=["declared", "in pieces"])
def test_ten_megabytes_are_refused(client: TestClient, content: bytes | Iterator[bytes]):
    answer = client.post(PATH, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "LEADLINE_MAX_BODY_BYTES" in answer.json()["detail"]


def test_a_body_in_pieces_is_read_whole(client: TestClient):
    def chunks() -> Iterator[bytes]:
        yield b'{"features": {"rep'
        yield b'lies_7d": 2}}'

    assert client.post(PATH, content=chunks(), headers={"content-type": "application/json"}).is_success


def test_the_key_is_asked_for_where_one_is_set(home: Path):
    settings = house_settings(home, api_key="s3cret")
    with TestClient(create_app(settings, opener=opener_with(RecordingJourneys()))) as client:
        answers = {
            name: client.post(PATH, json={"features": {}}, headers=headers)
            for name, headers in {
                "none": {},
                "wrong": {"Authorization": "Bearer wrong"},
                "naked": {"Authorization": "s3cret"},
                "basic": {"Authorization": "Basic s3cret"},
                "right": {"Authorization": "Bearer s3cret"},
                "small": {"Authorization": "bearer s3cret"},
            }.items()
        }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "none": 401, "wrong": 401, "naked": 401, "basic": 401, "right": 200, "small": 200,
    }  # fmt: skip
    assert answers["none"].headers["www-authenticate"] == "Bearer"


@pytest.mark.logs_errors
def test_a_failure_of_ours_is_a_500_that_tells_nothing(home: Path):
    app = create_app(house_settings(home), opener=opener_with(RecordingJourneys()))
    with TestClient(app, raise_server_exceptions=False) as client:
        working = app.state.feature_scorer
        app.state.feature_scorer = "not a scorer"
        answer = client.post(PATH, json={"features": {}})
        app.state.feature_scorer = working
        assert client.post(PATH, json={"features": {}}).is_success
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["title"] == "UnexpectedError"


def test_reading_a_lead_of_that_name_is_still_a_read(client: TestClient):
    answer = client.get(PATH)
    assert (answer.status_code, answer.json()["title"]) == (404, "LeadNotFoundError")


def test_the_openapi_document_tells_of_it(client: TestClient):
    document = client.get("/openapi.json").json()
    operation = document["paths"][PATH]["post"]
    assert operation["security"] == [{"HTTPBearer": []}]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ScoreIn"}
    assert {"score", "latency_ms", "interval"} <= document["components"]["schemas"]["ScoreOut"]["properties"].keys()
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert client.post(PATH, json=example).is_success
