"""`kill -9` of the API in the middle of a turn: the next process finishes it."""

import json
import threading
from pathlib import Path

import httpx2

from tests.doubles.api_process import api_process
from tests.doubles.scripted_llm import Says, Stalls, serve_script
from tests.doubles.sse import kinds, read_events

QUESTION = "What commission do partners earn on Medicare Advantage?"
ANSWER = {"text": "Commission on Medicare Advantage is paid for each new enrolment [1].", "citations": [1]}
tick = threading.Event()
TURN = "/v1/chat/turns/killed"


def test_a_turn_survives_the_death_of_the_process(home: Path):
    with serve_script() as script:
        settings = {"llm_base_url": script.base_url, "llm_model": "loopback", "llm_timeout_s": "60"}
        script.then(Stalls(seconds=60), Says(json.dumps(ANSWER)))
        with api_process(home, **settings) as api, httpx2.Client(base_url=api.url, timeout=60) as http:
            body = {"message": QUESTION, "turn_id": "killed", "conversation_id": "killed"}
            with http.stream("POST", "/v1/chat", json=body) as stream:
                lines = stream.iter_lines()
                seen = ""
                while "event: passages" not in seen:  # the model is asked next, and stalls
                    seen += next(lines) + "\n"
                while not script.requests:
                    tick.wait(0.02)
                api.kill()
        before = read_events(seen + "\n")

        with api_process(home, **settings) as api, httpx2.Client(base_url=api.url, timeout=60) as http:
            events = read_events(http.get(f"{TURN}/events").text)
            turn = http.get(TURN).json()
            again = read_events(http.post("/v1/chat", json=body).text)
        script.assert_used_up()

    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events[: len(before)]] == [event.kind for event in before]
    assert kinds(events) == [
        "started",
        "reading",
        "passages",
        "restarted",
        "reading",
        "passages",
        "delta",
        "reply",
        "done",
    ]
    assert (turn["status"], turn["request"]["text"], turn["reply"]["text"]) == ("done", QUESTION, ANSWER["text"])
    assert again == events
