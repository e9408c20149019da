"""Action catalogues: what may be done in a market, and under which contact policy. Loads YAML; decides nothing."""

from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from domain.errors import InvalidInputError, UnknownMarketError
from domain.events import Channel
from domain.nudges import WAIT, NudgeAction
from domain.scores import Temperature
from domain.values import Market, Value, content_hash

FOLDER = Path(__file__).parent / "catalogues"

PseudoCount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Cap = Annotated[int, Field(ge=0)]


class ContactHours(Value):
    """When a lead may be contacted, on the lead's own clock."""

    start: int = Field(ge=0, le=23, description="Local hour, inclusive.")
    end: int = Field(ge=1, le=24, description="Local hour, exclusive.")
    weekends: bool = False

    @model_validator(mode="after")
    def _is_open(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"contact hours {self.start} to {self.end} are empty: start must be before end")
        return self


class Caps(Value):
    """Most contacts in a rolling time, all channels and all senders together."""

    per_day: Cap = 1
    per_week: Cap = 4
    per_channel_week: dict[Channel, Cap] = Field(default_factory=dict)


class Fatigue(Value):
    """How recent contacts lower the gain of one more: `exp(-strength * sum of 2^(-age / half-life))`."""

    strength: float = Field(default=0.5, ge=0)
    half_life_days: float = Field(default=4.0, gt=0)


class CatalogueEntry(Value):
    """An action with what the policy must know about it beyond `NudgeAction`."""

    action: NudgeAction
    prior: tuple[PseudoCount, PseudoCount] = Field(description="Pseudo-counts of replies and silences.")
    temperatures: tuple[Temperature, ...] = Field(default=(), description="Leads it is worth; empty means all.")


class Catalogue(Value):
    """Everything a market allows, in no order that matters."""

    market: Market
    contact_hours: ContactHours
    caps: Caps = Caps()
    fatigue: Fatigue = Fatigue()
    exploration: float = Field(
        default=0.05, ge=0, le=1, description="Part of the choice that is uniform over the eligible."
    )
    entries: tuple[CatalogueEntry, ...]

    @model_validator(mode="after")
    def _waiting_is_an_action(self) -> Self:
        ids = [entry.action.id for entry in self.entries]
        if len(set(ids)) < len(ids):
            raise ValueError(f"actions {ids} name one twice: give every action its own id")
        if WAIT not in ids:
            raise ValueError(f"actions {ids} lack `{WAIT}`: doing nothing must be among them")
        silent = [
            entry.action.id for entry in self.entries if (entry.action.channel is None) != (entry.action.id == WAIT)
        ]
        if silent:
            raise ValueError(f"actions {silent} break a rule: `{WAIT}` has no channel and every other action has one")
        return self

    @property
    def version(self) -> str:
        """Name of the content."""
        return content_hash(self.model_dump(mode="json"), length=12)


def load_catalogue(market: Market, folder: Path = FOLDER) -> Catalogue:
    """Load one market's catalogue.

    Raises:
        UnknownMarketError: If the folder has none for this market.
        InvalidInputError: If the file breaks a rule.
    """
    path = folder / f"{market}.yaml"
    known = tuple(sorted(each.stem for each in folder.glob("*.yaml")))
    if market not in known:
        raise UnknownMarketError(market, known)
    return parse_catalogue(path.read_text(encoding="utf-8"), market)


def load_catalogues(folder: Path = FOLDER) -> dict[Market, Catalogue]:
    """Load every market's catalogue. Raises as `load_catalogue`."""
    markets = [Market(path.stem) for path in sorted(folder.glob("*.yaml"))]
    return {market: load_catalogue(market, folder) for market in markets}


def parse_catalogue(text: str, market: Market) -> Catalogue:
    """Read a catalogue from YAML: the fields of `Catalogue`, with `actions` as one flat mapping each.

    Raises:
        InvalidInputError: If the text is no catalogue.
    """
    try:
        document = yaml.safe_load(text)
        actions = document.pop("actions")
        entries = [
            {name: action.pop(name) for name in ("prior", "temperatures") if name in action}
            | {"action": action | {"market": market}}
            for action in actions
        ]
        return Catalogue.model_validate(document | {"market": market, "entries": entries})
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise InvalidInputError("catalogue", market, f"is not a catalogue ({error!r}); see docs/nudges.md") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "catalogue"
        raise InvalidInputError(f"{market}.{place}", first["input"], first["msg"]) from error
