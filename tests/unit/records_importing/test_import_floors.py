"""An import that changes reps says in which markets, and nothing goes wrong where nobody listens."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import typer
from structlog.testing import capture_logs
from typer.testing import CliRunner

from domain.people import Rep
from records.database import open_database
from records.repositories import Records
from runtime.commands.importing import import_command
from runtime.import_news import FloorWatch, tell_of_floors
from runtime.settings import Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOWHERE = "127.0.0.1:1"


@pytest.fixture
async def records(tmp_path: Path):
    database = await open_database(f"sqlite:///{tmp_path}/leadline.db")
    yield Records.over(database)
    await database.close()


def frame(*reps: Rep) -> pl.DataFrame:
    rows = [{"id": rep.id, "market": rep.market, "name": rep.name, "capacity": rep.capacity} for rep in reps]
    return pl.DataFrame(rows)


def a_rep(id_: str = "ana", *, market: str = "roofing", capacity: int = 5) -> Rep:
    return Rep(id=id_, market=market, name=id_, capacity=capacity)


@pytest.mark.parametrize(
    ("imported", "changed"),
    [
        ([a_rep()], set()),
        ([a_rep(capacity=6)], {"roofing"}),
        ([a_rep("ben", market="real_estate")], {"real_estate"}),
        ([a_rep(market="real_estate")], {"roofing", "real_estate"}),
    ],
    ids=["nothing new", "another capacity", "a new rep", "another market"],
)
async def test_markets_are_noted_whose_reps_an_import_changed(records: Records, imported: list[Rep], changed: set[str]):
    await records.reps.save(a_rep())
    watch = FloorWatch(records.bulk, records.reps)
    await watch.insert_frame("reps", frame(*imported), at=NOON)
    assert watch.changed == changed


async def test_an_import_of_something_else_changes_no_floor(records: Records):
    watch = FloorWatch(records.bulk, records.reps)
    products = pl.DataFrame([{"id": "p-1", "market": "roofing", "name": "Slate"}])
    assert (await watch.insert_frame("products", products, at=NOON), watch.changed) == (1, set())


async def test_telling_of_floors_never_fails(tmp_path: Path):
    with capture_logs() as logs:
        await tell_of_floors({"roofing", "real_estate"}, Settings(home=tmp_path, temporal_address=NOWHERE))
    assert {(entry["event"], entry["market"]) for entry in logs} == {
        ("sweep_not_asked_for", "roofing"),
        ("sweep_not_asked_for", "real_estate"),
    }


def test_an_import_of_reps_succeeds_where_no_workflow_server_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LEADLINE_TEMPORAL_ADDRESS", NOWHERE)
    (tmp_path / "reps.csv").write_text("id,name,capacity\nana,Ana,7\n")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(import_command)
    with capture_logs() as logs:
        result = CliRunner().invoke(app, ["reps", "reps.csv", "--market", "roofing"])
    assert (result.exit_code, [entry["event"] for entry in logs]) == (0, ["sweep_not_asked_for"])

    async def capacity() -> int:
        database = await open_database(f"sqlite:///{tmp_path / 'home' / 'leadline.db'}")
        found = await Records.over(database).reps.get("ana")
        await database.close()
        return found.capacity

    assert asyncio.run(capacity()) == 7
