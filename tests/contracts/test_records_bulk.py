import json
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from sqlalchemy import JSON, Text, cast, delete, func, select

from domain.errors import InvalidInputError, LeadNotFoundError
from domain.events import Channel, ConsentEvent, Interaction, InteractionKind, Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead, Provenance, Rep, Skill
from records.database import Database
from records.repositories import Records
from records.tables import metadata

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=3)

LEADS = pl.DataFrame(
    {
        "id": ["lead-1", "lead-2"],
        "market": ["roofing", "roofing"],
        "created_at": [NOON, NOON + timedelta(microseconds=1)],
        "source": ["file", "file"],
        "language": [None, "de"],
        "fields": ['{"roof_m2": 120, "owner": true}', None],
        "provenance": ['{"*": {"source": "f.csv", "recorded_at": "2026-03-01T12:00:00Z", "recorded_by": "me"}}', None],
    }
)
FACTS = {
    "reps": pl.DataFrame(
        {
            "id": ["rep-1"],
            "market": ["roofing"],
            "name": ["Bo"],
            "regions": ['["north"]'],
            "skills": ['[{"product_id": "slate", "level": 1}]'],
        }
    ),
    "products": pl.DataFrame({"id": ["slate"], "market": ["roofing"], "name": ["Slate"], "price": [10]}),
    "interactions": pl.DataFrame(
        {
            "id": ["i-1", "i-2"],
            "lead_id": ["lead-1", "lead-1"],
            "kind": ["page_viewed", "call_answered"],
            "at": [NOON, LATER],
            "channel": ["web", None],
            "duration_s": [3, None],
            "attributes": ['{"bot": false}', None],
        }
    ),
    "outcomes": pl.DataFrame({"lead_id": ["lead-1"], "kind": ["won"], "at": [LATER], "value": [100], "reason": [None]}),
    "consents": pl.DataFrame(
        {"id": ["c-1"], "lead_id": ["lead-1"], "channel": [None], "granted": [True], "at": [NOON], "source": ["file"]}
    ),
    "assignments": pl.DataFrame(
        {"id": ["a-1"], "lead_id": ["lead-1"], "rep_id": ["rep-1"], "at": [NOON], "by": ["importer"]}
    ),
}


async def row_counts(database: Database) -> dict[str, int]:
    async with database.reading() as connection:
        return {
            name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in metadata.tables.items()
        }


async def test_leads_of_a_frame_are_the_leads_of_the_repository(records: Records):
    assert await records.bulk.insert_frame("leads", LEADS, at=LATER) == 2
    assert await records.leads.get("lead-1") == Lead(
        id="lead-1",
        market="roofing",
        created_at=NOON,
        source="file",
        fields={"roof_m2": 120.0, "owner": True},
        provenance={"*": Provenance(source="f.csv", recorded_at=NOON, recorded_by="me")},
    )


@pytest.mark.parametrize("table", ["leads", *FACTS])
async def test_a_frame_written_twice_is_written_once(records: Records, database: Database, table: str):
    frame = LEADS if table == "leads" else FACTS[table]
    first = await records.bulk.insert_frame(table, frame, at=NOON)
    counts = await row_counts(database)
    second = await records.bulk.insert_frame(table, frame, at=LATER)
    assert (first, second, await row_counts(database)) == (frame.height, 0, counts)


async def test_what_the_repository_knows_is_not_new_to_a_frame(records: Records):
    await records.reps.save(
        Rep(id="rep-1", market="roofing", name="Bo", regions=("north",), skills=(Skill(product_id="slate", level=1),))
    )
    await records.outcomes.record(Outcome(lead_id="lead-1", kind=OutcomeKind.WON, at=LATER, value=100))
    await records.bulk.insert_frame("leads", LEADS, at=NOON)
    assert not await records.leads.save(await records.leads.get("lead-2"), at=LATER)
    assert [await records.bulk.insert_frame(name, FACTS[name], at=LATER) for name in ("reps", "outcomes")] == [0, 0]


async def test_a_lead_that_differs_becomes_a_new_version(records: Records, database: Database):
    await records.bulk.insert_frame("leads", LEADS, at=NOON)
    moved = LEADS.with_columns(region=pl.Series([None, "south"], dtype=pl.String))
    assert await records.bulk.insert_frame("leads", moved, at=LATER) == 1
    assert (await row_counts(database))["lead_versions"] == 3


async def test_of_several_rows_for_one_lead_the_last_counts(records: Records):
    doubled = pl.concat([LEADS, LEADS.with_columns(source=pl.lit("corrected"))])
    written = [await records.bulk.insert_frame("leads", doubled, at=NOON) for _ in range(2)]
    assert (written, (await records.leads.get("lead-1")).source) == ([2, 0], "corrected")


async def test_interactions_of_a_frame_come_back_whole(records: Records):
    await records.bulk.insert_frame("interactions", FACTS["interactions"], at=NOON)
    assert await records.interactions.of_lead("lead-1", before=LATER) == (
        Interaction(
            id="i-1",
            lead_id="lead-1",
            kind=InteractionKind.PAGE_VIEWED,
            at=NOON,
            channel=Channel.WEB,
            duration_s=3,
            attributes={"bot": False},
        ),
    )


async def test_more_rows_than_one_batch_are_all_written(records: Records, database: Database):
    frame = pl.DataFrame({"id": [f"i-{n}" for n in range(2_500)]}).with_columns(
        lead_id=pl.lit("lead-1"), kind=pl.lit("page_viewed"), at=pl.lit(NOON)
    )
    doubled = pl.concat([frame, frame])
    assert await records.bulk.insert_frame("interactions", doubled, at=NOON) == 2_500
    assert (await row_counts(database))["interactions"] == 2_500


PARIS = timezone(timedelta(hours=2))
VALUES = {
    "interactions": [
        Interaction(
            id=f"i-{number}",
            lead_id="lead-1",
            kind=InteractionKind.CALL_ANSWERED,
            at=datetime(1969, 12, 31, 23, 59, 59, number, tzinfo=PARIS),
            channel=(Channel.PHONE, None)[number % 2],
            duration_s=(None, 0.1, 3.0)[number % 3],
            text=(None, "", 'naïve "text"\n')[number % 3],
            attributes=({}, {"é": 1.0, "bot": False, "x": None}, {"n": 1e16})[number % 3],
        )
        for number in range(7_000)
    ],
    "outcomes": [
        Outcome(lead_id=f"lead-{number}", kind=OutcomeKind.WON, at=NOON + timedelta(microseconds=number), value=12)
        for number in range(5)
    ],
    "consents": [
        ConsentEvent(id="c-1", lead_id="lead-1", channel=None, granted=True, at=NOON, source="file"),
        ConsentEvent(
            id="c-2", lead_id="lead-1", channel="sms", granted=False, at=NOON, source="file", expires_at=LATER
        ),
    ],
    "assignments": [
        AssignmentRecord(id="a-1", lead_id="lead-1", rep_id=None, at=NOON, by="importer"),
        AssignmentRecord(id="a-2", lead_id="lead-1", rep_id="rep-1", at=NOON, by="matcher", reason="free"),
    ],
}


def frame_of(values: list[Interaction] | list[Outcome] | list[ConsentEvent] | list[AssignmentRecord]) -> pl.DataFrame:
    rows = [dict(value) for value in values]
    frame = pl.DataFrame(
        {name: pl.Series([row[name] for row in rows], strict=False) for name in rows[0] if name != "attributes"}
    )
    if "attributes" not in rows[0]:
        return frame
    return frame.with_columns(attributes=pl.Series([json.dumps(row["attributes"], indent=1) for row in rows]))


async def stored_rows(database: Database, table: str) -> list[tuple[object, ...]]:
    columns = [column for column in metadata.tables[table].c if column.name != "seq"]
    texts = [cast(column, Text) if isinstance(column.type, JSON) else column for column in columns]
    async with database.reading() as connection:
        found = await connection.execute(select(*texts).order_by(metadata.tables[table].c.seq))
        return [tuple(row) for row in found]


@pytest.mark.parametrize("table", VALUES)
async def test_a_frame_and_a_repository_store_the_same_rows(records: Records, database: Database, table: str):
    values = VALUES[table]
    assert await records.bulk.insert_frame(table, frame_of(values), at=LATER) == len(values)
    by_frame = await stored_rows(database, table)
    async with database.writing() as connection:
        await connection.execute(delete(metadata.tables[table]))
    if table == "interactions":
        await records.interactions.append(values)
    else:
        repository = {"outcomes": records.outcomes, "consents": records.consents, "assignments": records.assignments}
        for value in values:
            await repository[table].record(value)
    assert by_frame == await stored_rows(database, table)


async def test_what_is_written_by_frame_reads_back_equal(records: Records):
    values = VALUES["interactions"][:50]
    await records.bulk.insert_frame("interactions", frame_of(values), at=LATER)
    assert await records.interactions.of_lead("lead-1", before=NOON) == tuple(values)


async def test_of_two_rows_with_one_id_the_first_is_kept(records: Records):
    frame = FACTS["interactions"].with_columns(id=pl.lit("i-1"), duration_s=pl.lit(None, pl.Float64))
    written = [await records.bulk.insert_frame("interactions", part, at=NOON) for part in (frame, frame.reverse())]
    found = await records.interactions.of_lead("lead-1", before=LATER + timedelta(days=1))
    assert (written, [each.kind for each in found]) == ([1, 0], [InteractionKind.PAGE_VIEWED])


async def test_one_bad_fact_and_none_is_written(records: Records, database: Database):
    frame = frame_of(VALUES["interactions"])
    bad = frame.with_columns(
        lead_id="lead_id", id=pl.when(pl.int_range(pl.len()) == 6_500).then(pl.lit("")).otherwise("id")
    )
    with pytest.raises(InvalidInputError, match="id: ''"):
        await records.bulk.insert_frame("interactions", bad, at=NOON)
    assert (await row_counts(database))["interactions"] == 0


async def test_one_bad_row_and_nothing_is_written(records: Records):
    bad = pl.concat([LEADS] * 600).with_columns(
        market=pl.when(pl.int_range(pl.len()) == 1_100).then(pl.lit("")).otherwise("market"), id="id"
    )
    with pytest.raises(InvalidInputError, match="market: ''"):
        await records.bulk.insert_frame("leads", bad, at=NOON)
    with pytest.raises(LeadNotFoundError):
        await records.leads.get("lead-1")


@pytest.mark.parametrize(
    ("table", "frame", "rule"),
    [
        ("deals", LEADS, "is not one of leads, reps"),
        ("leads", LEADS.drop("market"), "market"),
        ("leads", LEADS.with_columns(shoe_size=pl.lit(42)), "shoe_size"),
        ("leads", LEADS.with_columns(fields=pl.lit("{")), "is no JSON"),
        ("leads", LEADS.with_columns(pl.col("created_at").dt.replace_time_zone(None)), "created_at"),
        ("consents", FACTS["consents"].with_columns(channel=pl.lit("pigeon")), "pigeon"),
    ],
)
async def test_what_cannot_be_stored_is_named(records: Records, table: str, frame: pl.DataFrame, rule: str):
    with pytest.raises(InvalidInputError, match=rule):
        await records.bulk.insert_frame(table, frame, at=NOON)


async def test_an_empty_frame_is_no_work(records: Records):
    assert await records.bulk.insert_frame("leads", LEADS.clear(), at=NOON) == 0
