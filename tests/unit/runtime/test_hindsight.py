"""Scores of past leads as they arrived: made once, by models of what was known before, and told to the matcher."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from domain.values import LeadId, Market
from runtime.hindsight import Hindsight

MARKET = Market("roofing")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class CountingTrainer:
    scores: dict[LeadId, float]
    asked: int = 0

    async def score_arrivals(self, market, *, now, progress=None):
        self.asked += 1
        return self.scores


@dataclass
class Leads:
    n: int

    async def outcomes(self, market, *, before):
        return pl.DataFrame({"lead_id": [f"l-{i}" for i in range(self.n)]})


@dataclass
class Desk:
    folder: Path
    leads: Leads = field(default_factory=lambda: Leads(100))
    trainer: CountingTrainer = field(default_factory=lambda: CountingTrainer({LeadId("l-1"): 0.25}))

    @property
    def hindsight(self) -> Hindsight:
        return Hindsight(self.trainer, self.leads, self.folder)


async def test_they_are_made_once_and_kept_for_every_process(tmp_path: Path):
    desk = Desk(tmp_path / "new")
    assert desk.hindsight.of_market(MARKET) == {}
    assert [await desk.hindsight.refresh(MARKET, now=NOW) for _ in range(2)] == [True, False]
    assert desk.hindsight.of_market(MARKET) == {"l-1": 0.25}
    assert desk.hindsight.of_market(Market("another")) == {}
    assert desk.trainer.asked == 1


async def test_an_import_of_many_older_leads_makes_them_anew(tmp_path: Path):
    desk = Desk(tmp_path)
    await desk.hindsight.refresh(MARKET, now=NOW)
    desk.leads.n = 149
    assert not await desk.hindsight.refresh(MARKET, now=NOW)
    desk.leads.n = 150
    assert await desk.hindsight.refresh(MARKET, now=NOW)


async def test_where_too_few_leads_came_nothing_is_kept_and_it_is_tried_again(tmp_path: Path):
    desk = Desk(tmp_path, trainer=CountingTrainer({}))
    assert [await desk.hindsight.refresh(MARKET, now=NOW) for _ in range(2)] == [False, False]
    assert desk.trainer.asked == 2
