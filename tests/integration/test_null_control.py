"""`maven_crm` is fictitious: wins and losses fell at random. Scorer and matcher must say so, from import to answer."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.matches import Match
from domain.scores import LeadScore
from domain.values import LeadId, Market
from knowledge.opening import open_knowledge_base
from records.database import open_database
from records.importing.importer import Importer, ImportJob
from records.importing.mapping_file import load_mapping
from records.importing.tables import TableName
from records.repositories import Records
from runtime.settings import Settings
from runtime.wiring import Tools
from tools.scoring.card import ModelCard

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "maven_crm"
MARKET = Market("maven_crm")
NOW = datetime(2018, 4, 1, tzinfo=UTC)  # the last deal closed on 2017-12-31; every outcome window is over
FILES = {
    "products": "products.csv",
    "reps": "sales_teams.csv",
    "leads": "sales_pipeline.csv",
    "assignments": "sales_pipeline.csv",
    "outcomes": "sales_pipeline.csv",
}


class At:
    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True)
class Found:
    card: ModelCard
    score: LeadScore
    match: Match


def unseen(_done: int, _size: int) -> None:
    """Nobody watches the progress."""


@pytest.fixture(scope="module")
def found(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What a house says that was given the real files."""
    folder = data_folder / "maven_crm"
    if not folder.is_dir():
        pytest.skip(f"no maven_crm under {data_folder}; set LEADLINE_DATA to the folder of data sets")
    return asyncio.run(ask(folder, tmp_path_factory.mktemp("maven")))


async def ask(folder: Path, home: Path) -> Found:
    database = await open_database(f"sqlite:///{home / 'records.db'}")
    records = Records.over(database)
    knowledge = open_knowledge_base(home, embedding="none")
    try:
        for table, file in FILES.items():
            job = ImportJob(
                table=TableName(table),
                file=folder / file,
                rejects=home / f"{table}.jsonl",
                mapping=load_mapping(EXAMPLES / f"{table}.yaml"),
                mapping_folder=EXAMPLES,
            )
            await Importer(records.bulk).run(job, at=NOW, progress=unseen)
        house = Tools.over(Settings(home=home, embedding="none"), records, knowledge, At())
        card = await house.trainer.train_model(MARKET, now=NOW)
        leads = await records.history.open_leads(MARKET, as_of=NOW)
        lead_id = LeadId(leads["lead_id"].sort()[0])
        return Found(card, await house.scorer.score_lead(lead_id), await house.matcher.propose(lead_id))
    finally:
        knowledge.close()
        await database.close()


def test_the_scorer_says_that_there_is_no_signal(found: Found) -> None:
    assert found.card.no_signal is not None
    assert found.card.evidence.won > 1_000  # and not for want of deals


def test_a_score_repeats_it_and_pretends_no_reasons(found: Found) -> None:
    assert found.score.no_signal == found.card.no_signal
    assert found.score.reasons == ()
    assert found.score.p_low <= found.score.p_convert <= found.score.p_high


def test_the_matcher_says_that_rep_history_adds_nothing(found: Found) -> None:
    assert found.match.no_signal is not None
    assert len({candidate.p_convert for candidate in found.match.considered}) <= 1
