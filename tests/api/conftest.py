"""A house for the API: real records, knowledge and tools in a folder of its own; journeys that write down what they hear."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import Opener, create_app
from domain.people import Product, Rep
from domain.values import Market, ProductId, RepId
from knowledge.opening import corpus_folder
from runtime.routing_news import RoutingMessenger
from runtime.settings import Settings
from runtime.stores import open_knowledge, open_records
from runtime.wiring import Leadline, open_leadline, open_tools
from tests.doubles.journeys import RecordingJourneys
from tests.doubles.routing import RecordingRoutingKeeper
from tests.doubles.scoring import RecordingNews, RecordingTrainings
from tests.doubles.sse import Chat

MARKET = Market("insurance_partners")
OFFLINE = {"llm_base_url": "", "llm_api_key": None, "database_url": "", "embedding": "none", "market": MARKET}


def house_settings(home: Path, **changes: object) -> Settings:
    return Settings(home=home, **{**OFFLINE, **changes})


def opener_with(journeys: RecordingJourneys) -> Opener:
    """Open the real house, except for what Temporal does."""

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Leadline]:
        async with open_leadline(settings) as house:
            routing = RoutingMessenger(journeys, RecordingRoutingKeeper())
            desk = replace(house.front_desk, journeys=journeys, news=RecordingNews(), routing=routing)
            yield replace(
                house, journeys=journeys, trainings=RecordingTrainings(), front_desk=desk, routing_news=routing
            )

    return opened


async def furnish(settings: Settings) -> None:
    """Put two reps, a product, the market's documents and a model that has seen no outcome yet into a home."""
    async with open_records(settings) as records:
        await records.products.save(Product(id=ProductId("p-1"), market=MARKET, name="Personal lines", price=500.0))
        for rep_id, region in (("r-1", "texas"), ("r-2", "west")):
            await records.reps.save(Rep(id=RepId(rep_id), market=MARKET, name=f"Rep {rep_id}", regions=(region,)))
    knowledge = open_knowledge(settings)
    try:
        knowledge.ingest([corpus_folder(MARKET)], MARKET)
    finally:
        knowledge.close()
    async with open_tools(settings) as tools:
        await tools.trainer.train_model(MARKET, now=tools.clock.now())


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A furnished home folder, shared: each test has leads of its own."""
    import asyncio

    folder = tmp_path_factory.mktemp("api-home")
    asyncio.run(furnish(house_settings(folder)))
    return folder


@pytest.fixture(scope="session")
def journeys() -> RecordingJourneys:
    return RecordingJourneys()


@pytest.fixture(scope="session")
def client(home: Path, journeys: RecordingJourneys) -> Iterator[TestClient]:
    app = create_app(house_settings(home), opener=opener_with(journeys))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


_numbers = count(1)


@pytest.fixture
def lead(client: TestClient) -> str:
    """A lead of this test alone, with consent for e-mail."""
    lead_id = f"lead-{next(_numbers)}"
    body = {"id": lead_id, "market": MARKET, "name": "Dana", "email": "dana@example.com", "region": "texas"}
    answer = client.post("/v1/leads", json={**body, "consents": [{"channel": "email"}], "follow_up": False})
    assert answer.status_code == 201, answer.text
    return lead_id


@pytest.fixture
def chat(client: TestClient) -> Chat:
    return Chat(client, prefix=f"turn-{next(_numbers)}")
