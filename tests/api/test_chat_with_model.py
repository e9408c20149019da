"""The API with a chat model on loopback that does what its script says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.conftest import house_settings, opener_with
from tests.doubles.journeys import RecordingJourneys
from tests.doubles.scripted_llm import Fails, Garbage, Hangs, Says, ScriptedServer, Step, serve_script
from tests.doubles.sse import Chat

QUESTION = "What commission do partners earn on Medicare Advantage?"
ANSWER = json.dumps({"text": "Commission on Medicare Advantage is paid for each new enrolment [1].", "citations": [1]})


@pytest.fixture(scope="module")
def script() -> Iterator[ScriptedServer]:
    with serve_script() as script:
        yield script


@pytest.fixture(scope="module")
def model_client(home: Path, script: ScriptedServer) -> Iterator[TestClient]:
    settings = house_settings(home, llm_base_url=script.base_url, llm_model="loopback", llm_timeout_s=1.0)
    with TestClient(create_app(settings, opener=opener_with(RecordingJourneys()))) as client:
        yield client


def reply_to(client: TestClient, turn_id: str) -> dict:
    events = Chat(client, turn_id).ask(QUESTION)
    assert events[-1].kind == "done"
    return next(event.data for event in events if event.kind == "reply")


def test_a_good_answer_is_used(model_client: TestClient, script: ScriptedServer):
    script.then(Says(ANSWER))
    reply = reply_to(model_client, "good")
    assert (reply["written_by"], reply["text"]) == ("loopback", json.loads(ANSWER)["text"])
    script.assert_used_up()


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([Fails(500)], "server failed"),
        ([Fails(429)], "over its rate limit"),
        ([Hangs(3)], "did not answer in time"),
        ([Garbage()], "could not be used"),
        ([Says("Surely!"), Says('{"text": ')], "could not be used"),
    ],
    ids=["500", "429", "timeout", "garbage", "malformed"],
)
def test_a_failing_model_ends_in_an_offline_answer_that_says_so(
    model_client: TestClient, script: ScriptedServer, steps: list[Step], why: str, request: pytest.FixtureRequest
):
    script.then(*steps)
    reply = reply_to(model_client, request.node.callspec.id)
    assert (reply["written_by"], why in reply["notice"]) == ("offline", True)
    assert "[1]" in reply["text"]
    script.assert_used_up()
