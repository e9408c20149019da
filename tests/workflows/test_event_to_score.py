"""From what a lead does to the score that a reader sees: real API, records, scoring tool, Temporal server and worker."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from temporalio.client import Client

from api.app import create_app
from runtime.scoring_worker import build_scoring_worker
from runtime.settings import Settings
from tests.doubles.scoring import RecordingTrainer
from workflows import names
from workflows.scoring_activities import ScoringActivities

MARKET = "roofing"


def settings_for(home: Path, address: str) -> Settings:
    offline = {"llm_base_url": "", "llm_api_key": None, "database_url": "", "embedding": "none"}
    return Settings(home=home, market=MARKET, temporal_address=address, **offline)


class Place:
    """An API in process, and the house behind it."""

    def __init__(self, app: Any, http: httpx2.AsyncClient) -> None:
        self.house, self.http = app.state.leadline, http

    async def arrive(self, lead_id: str) -> None:
        body = {"id": lead_id, "market": MARKET, "follow_up": False}
        assert (await self.http.post("/v1/leads", json=body)).status_code == 201

    async def happen(self, lead_id: str, event_id: str) -> None:
        body = [{"id": event_id, "kind": "call_answered"}]
        assert (await self.http.post(f"/v1/leads/{lead_id}/interactions", json=body)).status_code == 201

    async def scores(self, lead_id: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = (await self.http.get(f"/v1/leads/{lead_id}/scores")).json()
        return answer

    async def until_scored(self, lead_id: str, times: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(60):
            while len(scores := await self.scores(lead_id)) < times:  # noqa: ASYNC110 - what a reader would do
                await asyncio.sleep(0.05)
        return scores


async def opened(settings: Settings) -> AsyncIterator[Place]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://house", timeout=30) as http:
            yield Place(app, http)


@pytest.fixture
async def place(tmp_path: Path, temporal_address: str) -> AsyncIterator[Place]:
    async for each in opened(settings_for(tmp_path, temporal_address)):
        yield each


@pytest.fixture
async def cut_off(tmp_path: Path) -> AsyncIterator[Place]:
    """A place whose Temporal server does not answer."""
    async for each in opened(settings_for(tmp_path, "127.0.0.1:1")):
        yield each


async def test_what_a_lead_does_is_in_its_newest_score_without_anybody_asking(client: Client, place: Place) -> None:
    activities = ScoringActivities(place.house.tools.rescorer, RecordingTrainer())
    async with build_scoring_worker(client, activities):
        await place.arrive("dana")
        await place.until_scored("dana", 1)
        await place.happen("dana", "call-1")
        newest = (await place.until_scored("dana", 2))[0]
    assert (newest["change"]["cause"], newest["change"]["event_ids"]) == ("events", ["call-1"])
    await client.get_workflow_handle(names.score_keeper_id(MARKET)).terminate()


async def test_while_temporal_is_away_requests_are_answered_and_the_next_read_knows(cut_off: Place) -> None:
    await cut_off.arrive("dana")
    await cut_off.happen("dana", "call-1")
    assert (await cut_off.http.get("/v1/leads/dana/score")).status_code == 200
    assert [score["change"] for score in await cut_off.scores("dana")] == [None]
    assert cut_off.house.front_desk.news.waiting == 1
