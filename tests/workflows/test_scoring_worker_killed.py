"""`kill -9` of a scoring worker on the real dev server: nobody who changed is forgotten, and nobody recorded twice."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.rescoring import LeadChange
from domain.values import LeadId, Market
from tests.workflows.scoring_floor import LONG_AGO, ScoringFloor, open_scoring_floor
from workflows import names
from workflows.score_keepers import TemporalScoreKeeper


@asynccontextmanager
async def worker(address: str, home: Path, queue: str, *options: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workflows.scoring_worker_process", address, str(home), queue, *options
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@pytest.fixture
async def scoring_floor(tmp_path: Path) -> AsyncIterator[ScoringFloor]:
    async with open_scoring_floor(tmp_path) as floor:
        yield floor


async def until_scored(floor: ScoringFloor, leads: list[LeadId], times: int) -> None:
    async with asyncio.timeout(60):
        for lead_id in leads:
            while len(await floor.records.scores.of_lead(lead_id, limit=10)) < times:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("when", ["--die-before", "--die-after"])
async def test_killed_around_a_batch_every_lead_has_its_one_score_after_restart(
    temporal_address: str, client: Client, scoring_floor: ScoringFloor, tmp_path: Path, when: str
) -> None:
    market = Market(f"market-{uuid4().hex}")
    keeper = TemporalScoreKeeper(client, task_queue=market)
    first, later = await scoring_floor.add_leads("dana", "jo"), await scoring_floor.add_leads("sam")
    async with worker(temporal_address, tmp_path, market, when) as doomed:
        await keeper.leads_changed(market, [LeadChange(lead_id=lead_id, at=LONG_AGO) for lead_id in first])
        assert await asyncio.wait_for(doomed.wait(), 60) == -signal.SIGKILL
        recorded = [len(await scoring_floor.records.scores.of_lead(lead_id, limit=10)) for lead_id in first]
        assert recorded == ([0, 0] if when == "--die-before" else [1, 1])
    await keeper.leads_changed(market, [LeadChange(lead_id=later[0], at=LONG_AGO)])
    async with worker(temporal_address, tmp_path, market):
        await until_scored(scoring_floor, [*first, *later], 1)
    for lead_id in (*first, *later):
        assert len(await scoring_floor.records.scores.of_lead(lead_id, limit=10)) == 1
    await client.get_workflow_handle(names.score_keeper_id(market)).terminate()
