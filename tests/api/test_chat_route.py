import pytest
from starlette.testclient import TestClient

from tests.doubles.sse import Chat, kinds, read_events


def test_a_turn_is_a_numbered_stream_from_started_to_done(chat: Chat, lead: str):
    events = chat.ask("Why does this lead have this score?", lead_id=lead)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert (events[0].kind, events[-1].kind) == ("started", "done")
    assert {"reading", "score", "delta", "reply"} <= set(kinds(events))


def test_the_deltas_are_the_reply(chat: Chat, lead: str):
    events = chat.ask("Why does this lead have this score?", lead_id=lead)
    (reply,) = [event.data for event in events if event.kind == "reply"]
    assert "".join(event.data["text"] for event in events if event.kind == "delta") == reply["text"]


def test_an_answer_from_the_documents_cites_them(chat: Chat):
    events = chat.ask("What commission do partners earn on Medicare Advantage?")
    (reply,) = [event.data for event in events if event.kind == "reply"]
    (found,) = [event.data for event in events if event.kind == "passages"]
    assert reply["citations"]
    assert {c["source_id"] for c in reply["citations"]} <= {hit["passage_id"] for hit in found["hits"]}
    assert all(f"[{c['marker']}]" in reply["text"] for c in reply["citations"])


def test_who_should_take_it_is_answered_with_the_match(chat: Chat, lead: str):
    events = chat.ask(f"Who should take lead {lead}?")
    assert next(event.data["rep_id"] for event in events if event.kind == "match") == "r-1"


def test_the_same_turn_again_gives_the_same_events_and_runs_nothing(client: TestClient, chat: Chat, lead: str):
    first = chat.ask("Why is it cold?", lead_id=lead)
    decisions = client.get(f"/v1/leads/{lead}/decisions").json()
    assert chat.ask("Why is it cold?", lead_id=lead) == first
    assert client.get(f"/v1/leads/{lead}/decisions").json() == decisions


def test_another_text_under_the_same_turn_id_is_a_conflict(chat: Chat):
    chat.ask("What is the onboarding fee?")
    answer = chat.post("Something else")
    assert (answer.status_code, answer.json()["title"]) == (409, "TurnConflictError")


def test_a_stream_resumes_after_the_last_event_seen(client: TestClient, chat: Chat, lead: str):
    whole = chat.ask("Why is it cold?", lead_id=lead)
    path, seen = f"/v1/chat/turns/{chat.prefix}/events", {"Last-Event-ID": "3"}
    assert read_events(client.get(path, headers=seen).text) == whole[3:]
    assert read_events(chat.post("Why is it cold?", lead_id=lead, headers=seen).text) == whole[3:]
    assert read_events(client.get(path, headers={"Last-Event-ID": "999"}).text) == []


def test_a_turn_can_be_read_with_its_reply(client: TestClient, chat: Chat):
    events = chat.ask("What is the onboarding fee?")
    turn = client.get(f"/v1/chat/turns/{chat.prefix}").json()
    assert (turn["status"], turn["request"]["text"]) == ("done", "What is the onboarding fee?")
    assert turn["reply"] == next(event.data for event in events if event.kind == "reply")


def test_a_turn_about_an_unknown_lead_is_refused_before_it_begins(client: TestClient, chat: Chat):
    answer = chat.post("Why?", lead_id="nobody")
    assert (answer.status_code, answer.json()["title"]) == (404, "LeadNotFoundError")
    assert client.get(f"/v1/chat/turns/{chat.prefix}").status_code == 404


@pytest.mark.parametrize("message", ["", "   \n\t ", "x" * 20_001], ids=["empty", "blank", "too-long"])
def test_a_message_that_says_nothing_or_too_much_is_refused(chat: Chat, message: str):
    answer = chat.post(message)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "message")


@pytest.mark.parametrize("header", ["x", "-1"])
def test_a_last_event_id_that_is_no_number_is_refused(chat: Chat, header: str):
    answer = chat.post("hello", headers={"Last-Event-ID": header})
    assert answer.status_code == 422


def test_an_unknown_lead_named_in_the_text_is_said_to_be_unknown(chat: Chat):
    events = chat.ask("Who should take lead L-99999?")
    assert events[-1].kind == "done"
    (reply,) = [event.data for event in events if event.kind == "reply"]
    assert "L-99999" in reply["text"]
