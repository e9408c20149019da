"""What a market's past says that one lead's history cannot: log coverage, records of the team, deal values. Pure: no clock, no I/O."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Self

import numpy as np
import orjson
import polars as pl
from pydantic import Field

from domain.events import InteractionKind
from domain.values import Instant, Value
from tools.scoring.families.feature import Detail
from tools.scoring.fields import industry_of
from tools.scoring.past import Column, EndedLeads
from tools.scoring.ranges import Ranges
from tools.scoring.rates import Rates

_MIN_DEALS = 5
_TWO_YEARS = timedelta(days=730)


class Coverage(Value):
    """Which part of the past the interaction log covers. Outside it, a count is not measured rather than zero."""

    since: Instant | None = Field(default=None, description="First interaction logged; None when unknown.")
    kinds: tuple[str, ...] | None = Field(default=None, description="Kinds ever logged; None when unknown: all.")
    details: tuple[Detail, ...] | None = Field(default=None, description="Details ever logged; None when unknown: all.")
    seasons: bool = Field(default=False, description="Whether two years are seen, so that a season is no trend.")

    @classmethod
    def of(cls, history: pl.DataFrame) -> Self:
        """Read the coverage off the histories of many leads."""
        logged = history.filter(pl.col("record") == "interaction")
        since = logged.get_column("at").min()
        kinds = logged.get_column("kind").drop_nulls().unique().sort().to_list()
        first, last = history.get_column("as_of").min(), history.get_column("as_of").max()
        return cls(
            since=since if isinstance(since, datetime) else None,
            kinds=tuple(kinds),
            details=_details(logged),
            seasons=isinstance(first, datetime) and isinstance(last, datetime) and last - first >= _TWO_YEARS,
        )


class DealValues(Value):
    """Median value of won deals, overall and by product."""

    currency: str = "USD"
    overall: float | None = None
    by_product: dict[str, float] = Field(default_factory=dict)

    def of_product(self, product_id: str | None) -> float | None:
        """Return the median of a product, or of all deals where a product has fewer than five."""
        return self.by_product.get(product_id or "", self.overall)

    @classmethod
    def of(cls, outcomes: pl.DataFrame) -> Self:
        """Compute the medians from the outcome table.

        Deals in another currency than the most frequent one are left out: amounts are never mixed.
        """
        won = outcomes.filter(pl.col("outcome") == "won").drop_nulls(["value", "currency"])
        if won.is_empty():
            return cls()
        counts = won.group_by("currency").len().sort(["len", "currency"], descending=[True, False])
        currency = counts.get_column("currency")[0]
        won = won.filter(pl.col("currency") == currency)
        by_product = won.drop_nulls("product_id").group_by("product_id").agg(pl.col("value").median(), n=pl.len())
        medians = by_product.filter(pl.col("n") >= _MIN_DEALS).sort("product_id").select("product_id", "value")
        overall = won.select(pl.col("value").median()).item()
        return cls(currency=currency, overall=overall, by_product=dict(medians.iter_rows()))


@dataclass(frozen=True)
class MarketContext:
    """Everything beside a lead's own history that features and values need; stored with the model.

    Rates of a moment use only what ended before that moment, so a context serves any moment; what ended after
    the training is not in it until the next one.

    Attributes:
        coverage: What the log covers.
        past: Leads that came and ended.
        deals: What deals are worth.
        ranges: Where the features of the training lie; empty until `with_ranges`.
    """

    coverage: Coverage
    past: EndedLeads
    deals: DealValues
    ranges: Ranges = field(default_factory=Ranges)

    @classmethod
    def of(cls, history: pl.DataFrame, outcomes: pl.DataFrame) -> Self:
        """Collect the context of a market.

        Args:
            history: `HISTORY_SCHEMA`, of the leads that a model is trained on.
            outcomes: `OUTCOMES_SCHEMA`, up to the same moment.
        """
        return cls(Coverage.of(history), past_of(outcomes, _industries(history)), DealValues.of(outcomes))

    @classmethod
    def unknown(cls) -> Self:
        """Return the context of a market of which nothing is known: the log is taken to cover every lead."""
        return cls(Coverage(), EndedLeads.none(), DealValues())

    @cached_property
    def rates(self) -> Rates:
        """Running totals of the past by every key that a feature asks for; made once."""
        return Rates.of(self.past)

    def with_ranges(self, features: pl.DataFrame) -> Self:
        """Return the same context with the ranges of a training's feature table, against which flags are raised."""
        return type(self)(self.coverage, self.past, self.deals, Ranges.of(features))

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {
            "coverage": self.coverage.model_dump(mode="json"),
            "past": self.past.to_plain(),
            "deals": self.deals.model_dump(mode="json"),
            "ranges": self.ranges.model_dump(mode="json"),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        return cls(
            Coverage.model_validate(plain["coverage"]),
            EndedLeads.from_plain(plain["past"]),
            DealValues.model_validate(plain["deals"]),
            Ranges.model_validate(plain["ranges"]),
        )


def past_of(outcomes: pl.DataFrame, industries: dict[str, str | None]) -> EndedLeads:
    """Collect the past from the outcome table.

    Args:
        outcomes: `OUTCOMES_SCHEMA`, up to the moment that the context is made.
        industries: By lead id, where known.
    """
    table = outcomes.drop_nulls("created_at").sort("created_at", "lead_id")
    has_ended = pl.col("outcome").is_not_null() & pl.col("outcome_at").is_not_null()
    ended_at = table.select(pl.when(has_ended).then(pl.col("outcome_at").dt.epoch("us")).fill_null(-1)).to_series()
    named = {
        "rep": table["rep_id"].to_list(),
        "product": table["product_id"].to_list(),
        "region": table["region"].to_list(),
        "industry": [industries.get(lead_id) for lead_id in table["lead_id"]],
    }
    return EndedLeads(
        created_at=table["created_at"].dt.epoch("us").to_numpy().astype(np.int64),
        ended_at=ended_at.to_numpy().astype(np.int64),
        won=(table["outcome"] == "won").fill_null(value=False).to_numpy(),
        named={name: Column.of(texts) for name, texts in named.items()},
    )


def _industries(history: pl.DataFrame) -> dict[str, str | None]:
    """Return the industry of each lead as known at its first moment."""
    leads = history.filter(pl.col("record") == "lead").sort("as_of").unique("lead_id", keep="first")
    payloads = zip(leads["lead_id"].to_list(), leads["payload"].to_list(), strict=True)
    return {
        lead_id: industry_of((orjson.loads(text) if text else {}).get("fields") or {}) for lead_id, text in payloads
    }


def _details(logged: pl.DataFrame) -> tuple[Detail, ...]:
    payload = logged["payload"].drop_nulls()
    viewed = logged.filter(pl.col("kind") == InteractionKind.PAGE_VIEWED)["payload"].drop_nulls()
    seen = {
        Detail.TEXT: bool(payload.str.contains('"text"', literal=True).any()),
        Detail.DURATION: logged["value"].drop_nulls().len() > 0,
        Detail.PAGE: bool(viewed.str.contains('"page"', literal=True).any()),
        Detail.PRODUCT: logged["product_id"].drop_nulls().len() > 0,
    }
    return tuple(detail for detail in Detail if seen[detail])
