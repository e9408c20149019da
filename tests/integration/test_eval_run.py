"""`leadline eval` end to end: real tools over a small floor, twice, and once with a listener that is deaf on purpose."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

import evals.testbed
import runtime.demo.business
from domain.conversations import Message, MessageReading, Speaker
from evals.command import eval_command
from evals.gate import judge
from evals.results import Scorecard
from runtime.clock import SystemClock
from runtime.demo.business import build_business
from runtime.settings import load_settings
from tools.conversation.tool import ConversationTool

QUICK = ("retriever", "conversation")
SUITES = (*QUICK, "replies")


class DeafListener(ConversationTool):
    """Reads everything but refusals."""

    def read(self, messages: Sequence[Message], *, now: datetime) -> MessageReading:
        reading = super().read(messages, now=now)
        return reading.model_copy(update={"opt_out": False}) if messages[-1].speaker is Speaker.LEAD else reading


@dataclass(frozen=True)
class Run:
    """What one run of the command left."""

    exit_code: int
    output: str
    folder: Path

    @property
    def card(self) -> Scorecard:
        return Scorecard.model_validate_json((self.folder / "scorecard.json").read_text(encoding="utf-8"))

    @property
    def verdicts(self) -> dict[tuple[str, str], tuple[str, float | None]]:
        return {(s.name, m.name): (judge(m).value, m.value) for s in self.card.suites for m in s.metrics}


def run_command(home: Path, folder: Path, *suites: str) -> Run:
    app = Typer()
    app.command()(eval_command)
    arguments = [text for suite in suites for text in ("--suite", suite)]
    result = CliRunner().invoke(
        app, [*arguments, "--out", str(folder)], env={"LEADLINE_HOME": str(home), "COLUMNS": "200"}
    )
    return Run(result.exit_code, result.output, folder)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder with a business of 400 leads."""
    folder = tmp_path_factory.mktemp("house") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime.demo.business, "N_LEADS", 400)
        asyncio.run(build_business(load_settings(home=folder), SystemClock().now(), Console(quiet=True)))
        yield folder


@pytest.fixture(scope="module")
def first(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_command(home, tmp_path_factory.mktemp("first"), *SUITES)


def test_the_gate_is_open_on_the_house_as_it_is(first: Run) -> None:
    assert (first.exit_code, "below the bar" in first.output) == (0, False), first.output


def test_every_suite_asked_for_is_measured(first: Run) -> None:
    assert tuple(suite.name for suite in first.card.suites) == SUITES
    assert all(
        metric.value is not None
        for suite in first.card.suites
        for metric in suite.metrics
        if metric.bar and metric.bar.hard
    )


def test_json_junit_and_html_tell_the_same(first: Run) -> None:
    junit = ET.fromstring((first.folder / "junit.xml").read_bytes())
    page = (first.folder / "scorecard.html").read_text(encoding="utf-8")
    document = json.loads((first.folder / "scorecard.json").read_text(encoding="utf-8"))
    assert [node.attrib["name"] for node in junit] == [suite["name"] for suite in document["suites"]]
    assert "The gate is open" in page


def test_the_same_house_gets_the_same_verdicts_again(first: Run, home: Path, tmp_path: Path) -> None:
    again = run_command(home, tmp_path / "out", *QUICK)
    assert again.verdicts == {key: found for key, found in first.verdicts.items() if key[0] in QUICK}


def test_a_deaf_listener_closes_the_gate(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evals.testbed, "open_listener", lambda tools: DeafListener(tools.knowledge.encoder))
    deaf = run_command(home, tmp_path / "out", "conversation")
    assert (deaf.exit_code, deaf.verdicts["conversation", "opt-outs heard"]) == (1, ("failed", 0.0))


def test_an_unknown_suite_is_refused_by_name(tmp_path: Path) -> None:
    refused = run_command(tmp_path / "home", tmp_path / "out", "palmistry")
    assert (refused.exit_code != 0, (tmp_path / "out").exists()) == (True, False)
