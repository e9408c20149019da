"""What `leadline assign`, `leadline what-if` and `leadline tune-routing` show, and what they refuse."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from typer.testing import CliRunner

from domain.errors import InvalidInputError
from domain.matches import Match
from runtime.cli import build_app
from runtime.commands.replaying import print_replay, print_tuning
from runtime.commands.routing import print_comparison, print_matches
from tools.matching.replay.difference import Gain
from tools.matching.replay.replaying import Replay
from tools.matching.replay.totals import PeriodTotals
from tools.matching.replay.tuning import Trial, TunedRouting
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


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def in_total(wins: float, *, value: float | None = None, gini: float = 0.2, **leads: int) -> PeriodTotals:
    return PeriodTotals(wins, value, 3, 1.25, 7.5, 2, gini, leads)


def a_replay() -> Replay:
    return Replay(
        market="roofing", since=NOON - timedelta(days=14), until=NOON, step_hours=1.0, leads=1_200,
        real=in_total(10.0, ana=800, ben=400), present=in_total(12.5, ana=1_200), draft=in_total(12.0, ben=1_197),
        won=9, still_open=40, moved=1_200, wins=Gain(-0.5, -1.0, 0.1, 0.8, 0.12), value=None,
        no_signal="Rep history is too thin.", summary="the draft is too close to call",
    )  # fmt: skip


def test_a_replay_shows_three_columns_and_says_how_sure_it_is(capsys: pytest.CaptureFixture[str]):
    print_replay(a_replay(), {"ana": "Ana Arnold"}, Console(width=100))
    text = shown(capsys)
    assert "1,200 leads from 2026-02-15 12:00 to 2026-03-01 12:00 UTC" in text
    assert "expected wins 10.0 12.5 12.0" in text
    assert "expected value unknown unknown unknown" in text
    assert "leads of Ana Arnold 800 1,200 0 leads of ben 400 0 1,197" in text
    assert "Really won so far: 9; still open: 40. Rep history is too thin." in text
    assert text.endswith("the draft is too close to call")


def a_tuning(**changes: object) -> TunedRouting:
    present, best = (
        Trial(0.1, None, in_total(12.5, value=5e4, gini=0.3), even=False),
        Trial(0.25, None, in_total(13), True),
    )
    tuned = TunedRouting(
        market="roofing", since=NOON, until=NOON, leads=9, by_value=True, turns=in_total(9.0), present=present, best=best,
        trials=(present, best), gain=Gain(1.0, 0.5, 1.5, 0.8, 0.99), pays=True, summary="another setting pays",
    )  # fmt: skip
    return replace(tuned, **changes)


def test_tuning_shows_every_trial_and_the_line_that_sets_the_best(capsys: pytest.CaptureFixture[str]):
    print_tuning(a_tuning(), Console(width=100))
    text = shown(capsys)
    assert "0.1 12.5 50,000 3 0.30 in force, less even than in turn" in text
    assert "0.25 13.0 unknown 3 0.20 best" in text
    assert "in turn 9.0 unknown 3 0.20 round-robin" in text
    assert text.endswith("another setting pays To set it: LEADLINE_ROUTING_FAIRNESS=0.25")


def test_tuning_names_the_reserve_where_it_was_tuned(capsys: pytest.CaptureFixture[str]):
    present, best = (Trial(0.1, reserve, in_total(12), True) for reserve in (0.1, 0.35))
    print_tuning(a_tuning(present=present, best=best, trials=(present, best)), Console(width=100))
    text = shown(capsys)
    assert "0.1 0.35 12.0 unknown 3 0.20 best" in text
    assert text.endswith("LEADLINE_ROUTING_FAIRNESS=0.1 LEADLINE_ROUTING_VIP_RESERVE=0.35")


def test_tuning_sets_nothing_where_nothing_is_better(capsys: pytest.CaptureFixture[str]):
    tuned = a_tuning()
    print_tuning(replace(tuned, best=tuned.present, summary="nothing is better"), Console(width=100))
    assert "LEADLINE_ROUTING" not in shown(capsys)


@pytest.mark.parametrize(
    "arguments", [["what-if", "--days", "91"], ["tune-routing", "--days", "0"], ["tune-routing", "--trials", "3"]]
)
def test_what_is_out_of_range_is_refused_before_anything_is_opened(arguments: list[str]):
    result = CliRunner().invoke(build_app(), arguments)
    assert result.exit_code == 2


@pytest.mark.parametrize("arguments", [["what-if", "--days", "14"], ["tune-routing"]])
def test_days_without_leads_are_refused(arguments: list[str]):
    result = CliRunner().invoke(build_app(), arguments)
    assert isinstance(result.exception, InvalidInputError)
    assert result.exception.field == "days"
