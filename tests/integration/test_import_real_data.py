"""The example mappings import the real files they were written for, into a real database."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from domain.values import LeadId, Market
from records.database import open_database
from records.importing.importer import Importer, ImportJob
from records.importing.mapping_file import load_mapping
from records.importing.report import ImportReport
from records.importing.tables import TableName
from records.repositories import Records

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FILES = {
    "maven_crm": {
        "products": "products.csv",
        "reps": "sales_teams.csv",
        "leads": "sales_pipeline.csv",
        "assignments": "sales_pipeline.csv",
        "outcomes": "sales_pipeline.csv",
    },
    "bank_marketing": {"leads": "bank-additional-full.csv", "outcomes": "bank-additional-full.csv"},
}


@pytest.fixture(scope="module")
def data() -> Path:
    default = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("LEADLINE_DATA", default))  # noqa: TID251 - tests find the data folder
    if not (folder / "maven_crm").is_dir() or not (folder / "bank_marketing").is_dir():
        pytest.skip(f"no maven_crm and bank_marketing under {folder}; set LEADLINE_DATA to the folder of data sets")
    return folder


@dataclass(frozen=True)
class Imported:
    url: str
    first: dict[tuple[str, str], ImportReport]
    second: dict[tuple[str, str], ImportReport]


@pytest.fixture(scope="module")
def imported(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Both businesses, imported twice into one database."""
    folder = tmp_path_factory.mktemp("imported")
    url = f"sqlite:///{folder / 'records.db'}"

    async def run() -> dict[tuple[str, str], ImportReport]:
        database = await open_database(url)
        try:
            importer = Importer(Records.over(database).bulk)
            return {
                (business, table): await importer.run(_job(data, folder, business, table), at=NOW, progress=_ignore)
                for business, tables in FILES.items()
                for table in tables
            }
        finally:
            await database.close()

    return Imported(url, asyncio.run(run()), asyncio.run(run()))


@pytest.fixture
async def records(imported: Imported) -> AsyncIterator[Records]:
    database = await open_database(imported.url)
    yield Records.over(database)
    await database.close()


def _job(data: Path, folder: Path, business: str, table: str) -> ImportJob:
    mapping = EXAMPLES / business / f"{table}.yaml"
    return ImportJob(
        table=TableName(table),
        file=data / business / FILES[business][table],
        rejects=folder / "rejects.jsonl",
        mapping=load_mapping(mapping),
        mapping_folder=mapping.parent,
    )


def _ignore(_done: int, _size: int) -> None:
    """Progress is nobody's business here."""


LANDED = {
    ("maven_crm", "products"): 7,
    ("maven_crm", "reps"): 35,
    ("maven_crm", "leads"): 8_800,
    ("maven_crm", "assignments"): 8_800,
    ("maven_crm", "outcomes"): 6_711,
    ("bank_marketing", "leads"): 41_188,
    ("bank_marketing", "outcomes"): 41_188,
}


def test_every_row_lands(imported: Imported):
    assert {key: report.landed for key, report in imported.first.items()} == LANDED
    assert {key: report.rejected for key, report in imported.first.items()} == dict.fromkeys(LANDED, 0)


def test_a_second_import_of_real_files_changes_nothing(imported: Imported):
    assert {key: report.landed for key, report in imported.second.items()} == dict.fromkeys(LANDED, 0)
    assert {key: report.unchanged for key, report in imported.second.items()} == LANDED


def test_the_oddities_of_maven_crm_are_mended(imported: Imported):
    report = imported.first["maven_crm", "leads"]
    columns = {column.name: column for column in report.quality.columns}

    assert columns["company"].missing == 1_425
    assert columns["product_id"].unknown_levels == ()
    assert columns["product_id"].distinct == 7
    assert "technology" in {level.value for level in columns["fields.sector"].levels}
    assert columns["fields.sector"].lookalikes == ()
    assert report.quality.unmatched_joins == {}


def test_what_ends_a_deal_of_maven_crm_is_left_out_of_the_lead(imported: Imported):
    report = imported.first["maven_crm", "leads"]
    assert {"deal_stage", "close_date", "close_value"} <= report.quality.excluded_columns.keys()


def test_open_deals_of_maven_crm_have_no_outcome(imported: Imported):
    assert imported.first["maven_crm", "outcomes"].skipped == 2_089


async def test_a_deal_of_maven_crm_reads_back(records: Records):
    deal = LeadId("Z063OYW0")
    lead = await records.leads.get(deal)
    assignment = await records.assignments.current(deal)
    outcomes = await records.history.outcomes(Market("maven_crm"), before=NOW)
    row = outcomes.row(by_predicate=pl.col("lead_id") == deal, named=True)

    assert (lead.product_id, lead.company, lead.created_at) == ("GTX Pro", "Isdom", datetime(2016, 10, 25, tzinfo=UTC))
    assert lead.fields["revenue_usd"] == pytest.approx(3_178_240_000)
    assert assignment is not None
    assert assignment.rep_id == "Darcel Schlecht"
    assert (row["outcome"], row["value"], row["product_id"]) == ("won", 4_514.0, "GTX Pro")


async def test_the_rows_of_bank_marketing_keep_their_order(records: Records):
    first, last = await records.leads.get(LeadId("bank-1")), await records.leads.get(LeadId("bank-41188"))
    assert (first.created_at.date().isoformat(), last.created_at.date().isoformat()) == ("2008-05-01", "2010-11-29")


async def test_a_call_of_bank_marketing_has_no_duration_and_no_false_999(records: Records):
    lead = await records.leads.get(LeadId("bank-1"))
    assert "duration" not in lead.fields
    assert "pdays" not in lead.fields  # 999: never contacted before
    assert lead.fields["age"] == 56.0


def test_what_bank_marketing_does_not_know_is_missing(imported: Imported):
    report = imported.first["bank_marketing", "leads"]
    columns = {column.name: column for column in report.quality.columns}
    assert columns["fields.pdays"].missing == 39_673
    assert columns["fields.default"].missing == 8_597
    assert report.quality.repeated_rows == 12
