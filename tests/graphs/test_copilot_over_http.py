"""The co-pilot against an OpenAI-compatible server on loopback: every failure ends in an offline answer that says so."""

import json

import pytest
from pydantic import SecretStr

from agents.chat_model import OpenAiChatModel
from domain.errors import LanguageModelError
from tests.doubles.copilot_house import CopilotHouse, a_request, events_of, kinds, reply_of
from tests.doubles.samples import reading
from tests.doubles.scripted_llm import Breaks, Calls, Fails, Garbage, Hangs, Says, ScriptedServer, Stalls, Step

ANSWER = json.dumps({"text": "L-7 is hot: 62 % likely to convert [1].", "citations": [1]})
FAILURES: list[tuple[Step, str]] = [
    (Fails(429), "rate_limit"),
    (Fails(500), "server"),
    (Fails(503), "server"),
    (Fails(401), "refused"),
    (Fails(400), "refused"),
    (Says("I cannot help with that.", finish="content_filter"), "refused"),
    (Hangs(), "timeout"),
    (Stalls(), "timeout"),
    (Breaks(), "connection"),
    (Garbage(), "invalid_answer"),
    (Garbage(""), "invalid_answer"),
    (Garbage("data: {not json\n\n"), "invalid_answer"),
    (Garbage('data: {"error": {"message": "overloaded"}}\n\n'), "server"),
    (Calls((("delete_everything", {}),)), "invalid_answer"),
    (Says(""), "invalid_answer"),
]
WORDS = {
    "rate_limit": "over its rate limit",
    "server": "server failed",
    "refused": "refused the request",
    "timeout": "did not answer in time",
    "connection": "cannot be reached",
    "invalid_answer": "could not be used",
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "research",
            "description": "Searches.",
            "parameters": {"type": "object", "properties": {}},
        },
    }
]


def model_at(base_url: str) -> OpenAiChatModel:
    return OpenAiChatModel("loopback", base_url=base_url, api_key=SecretStr("none"), timeout_s=0.6)


def house(model: OpenAiChatModel, *, confidence: float = 0.9) -> CopilotHouse:
    told = reading("score_explanation" if confidence > 0.5 else "other", confidence=confidence)
    return CopilotHouse(readings={"why is it hot?": told}, chat_model=model, chooser=model)


async def test_a_streamed_answer_becomes_the_reviewed_reply(scripted_server: ScriptedServer):
    scripted_server.then(Says(ANSWER))
    events = await events_of(house(model_at(scripted_server.base_url)).turns(), a_request("why is it hot?"))
    assert reply_of(events)["text"] == "L-7 is hot: 62 % likely to convert [1]."
    assert reply_of(events)["written_by"] == "loopback"
    (asked,) = scripted_server.requests
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(
    ("step", "kind"), FAILURES, ids=[f"{s.__class__.__name__}-{i}" for i, (s, _) in enumerate(FAILURES)]
)
async def test_a_failing_server_ends_in_an_offline_answer_that_says_so(
    scripted_server: ScriptedServer, step: Step, kind: str
):
    scripted_server.then(step)
    events = await events_of(house(model_at(scripted_server.base_url)).turns(), a_request("why is it hot?"))
    reply = reply_of(events)
    assert (reply["written_by"], events[-1].kind) == ("offline", "done")
    assert WORDS[kind] in reply["notice"]
    assert reply["text"].startswith("Lead L-7 is hot: 62 % likely to convert")


async def test_malformed_json_is_asked_for_once_more_and_then_answered_offline(scripted_server: ScriptedServer):
    scripted_server.then(Says("Surely! It is hot."), Says('{"text": '))
    reply = reply_of(await events_of(house(model_at(scripted_server.base_url)).turns(), a_request("why is it hot?")))
    assert (reply["written_by"], WORDS["invalid_answer"] in reply["notice"]) == ("offline", True)
    assert "could not be used" in scripted_server.requests[1]["messages"][-1]["content"]


async def test_malformed_json_that_is_mended_is_used(scripted_server: ScriptedServer):
    scripted_server.then(Says("It is hot."), Says(ANSWER))
    reply = reply_of(await events_of(house(model_at(scripted_server.base_url)).turns(), a_request("why is it hot?")))
    assert reply["written_by"] == "loopback"


async def test_a_server_that_is_not_there_ends_in_an_offline_answer():
    turns = house(model_at("http://127.0.0.1:1/v1")).turns()
    reply = reply_of(await events_of(turns, a_request("why is it hot?")))
    assert (reply["written_by"], WORDS["connection"] in reply["notice"]) == ("offline", True)


async def test_tool_calls_choose_the_specialists_of_an_unclear_question(scripted_server: ScriptedServer):
    scripted_server.then(Calls((("analyse_lead", {}), ("send_email", {"to": "all"}))), Says(ANSWER))
    events = await events_of(
        house(model_at(scripted_server.base_url), confidence=0.1).turns(), a_request("why is it hot?")
    )
    assert kinds(events) == ["started", "reading", "score", "delta", "reply", "done"]
    offered = {tool["function"]["name"] for tool in scripted_server.requests[0]["tools"]}
    assert offered == {"analyse_lead", "find_rep", "research", "plan_nudge", "recall_lead"}


async def test_a_server_that_fails_at_planning_is_not_asked_to_write(scripted_server: ScriptedServer):
    scripted_server.then(Fails(429))
    events = await events_of(
        house(model_at(scripted_server.base_url), confidence=0.1).turns(), a_request("why is it hot?")
    )
    assert WORDS["rate_limit"] in reply_of(events)["notice"]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Calls((("research", "{not json"),)), "invalid_answer"),
        (Garbage("{}"), "invalid_answer"),
        (Garbage('{"choices": []}'), "invalid_answer"),
        (Fails(503), "server"),
    ],
)
async def test_tool_calls_that_cannot_be_read_are_a_named_error(scripted_server: ScriptedServer, step: Step, kind: str):
    scripted_server.then(step)
    with pytest.raises(LanguageModelError) as caught:
        await model_at(scripted_server.base_url).choose_tools("system", "user", TOOLS)
    assert caught.value.kind == kind


async def test_the_key_is_in_no_error(scripted_server: ScriptedServer):
    scripted_server.then(Fails(401, "wrong key"))
    model = OpenAiChatModel("loopback", base_url=scripted_server.base_url, api_key=SecretStr("s3cret-key"))
    with pytest.raises(LanguageModelError, match="wrong key") as caught:
        await model.write("system", "user")
    assert "s3cret-key" not in str(caught.value)
