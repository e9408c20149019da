import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.problems import STATUS
from domain import errors
from domain.errors import WorkflowsUnavailableError
from tests.api.conftest import MARKET, house_settings, opener_with
from tests.doubles.journeys import RecordingJourneys

DOMAIN_ERRORS = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, errors.LeadlineError) and each is not errors.LeadlineError
]


@pytest.mark.parametrize("error", DOMAIN_ERRORS)
def test_every_domain_error_has_a_status(error: type[errors.LeadlineError]):
    assert 400 <= STATUS[error] <= 503


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "title"),
    [
        ("GET", "/v1/leads/nobody", None, 404, "LeadNotFoundError"),
        ("GET", "/v1/leads/nobody/score", None, 404, "LeadNotFoundError"),
        ("GET", "/v1/leads/nobody/match", None, 404, "LeadNotFoundError"),
        ("GET", "/v1/leads/nobody/interactions", None, 404, "LeadNotFoundError"),
        ("GET", "/v1/leads/nobody/decisions", None, 404, "LeadNotFoundError"),
        ("POST", "/v1/leads/nobody/interactions", [{"kind": "page_viewed"}], 404, "LeadNotFoundError"),
        ("POST", "/v1/leads/nobody/replies", {"id": "1", "channel": "sms", "text": "stop"}, 404, "LeadNotFoundError"),
        ("POST", "/v1/leads/nobody/consents", {"channel": "sms"}, 404, "LeadNotFoundError"),
        ("POST", "/v1/leads/nobody/opt-out", {}, 404, "LeadNotFoundError"),
        ("POST", "/v1/leads/nobody/outcome", {"kind": "won"}, 404, "LeadNotFoundError"),
        ("POST", "/v1/leads/nobody/journey", None, 404, "LeadNotFoundError"),
        ("GET", "/v1/leads/nobody/journey", None, 404, "JourneyNotFoundError"),
        ("POST", "/v1/leads/nobody/journey/offer", {"rep_id": "r", "accepted": True}, 404, "JourneyNotFoundError"),
        ("GET", "/v1/decisions/none", None, 404, "DecisionNotFoundError"),
        ("POST", "/v1/decisions/none/feedback", {"by": "me"}, 404, "DecisionNotFoundError"),
        ("GET", "/v1/chat/turns/none", None, 404, "TurnNotFoundError"),
        ("GET", "/v1/chat/turns/none/events", None, 404, "TurnNotFoundError"),
        ("POST", "/v1/leads", {"product_id": "none"}, 404, "ProductNotFoundError"),
        ("POST", "/v1/chat", {"message": "hi", "rep_id": "none"}, 404, "RepNotFoundError"),
        ("GET", "/v1/leads?market=mars", None, 422, "UnknownMarketError"),
        ("POST", "/v1/leads", {"market": "mars"}, 422, "UnknownMarketError"),
        ("POST", "/v1/chat", {"message": "hi", "market": "mars"}, 422, "UnknownMarketError"),
        ("GET", "/nowhere", None, 404, "HttpError"),
        ("PUT", "/v1/leads", None, 405, "HttpError"),
    ],
)
def test_what_is_wrong_is_answered_as_a_problem(
    client: TestClient, method: str, path: str, body: object, status: int, title: str
):
    answer = client.request(method, path, json=body) if body is not None else client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["title"], told["type"]) == (status, title, f"urn:leadline:problem:{title}")
    assert told["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
        ({"created_at": "2026-01-01T00:00:00"}, "created_at"),
        ({"email": "not an address"}, "email"),
        ({"language": "English"}, "language"),
        ({"name": "a\x00b"}, "name"),
        ({"id": "a/b"}, "id"),
        ({"nmae": "Dana"}, "nmae"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(client: TestClient, body: dict[str, object], field: str):
    answer = client.post("/v1/leads", json=body)
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [field])


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_a_number_that_is_none_is_refused(client: TestClient, value: str):
    answer = client.post(
        "/v1/leads", content=f'{{"fields": {{"size": {value}}}}}', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422


def test_a_body_that_is_no_json_says_where(client: TestClient):
    answer = client.post("/v1/leads", content=b'{"id": ', headers={"content-type": "application/json"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "body")
    assert "is not valid JSON" in error["rule"]


def test_deep_json_is_refused(client: TestClient):
    answer = client.post("/v1/leads", content=b"[" * 200_000, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}


def test_ten_megabytes_are_refused(client: TestClient):
    answer = client.post("/v1/chat", json={"message": "x" * 10_000_000})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "LEADLINE_MAX_BODY_BYTES" in answer.json()["detail"]


def test_ten_megabytes_that_declare_no_length_are_refused(client: TestClient):
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = client.post("/v1/chat", content=pieces(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.fixture
def guarded(home: Path) -> Iterator[TestClient]:
    settings = house_settings(home, api_key="s3cret")
    with TestClient(create_app(settings, opener=opener_with(RecordingJourneys()))) as client:
        yield client


def test_a_key_is_asked_for_where_one_is_set(guarded: TestClient):
    seen = {
        name: guarded.get("/v1/models", headers=headers).status_code
        for name, headers in {
            "none": {},
            "wrong": {"Authorization": "Bearer wrong"},
            "naked": {"Authorization": "s3cret"},
            "basic": {"Authorization": "Basic s3cret"},
            "right": {"Authorization": "Bearer s3cret"},
        }.items()
    }
    assert seen == {"none": 401, "wrong": 401, "naked": 401, "basic": 401, "right": 200}
    assert guarded.get("/v1/models").headers["www-authenticate"] == "Bearer"
    assert guarded.get("/health").status_code == 200


def test_an_unreachable_temporal_is_a_503_that_loses_nothing(home: Path):
    journeys = RecordingJourneys(error=WorkflowsUnavailableError("Temporal does not answer at 'here:1'"))
    with TestClient(create_app(house_settings(home), opener=opener_with(journeys))) as client:
        lead = {"id": "stored-anyway", "market": MARKET, "consents": [{"channel": "email"}]}
        answer = client.post("/v1/leads", json=lead)
        ready = client.get("/ready")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["detail"] == "Temporal does not answer at 'here:1'"
        assert client.get("/v1/leads/stored-anyway").status_code == 200
        assert (ready.status_code, ready.json()["parts"]["records"]) == (503, "ok")
        journeys.error = None
        assert client.post("/v1/leads", json=lead).json()["journey_started"] is True
