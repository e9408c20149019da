"""Two processes, each with a matching tool of its own over one database, never break a capacity between them."""

import asyncio
from dataclasses import replace

from records.database import open_database
from records.repositories import Records
from tools.matching.tool import MatchingTool


async def test_two_processes_that_assign_at_once_never_exceed_a_capacity(make, floor, open_floor, tmp_path):
    leads = [make.lead(f"lead-{n:02}") for n in range(24)]
    reps = [make.rep("a", capacity=7), make.rep("b", capacity=4)]
    mine = await open_floor(leads, reps)
    database = await open_database(f"sqlite:///{tmp_path}/matching.db")
    theirs = MatchingTool(
        records=Records.over(database), scorer=replace(floor), history=floor, clock=floor, policy=mine.policy
    )
    halves = [lead.id for lead in leads[::2]], [lead.id for lead in leads[1::2]]
    given = await asyncio.gather(
        *(mine.assign(lead, key="k") for lead in halves[0][:6]),
        *(theirs.assign(lead, key="k") for lead in halves[1][:6]),
        mine.assign_batch(halves[0][6:], key="k"),
        theirs.assign_batch(halves[1][6:], key="k"),
    )
    await database.close()
    assert await floor.load() == {"a": 7, "b": 4}
    assert len(await floor.records.pool.waiting("roofing")) == 24 - 11
    assert len(given) == 14
