"""What `leadline effectiveness` shows and writes."""

import asyncio
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from domain.events import Outcome, OutcomeKind
from domain.people import Lead, Rep
from domain.values import Market
from runtime.cli import main
from runtime.commands.judging import print_effectiveness
from runtime.settings import Settings
from runtime.wiring import open_tools
from tests.unit.effectiveness.conftest import Make
from tools.matching.effectiveness.measuring import measure_effectiveness

MARKET = Market("roofing")


def leadline(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["leadline", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


async def furnish(home: Path) -> None:
    """A rep with two leads that the matcher gave him, and that he won."""
    async with open_tools(Settings(home=home, market=MARKET)) as house:
        now = house.clock.now()
        await house.records.reps.save(Rep(id="ana", market=MARKET, name="Ana [Silva]"))
        await house.trainer.train_model(MARKET, now=now)
        for lead_id in ("l-1", "l-2"):
            made = now - timedelta(hours=1)
            await house.records.leads.save(Lead(id=lead_id, market=MARKET, created_at=made, source="web"), at=now)
        await house.matcher.assign_batch(["l-1", "l-2"], key="k")
        for lead_id in ("l-1", "l-2"):
            won = Outcome(lead_id=lead_id, kind=OutcomeKind.WON, at=house.clock.now(), rep_id="ana")
            await house.records.outcomes.record(won)


def test_the_report_is_printed_and_its_page_is_written(
    clean_place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asyncio.run(furnish(clean_place))
    monkeypatch.setenv("LEADLINE_HOME", str(clean_place))
    asked = ("effectiveness", "--market", MARKET, "--days", "7", "--html", "pages/report.html")
    assert leadline(monkeypatch, *asked) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 leads, 2 settled, 2 won" in said
    assert "Ana [Silva] 2 2" in said
    assert "2 leads given out by the matcher have ended; 20 are needed" in said
    assert "report.html" in re.sub(r"\s", "", said)
    assert "What others would have won" in (clean_place / "pages/report.html").read_text("utf-8")


def test_a_market_that_is_not_known_is_a_mistake_of_the_caller(
    clean_place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("LEADLINE_HOME", str(clean_place))
    assert leadline(monkeypatch, "effectiveness", "--market", "mars") == 2
    assert "UnknownMarketError" in capsys.readouterr().err


def test_ways_of_handing_out_and_reps_are_shown_as_tables(capsys: pytest.CaptureFixture[str]):
    played = Make.choices(1500, effects=(2.0, *(0.0,) * 24))
    report = measure_effectiveness(played.facts, MARKET, since=Make.since, before=Make.now)
    print_effectiveness(report, Console(width=80))
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert "handed out" in text
    assert any(line.startswith("round-robin") and "%" in line for line in lines)
    assert any(line.startswith("Rep 0 ") and "adds" in line for line in lines)
    assert "and 5 more reps; --html lists all" in text
