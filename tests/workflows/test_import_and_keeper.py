"""An import of reps wakes the keeper of the pool: waiting leads get new places, leads of reps who left come back."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from temporalio.client import Client
from typer.testing import CliRunner

from domain.people import Rep
from domain.values import LeadId, RepId
from records.repositories import Records
from runtime.commands.importing import import_command
from runtime.routing_worker import build_routing_worker
from runtime.settings import load_settings
from runtime.stores import open_records
from tests.doubles.routing import RecordingRoutingNews
from tests.workflows.whole_house import MARKET, build_house, populate
from workflows import names
from workflows.routing_activities import RoutingActivities


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - a server whose time is real


async def import_reps(folder: Path, *rows: str) -> None:
    (folder / "reps.csv").write_text("\n".join(["id,name,capacity,active", *rows]))
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(import_command)
    arguments = ["reps", str(folder / "reps.csv"), "--market", MARKET]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert result.exit_code == 0, result.output


async def until_held_by(records: Records, lead: LeadId, rep: str) -> None:
    async with asyncio.timeout(30):
        while True:
            held = await records.assignments.current(lead)
            if held is not None and held.rep_id == rep:
                return
            await asyncio.sleep(0.05)


async def test_an_import_of_reps_is_followed_by_a_sweep(
    client: Client, temporal_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_HOME", str(tmp_path))
    monkeypatch.setenv("LEADLINE_TEMPORAL_ADDRESS", temporal_address)
    async with open_records(load_settings()) as records:
        lead = await populate(records)
        await records.reps.save(Rep(id=RepId("ana"), market=MARKET, name="Ana", capacity=0))
        house = build_house(records, tmp_path, SystemClock())
        routing = RoutingActivities(house.balancer, RecordingRoutingNews())
        await house.activities.matcher.assign(lead, key="k")
        waited = [entry.lead_id for entry in await records.pool.waiting(MARKET)]
        async with build_routing_worker(client, routing):
            await import_reps(tmp_path, "ana,Ana,3,true")
            await until_held_by(records, lead, "ana")
            await import_reps(tmp_path, "ana,Ana,3,false", "ben,Ben,3,true")
            await until_held_by(records, lead, "ben")
        waits = await records.pool.waiting(MARKET)
    await client.get_workflow_handle(names.routing_keeper_id(MARKET)).terminate()
    assert (waited, waits) == ([lead], ())
