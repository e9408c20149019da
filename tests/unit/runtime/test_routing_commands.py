"""What `leadline assign` and `leadline what-if` show, and what they refuse."""

from datetime import UTC, datetime

import pytest
from rich.console import Console
from typer.testing import CliRunner

from domain.errors import InvalidInputError
from domain.matches import Match
from runtime.cli import build_app
from runtime.commands.routing import print_comparison, print_matches
from tools.matching.what_if import Comparison, Totals


def a_match(lead: str, rep: str | None) -> Match:
    return Match(
        lead_id=lead,
        rep_id=rep,
        rep_name=rep and rep.title(),
        p_convert=0.25 if rep else None,
        reason="fits" if rep else "all full",
        considered=(),
        excluded=(),
        model_version="m",
        as_of=datetime(2026, 3, 1, tzinfo=UTC),
        decision_id=f"d-{lead}",
    )


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_leads_are_shown_by_rep_with_the_wins_to_expect(capsys: pytest.CaptureFixture[str]):
    matches = [a_match("l-1", "ana"), a_match("l-2", "ana"), a_match("l-3", None)]
    print_matches(matches, Console(width=100), dry_run=False)
    text = shown(capsys)
    assert "Ana 2 0.5 fits" in text
    assert "2 of 3 leads given to a rep, 1 wait in the pool" in text


def test_a_what_if_shows_both_sides(capsys: pytest.CaptureFixture[str]):
    before, after = (Totals(wins, 2 * wins, waiting, 0.1, 0.0) for wins, waiting in ((3.0, 0), (2.5, 4)))
    print_comparison(Comparison(before, after, (), "-0.50 expected wins"), Console(width=100))
    text = shown(capsys)
    assert "expected wins 3.00 2.50" in text
    assert "leads that wait 0 4" in text


@pytest.mark.parametrize("text", ["ana", "=5", "ana=many", ""])
def test_a_capacity_that_cannot_be_read_is_refused(text: str):
    result = CliRunner().invoke(build_app(), ["what-if", "--capacity", text])
    assert isinstance(result.exception, InvalidInputError)
    assert result.exception.field == "capacity"
