import asyncio
import re
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from domain.values import Market
from runtime.cli import main
from runtime.commands.watching import print_drift
from runtime.settings import Settings
from runtime.wiring import open_tools
from tools.scoring.guarding.drift import ColumnDrift, DriftReport, Verdict

MARKET = Market("roofing")


def a_column(name: str, verdict: Verdict) -> ColumnDrift:
    return ColumnDrift(
        name=name, verdict=verdict, psi=0.4, ks=None, p_value=0.01, missing_before=0, missing_now=0, why=f"{name} moved"
    )


async def train(home: Path) -> None:
    async with open_tools(Settings(home=home, market=MARKET)) as tools:
        await tools.trainer.train_model(MARKET, now=tools.clock.now())


def leadline(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["leadline", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_the_card_is_printed_and_its_page_is_written(
    clean_place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asyncio.run(train(clean_place))
    monkeypatch.setenv("LEADLINE_HOME", str(clean_place))
    assert leadline(monkeypatch, "model-card", "--market", MARKET, "--to", "card.html") == 0
    said = capsys.readouterr().out
    assert "card.html" in re.sub(r"\s", "", said)
    assert (clean_place / "card.html").read_text("utf-8").startswith("<!doctype html>")


def test_where_nothing_is_trained_the_card_is_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert leadline(monkeypatch, "model-card", "--market", MARKET) == 1
    assert "ModelNotFoundError" in capsys.readouterr().err


def test_drift_tells_the_verdict_and_what_changed():
    report = DriftReport(
        verdict=Verdict.DRIFT,
        why="the score has drifted",
        rows=500,
        score=a_column("score", Verdict.DRIFT),
        columns=(a_column("region", Verdict.DRIFT), a_column("source", Verdict.NONE)),
    )
    out = StringIO()
    print_drift(report, Console(file=out, width=120))
    assert ("the score has drifted" in out.getvalue(), "region moved" in out.getvalue()) == (True, True)
    assert "source moved" not in out.getvalue()
