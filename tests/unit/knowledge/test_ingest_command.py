"""`leadline ingest`."""

import json

import pytest
import typer
from typer.testing import CliRunner

from domain.errors import UnknownMarketError
from runtime.commands.ingesting import ingest_command


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LEADLINE_EMBEDDING", "none")
    app = typer.Typer()
    app.command()(ingest_command)

    def invoke(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


def test_it_reports_what_changed_and_nothing_the_second_time(run, write, tmp_path):
    folder = write("a.md", "# A\nhail\n# B\ngutters").parent
    report = tmp_path / "report.json"
    first = run(folder, "--market", "roofing", "--report", report)
    assert (first.exit_code, json.loads(report.read_text(encoding="utf-8"))["added"]) == (0, 2)
    assert "knowledge of roofing" in first.stdout
    run(folder, "--market", "roofing", "--report", report)
    second = json.loads(report.read_text(encoding="utf-8"))
    assert (second["added"], second["removed"], second["unchanged"]) == (0, 0, 2)


def test_without_a_path_it_takes_the_markets_own_corpus(run, tmp_path):
    report = tmp_path / "report.json"
    run("--market", "roofing", "--report", report)
    assert json.loads(report.read_text(encoding="utf-8"))["documents"] == 14


def test_a_misspelt_market_is_refused(run, write):
    found = run(write("a.md", "hail"), "--market", "rofing")
    assert isinstance(found.exception, UnknownMarketError)
