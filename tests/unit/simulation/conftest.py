"""Floors that several tests read; each is simulated once."""

from datetime import UTC, datetime
from functools import lru_cache

import pytest

from simulation.catalogue import load_market, market_names
from simulation.effects import Effects
from simulation.floor import SalesFloor, simulate

START = datetime(2024, 1, 1, tzinfo=UTC)
_ALL_ON = Effects()


@lru_cache(maxsize=64)
def _floor(market: str, effects: Effects, n_leads: int, seed: int) -> SalesFloor:
    return simulate(load_market(market), n_leads=n_leads, seed=seed, start=START, days=540, effects=effects)


class Floors:
    """Simulates on demand and remembers."""

    def of(
        self, market: str = "insurance_partners", effects: Effects = _ALL_ON, *, n_leads: int = 2500, seed: int = 7
    ) -> SalesFloor:
        return _floor(market, effects, n_leads, seed)


@pytest.fixture(scope="session")
def floors() -> Floors:
    return Floors()


@pytest.fixture(scope="session", params=market_names())
def floor(request: pytest.FixtureRequest, floors: Floors) -> SalesFloor:
    """A floor of each market with everything on."""
    return floors.of(request.param)
