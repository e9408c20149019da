"""Keeps the models that serve ready for single rows, one for each market, and notices when another is published.

Loading and preparing a model takes up to a second; that never happens where requests are answered.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol, Self

from domain.values import Market
from tools.scoring.context import MarketContext
from tools.scoring.explaining.counterfactuals import bounds_of
from tools.scoring.features import FEATURES_VERSION
from tools.scoring.guarding.reference import Reference
from tools.scoring.model import TrainedModel, untrained_model
from tools.scoring.serving.compiled import CompiledModel
from tools.scoring.serving.feature_input import FeatureReader
from tools.scoring.serving.row_abstention import RowAbstention, row_abstention
from tools.scoring.serving.row_worth import RowWorth, row_worth
from tools.scoring.worth.model import WorthModel

UNTRAINED_VERSION = f"rules-{FEATURES_VERSION}"
CAPACITY = 16


class Published(Protocol):
    """A model as it was published."""

    @property
    def version(self) -> str: ...  # noqa: D102 - named for its part
    @property
    def model(self) -> TrainedModel: ...  # noqa: D102 - named for its part
    @property
    def context(self) -> MarketContext: ...  # noqa: D102 - named for its part
    @property
    def worth(self) -> dict[str, Any] | None: ...  # noqa: D102 - named for its part
    @property
    def reference(self) -> dict[str, Any] | None: ...  # noqa: D102 - named for its part
    @property
    def trained_at(self) -> datetime: ...  # noqa: D102 - named for its part


class Models(Protocol):
    """Where published models come from."""

    def current(self, market: Market) -> Published | None:
        """Load the version that serves, or None when nothing was published."""
        ...

    def mark(self, market: Market) -> Hashable:
        """Return something that differs whenever another version serves; must take microseconds."""
        ...


@dataclass(frozen=True)
class Prepared:
    """A model prepared for single rows, what checks the features for it, and what says when not to act on it."""

    compiled: CompiledModel
    reader: FeatureReader
    abstains: RowAbstention

    @classmethod
    def of(cls, model: TrainedModel) -> Self:
        """Prepare a model."""
        return cls(CompiledModel.of(model), FeatureReader(model.schema), row_abstention(model))


@dataclass(frozen=True)
class ServedModel:
    """A version as it serves.

    Attributes:
        version: Its name.
        model: What answers.
        below: What answers when it cannot in time.
        context: What the market's past says.
        worth: What a win brings and when; None where no deal tells.
        relative_value: The mean value of a row's deal over the typical one's, for rows of `model`.
        bounds: Plausible range of the features that a rep can change, by name.
        trained_at: When it was trained; None for the hand-set rules.
    """

    version: str
    model: Prepared
    below: Prepared
    context: MarketContext
    worth: WorthModel | None = None
    relative_value: RowWorth = field(default_factory=lambda: row_worth(None))
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    trained_at: datetime | None = None

    @classmethod
    def of(cls, published: Published | None) -> Self:
        """Prepare a published model; without one, the hand-set rules."""
        if published is None:
            rules = Prepared.of(untrained_model())
            return cls(UNTRAINED_VERSION, rules, rules, MarketContext.unknown())
        below = published.model.fallback or untrained_model()
        worth = None if published.worth is None else WorthModel.from_plain(published.worth)
        return cls(
            version=published.version,
            model=Prepared.of(published.model),
            below=Prepared.of(below),
            context=published.context,
            worth=worth,
            relative_value=row_worth(worth),
            bounds={} if published.reference is None else bounds_of(Reference.model_validate(published.reference)),
            trained_at=published.trained_at,
        )


class _Placed(NamedTuple):
    mark: Hashable
    served: ServedModel


@dataclass
class ModelShelf:
    """Prepared models by market; the one prepared longest ago goes first when there are too many.

    Attributes:
        models: Where they come from.
        capacity: At most so many markets.
    """

    models: Models
    capacity: int = CAPACITY
    _placed: "OrderedDict[Market, _Placed]" = field(default_factory=OrderedDict, init=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, init=False)

    def ready(self, market: Market) -> ServedModel | None:
        """Return the version that serves if it is prepared. Takes microseconds."""
        placed = self._placed.get(market)
        return placed.served if placed is not None and placed.mark == self.models.mark(market) else None

    def open(self, market: Market) -> ServedModel:
        """Return the version that serves, prepared now if need be. May take a second."""
        with self._loading:
            served = self.ready(market)
            if served is not None:
                return served
            # Read first: a version published meanwhile has another mark, and is seen at the next call.
            mark = self.models.mark(market)
            served = ServedModel.of(self.models.current(market))
            self._placed[market] = _Placed(mark, served)
            self._placed.move_to_end(market)
            while len(self._placed) > self.capacity:
                self._placed.popitem(last=False)
            return served

    def before(self, market: Market) -> ServedModel:
        """Return the version that was prepared last, though another may serve by now; else the hand-set rules."""
        placed = self._placed.get(market)
        return placed.served if placed is not None else self._rules

    @cached_property
    def _rules(self) -> ServedModel:
        return ServedModel.of(None)
