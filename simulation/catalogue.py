"""Reads market files. The only module here that touches a file besides `export`."""

from pathlib import Path

import yaml

from domain.errors import UnknownMarketError
from simulation.market import MarketModel

_FOLDER = Path(__file__).parent / "markets"


def market_names() -> tuple[str, ...]:
    """Return the names of the markets that have a file, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load_market(name: str) -> MarketModel:
    """Read a market file.

    Raises:
        UnknownMarketError: If no file has this name.
    """
    known = market_names()
    if name not in known:
        raise UnknownMarketError(name, known)
    document = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return MarketModel.model_validate(document)
