"""The tool over the real records in SQLite: what the fakes assume holds there."""

from datetime import timedelta

import pytest

from records.database import open_database
from records.repositories import Records
from tools.matching.tool import MatchingTool


@pytest.fixture
async def records(tmp_path):
    database = await open_database(f"sqlite:///{tmp_path}/matching.db")
    yield Records.over(database)
    await database.close()


@pytest.fixture
async def tool(records, floor, make):
    for id_ in ("a", "b"):
        await records.reps.save(make.rep(id_, capacity=2))
    for number in range(5):
        await records.leads.save(make.lead(f"lead-{number}", created_at=make.now - timedelta(hours=1)), at=make.now)
    return MatchingTool(
        leads=records.leads,
        reps=records.reps,
        products=records.products,
        assignments=records.assignments,
        decisions=records.decisions,
        scorer=floor,
        history=records.history,
        clock=floor,
    )


async def test_a_batch_lands_in_the_records_and_is_recalled_by_its_key(tool, records, floor):
    leads = [f"lead-{number}" for number in range(5)]
    first = await tool.assign_batch(leads, key="import")
    assert dict(await records.assignments.open_counts("roofing")) == {"a": 2, "b": 2}
    floor.moment += timedelta(hours=1)
    assert await tool.assign_batch(leads, key="import") == first


async def test_a_pooled_lead_is_recorded_as_pooled(tool, records):
    matches = await tool.assign_batch([f"lead-{number}" for number in range(5)], key="import")
    (pooled,) = [match.lead_id for match in matches if match.rep_id is None]
    assert (await records.assignments.current(pooled)).rep_id is None
