"""The encoder at an OpenAI-compatible endpoint, against a server on loopback."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import openai
import pytest

from domain.errors import KnowledgeUnavailableError
from knowledge.openai_encoder import OpenAiEncoder


class Endpoint(ThreadingHTTPServer):
    """Answers with (length of the text, 1) for each text, in backward order; or with a status."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.asked = []


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(request)
        data = [
            {"object": "embedding", "index": n, "embedding": [float(len(text)), 1.0]}
            for n, text in enumerate(request["input"])
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        body = {"object": "list", "data": data[::-1], "model": request["model"], "usage": usage}
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def endpoint():
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def encoder(endpoint, *, size=2):
    client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{endpoint.server_port}/v1", max_retries=0)
    return OpenAiEncoder("text/model", size=size, client=client)


def test_rows_come_in_input_order_and_of_length_one(endpoint):
    rows = encoder(endpoint).encode(["abc", "a"])
    assert rows == pytest.approx(np.array([[3, 1], [1, 1]]) / np.sqrt([[10], [2]]), abs=1e-6)


def test_many_texts_are_sent_in_parts(endpoint):
    assert encoder(endpoint).encode([str(n) for n in range(130)]).shape == (130, 2)
    assert [len(request["input"]) for request in endpoint.asked] == [64, 64, 2]


def test_no_text_asks_nothing(endpoint):
    assert encoder(endpoint).encode([]).shape == (0, 2)
    assert endpoint.asked == []


def test_the_name_can_be_part_of_a_folder(endpoint):
    assert encoder(endpoint).name == "openai-text-model-2"


@pytest.mark.parametrize("status", [429, 500, 401])
def test_a_refusal_is_named(endpoint, status):
    endpoint.status = status
    with pytest.raises(KnowledgeUnavailableError, match="does not answer for 'text/model'"):
        encoder(endpoint).encode(["abc"])


def test_vectors_of_another_size_are_refused(endpoint):
    with pytest.raises(KnowledgeUnavailableError, match=r"sizes \[2\] for 1 texts, not of size 3"):
        encoder(endpoint, size=3).encode(["abc"])
