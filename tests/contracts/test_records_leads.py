import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from domain.errors import InvalidInputError, LeadNotFoundError
from domain.people import Lead, Provenance
from records.database import Database
from records.repositories import Records
from records.tables import lead_versions

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def a_lead(**changes) -> Lead:
    values = {
        "id": "lead-1",
        "market": "roofing",
        "created_at": NOON,
        "source": "web",
        "name": "Ada “Löwe” O'Hara",
        "email": "ada@example.org",
        "fields": {"roof_m2": 120.5, "storey": 2.0, "owner": True, "slope": None, "tile": "Ziegel"},
        "provenance": {"*": Provenance(source="form", recorded_at=NOON, recorded_by="web")},
    }
    return Lead(**{**values, **changes})


async def version_count(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(lead_versions))).scalar_one()


async def test_a_lead_comes_back_as_it_was_saved(records: Records):
    await records.leads.save(a_lead(), at=NOON)
    assert await records.leads.get("lead-1") == a_lead()


async def test_an_unknown_lead_is_not_found(records: Records):
    with pytest.raises(LeadNotFoundError, match="lead-9"):
        await records.leads.get("lead-9")


async def test_saving_the_same_lead_twice_writes_once(records: Records, database: Database):
    written = [await records.leads.save(a_lead(), at=NOON + timedelta(hours=h)) for h in range(2)]
    assert (written, await version_count(database)) == ([True, False], 1)


async def test_a_lead_noted_again_from_the_same_source_is_no_new_version(records: Records):
    again = Provenance(source="form", recorded_at=NOON + timedelta(days=1), recorded_by="web")
    await records.leads.save(a_lead(), at=NOON)
    assert not await records.leads.save(a_lead(provenance={"*": again}), at=NOON + timedelta(days=1))


async def test_another_legal_basis_is_a_new_version(records: Records):
    consent = Provenance(source="form", recorded_at=NOON, recorded_by="web", basis="consent")
    await records.leads.save(a_lead(), at=NOON)
    assert await records.leads.save(a_lead(provenance={"*": consent}), at=NOON)


async def test_every_version_is_kept_and_the_newest_is_returned(records: Records, database: Database):
    for region in ("north", "south", "north"):
        assert await records.leads.save(a_lead(region=region), at=NOON)
    assert (await records.leads.get("lead-1"), await version_count(database)) == (a_lead(region="north"), 3)


async def test_concurrent_saves_lose_no_version(records: Records, database: Database):
    await asyncio.gather(*(records.leads.save(a_lead(region=f"r{n}"), at=NOON) for n in range(8)))
    assert await version_count(database) == 8


async def test_newest_leads_come_first_and_stay_in_their_market(records: Records):
    for n in range(4):
        market = "roofing" if n != 2 else "real_estate"
        await records.leads.save(a_lead(id=f"lead-{n}", market=market, created_at=NOON + timedelta(days=n)), at=NOON)
    assert [lead.id for lead in await records.leads.newest("roofing", limit=2)] == ["lead-3", "lead-1"]
    assert [lead.id for lead in await records.leads.newest(None, limit=9)] == ["lead-3", "lead-2", "lead-1", "lead-0"]


async def test_a_naive_time_of_saving_is_refused(records: Records):
    with pytest.raises(InvalidInputError, match="time zone"):
        await records.leads.save(a_lead(), at=datetime(2026, 3, 1))  # noqa: DTZ001 - naive on purpose


async def test_nan_is_refused_and_nothing_of_the_lead_is_written(records: Records):
    with pytest.raises(InvalidInputError, match="NaN"):
        await records.leads.save(a_lead(fields={"roof_m2": float("nan")}), at=NOON)
    with pytest.raises(LeadNotFoundError):
        await records.leads.get("lead-1")
