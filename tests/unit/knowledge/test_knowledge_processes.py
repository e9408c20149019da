"""The API and a worker, two processes, over one knowledge folder."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from domain.values import Market
from knowledge.opening import open_knowledge_base

ROOT = Path(__file__).parents[3]
MARKET = Market("roofing")
ANSWER_QUESTIONS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from domain.knowledge import KnowledgeQuery
from knowledge.opening import open_knowledge_base
base = open_knowledge_base(Path(sys.argv[1]), embedding="none")
print("ready", file=sys.stderr, flush=True)
for line in sys.stdin:
    query = KnowledgeQuery(text=line.strip(), market="roofing", at=datetime(2026, 4, 1, tzinfo=UTC))
    print(len(base.retriever().search_now(query).hits), flush=True)
"""


@pytest.fixture
def start(tmp_path):
    """Start another process that answers questions with the number of hits; it is killed at the end."""
    started = []

    def start_process():
        process = subprocess.Popen(
            [sys.executable, "-c", ANSWER_QUESTIONS, str(tmp_path / "home")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield start_process
    for process in started:
        with process:
            process.kill()


def ask(process, question):
    process.stdin.write(f"{question}\n")
    process.stdin.flush()
    # structlog's warning about the missing model goes to stdout before the first answer.
    while not (line := process.stdout.readline()).strip().isdigit():
        assert line, "the process ended"
    return int(line)


def test_two_processes_search_at_once_and_see_a_third_one_write(start, write, tmp_path):
    worker, api = start(), start()
    assert (ask(worker, "hail"), ask(api, "hail")) == (0, 0)
    base = open_knowledge_base(tmp_path / "home", embedding="none")
    base.ingest([write("a.md", "hail")], MARKET)
    assert (ask(worker, "hail"), ask(api, "hail")) == (1, 1)


def test_a_killed_process_leaves_the_knowledge_usable(start, write, tmp_path):
    base = open_knowledge_base(tmp_path / "home", embedding="none")
    file = write("a.md", "hail")
    base.ingest([file], MARKET)
    worker = start()
    assert ask(worker, "hail") == 1
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    write("a.md", "hail\n\n# More\nhail again")
    base.ingest([file], MARKET)
    assert ask(start(), "hail") == 2
