"""Bad input and servers that do not answer: each a clear error in one line, and never a traceback."""

import logging
import os
import re
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
import structlog

from runtime.cli import main
from tests.doubles.api_process import api_process, clean_environment, free_port

NOWHERE = "postgresql+psycopg://postgres@127.0.0.1:1/x"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run `leadline` over an empty home: exit status, and the error, which is one line and the last."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for name in [name for name in os.environ if name.startswith("LEADLINE_")]:  # noqa: TID251 - cleared for the test
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> tuple[int, str]:
        for name, value in {"home": str(tmp_path), "embedding": "none", **settings}.items():
            monkeypatch.setenv(f"LEADLINE_{name.upper()}", value)
        monkeypatch.setattr(sys, "argv", ["leadline", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0), the_error(capsys.readouterr().err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def the_error(err: str) -> str:
    assert "Traceback" not in err, err
    last = re.sub(r"\x1b\[[0-9;]*m", "", err).splitlines()[-1]
    assert "error: " in last, err
    return last[last.index("error: ") :]


@pytest.mark.parametrize("command", ["score", "match"])
def test_an_unknown_lead_is_said_to_be_unknown(run: Run, command: str):
    assert run(command, "nobody") == (1, "error: LeadNotFoundError: no lead has the id 'nobody'")


def test_the_installed_program_says_it_in_one_line(tmp_path: Path):
    program = Path(sys.executable).parent / "leadline"
    environment = clean_environment(home=str(tmp_path))
    ran = subprocess.run(
        [program, "score", "nobody"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert the_error(ran.stderr) == "error: LeadNotFoundError: no lead has the id 'nobody'"


def test_a_malformed_mapping_is_a_mistake_of_the_caller(run: Run, tmp_path: Path):
    (tmp_path / "map.yaml").write_text("columns: [not, a, mapping\n")
    (tmp_path / "leads.csv").write_text("id\n1\n")
    status, error = run("import", "leads", "leads.csv", "--mapping", "map.yaml")
    assert (status, error.startswith("error: MappingError: ")) == (2, True)


def test_a_chat_about_an_unknown_lead_is_refused(run: Run):
    assert run("chat", "why?", "--lead", "nobody") == (1, "error: LeadNotFoundError: no lead has the id 'nobody'")


@pytest.mark.parametrize("command", [["score", "dana"], ["api"], ["worker"], ["up"]], ids=lambda command: command[0])
def test_an_unreachable_postgresql_is_named(run: Run, command: list[str]):
    status, error = run(*command, database_url=NOWHERE)
    assert (status, error.startswith("error: RecordsUnavailableError: ")) == (1, True)
    assert "127.0.0.1:1/x" in error


@pytest.mark.parametrize("command", ["worker", "up"])
def test_an_unreachable_temporal_is_named(run: Run, command: str):
    status, error = run(command, temporal_address="127.0.0.1:1")
    assert (status, error.startswith("error: WorkflowsUnavailableError: ")) == (1, True)
    assert "127.0.0.1:1" in error


def test_a_home_that_cannot_be_written_is_named(run: Run, tmp_path: Path):
    (tmp_path / "file").write_text("")
    status, error = run("up", home=str(tmp_path / "file" / "home"))
    assert (status, error.startswith("error: UnavailableError: the home folder cannot be used")) == (1, True)


def test_the_api_says_that_temporal_does_not_answer(tmp_path: Path):
    with api_process(tmp_path, temporal_address="127.0.0.1:1") as api, httpx2.Client(base_url=api.url) as http:
        http.timeout = 30
        stored = http.post("/v1/leads", json={"id": "dana"})
        ready = http.get("/ready")
        assert (stored.status_code, stored.json()["title"]) == (503, "WorkflowsUnavailableError")
        assert http.get("/v1/leads/dana").status_code == 200
        assert (ready.status_code, ready.json()["parts"]["records"]) == (503, "ok")
        assert "Traceback" not in api.log.read_text()


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """Address of an empty schema, dropped at the end."""
    named = os.environ.get("LEADLINE_TEST_POSTGRES_URL")  # noqa: TID251 - tests find the server
    server = named or "postgresql://postgres@127.0.0.1:5432/test"
    schema = f"leadline_test_{uuid.uuid4().hex}"
    try:
        connection = psycopg.connect(server, connect_timeout=3, autocommit=True)
    except psycopg.OperationalError:
        if named:
            raise
        pytest.skip("no PostgreSQL at LEADLINE_TEST_POSTGRES_URL nor on 127.0.0.1:5432")
    with connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
        yield f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{schema}"
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


class Passage:
    """A way to a server that can be closed and opened again.

    Args:
        host: Where the server is.
        port: Its port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target, self.port = (host, port), free_port()
        self._ends: list[socket.socket] = []

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self._ends = [listener]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Cut every connection and take no more."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)


def test_the_api_outlives_a_lost_postgresql(tmp_path: Path, postgres_url: str):
    server = urlsplit(postgres_url)
    passage = Passage(server.hostname or "127.0.0.1", server.port or 5432)
    login = server.netloc.rpartition("@")[0]
    url = server._replace(netloc=f"{login}@127.0.0.1:{passage.port}").geturl()
    passage.open()
    with api_process(tmp_path, database_url=url) as api, httpx2.Client(base_url=api.url, timeout=60) as http:
        asked = {"message": "What is the onboarding fee?"}
        assert http.post("/v1/leads", json={"id": "dana", "follow_up": False}).status_code == 201
        assert "event: done" in http.post("/v1/chat", json=asked).text

        passage.close()
        lost = [http.get("/v1/leads/dana"), http.post("/v1/chat", json=asked)]
        assert [(a.status_code, a.json()["title"]) for a in lost] == [(503, "RecordsUnavailableError")] * 2

        passage.open()
        assert http.get("/v1/leads/dana").status_code == 200
        assert "event: done" in http.post("/v1/chat", json=asked).text
        assert "Traceback" not in api.log.read_text()
    passage.close()
