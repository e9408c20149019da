import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from domain.errors import InvalidInputError, MappingError
from runtime.commands.importing import import_command

ROWS = "id,created_at,source,sector\nl1,2026-01-01,web,retail\nl2,soon,web,Select\nl3,2026-01-03,web,\n"


@pytest.fixture
def leadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(import_command)
    (tmp_path / "leads.csv").write_text(ROWS)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


def test_a_dry_run_reports_and_makes_no_database(leadline, tmp_path: Path):
    result = leadline("leads", "leads.csv", "--market", "roofing", "--dry-run", "--report", "report.json")
    assert result.exit_code == 0
    assert "nothing was written" in result.output
    assert "reads like nothing said: 'Select'" in result.output
    assert "is no date or time" in result.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["read"], report["landed"], report["rejected"]) == (3, 2, 1)
    assert [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()] == ["leads.leads.jsonl"]


def test_an_import_lands_once(leadline):
    first = leadline("leads", "leads.csv", "--market", "roofing", "--report", "first.json")
    second = leadline("leads", "leads.csv", "--market", "roofing", "--report", "second.json")
    found = [json.loads(Path(name).read_text()) for name in ("first.json", "second.json")]
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert [(report["landed"], report["unchanged"]) for report in found] == [(2, 0), (0, 2)]


def test_a_file_of_bad_rows_only_fails(leadline, tmp_path: Path):
    (tmp_path / "leads.csv").write_text("id,created_at,source\nl1,soon,web\n")
    assert leadline("leads", "leads.csv", "--market", "roofing", "--dry-run").exit_code == 1


def test_rejects_go_where_they_are_wanted(leadline, tmp_path: Path):
    leadline("leads", "leads.csv", "--market", "roofing", "--dry-run", "--rejects", "bad.jsonl")
    assert json.loads((tmp_path / "bad.jsonl").read_text())["line"] == 3


@pytest.mark.parametrize(
    ("mapping", "error", "rule"),
    [
        ("colums: {}", MappingError, "did you mean 'columns'"),
        ("columns: {id: idd}", MappingError, "did you mean 'id'"),
        ("table: reps", MappingError, "is not the table leads"),
    ],
)
def test_a_bad_mapping_is_one_error(leadline, tmp_path: Path, mapping: str, error: type, rule: str):
    (tmp_path / "map.yaml").write_text(mapping)
    result = leadline("leads", "leads.csv", "--mapping", "map.yaml", "--market", "roofing", "--dry-run")
    assert type(result.exception) is error
    assert rule in str(result.exception)


def test_a_missing_file_is_one_error(leadline):
    result = leadline("leads", "none.csv", "--dry-run")
    assert type(result.exception) is InvalidInputError


def test_an_unknown_table_is_bad_usage(leadline):
    assert leadline("lead", "leads.csv").exit_code == 2
