"""What a market's past says that one lead's history cannot: log coverage, reps' records, deal values. Pure: no clock, no I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import polars as pl
from pydantic import Field

from domain.values import Instant, Value
from tools.scoring.history import MOMENT

SHRINKAGE = 20.0
"""Ended leads of average luck that every rep is credited with, so that two early wins do not make a star."""

_MIN_DEALS = 5
_TWO_YEARS = timedelta(days=730)
_ENDED_SCHEMA = {"rep_id": pl.Utf8(), "at": MOMENT, "won": pl.Boolean()}


class Coverage(Value):
    """Which part of the past the interaction log covers. Outside it, a count is not measured rather than zero."""

    since: Instant | None = Field(default=None, description="First interaction logged; None when unknown.")
    kinds: tuple[str, ...] | None = Field(default=None, description="Kinds ever logged; None when unknown: all.")
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
class WinLog:
    """Leads that reps have ended, in order of time, with running totals.

    Attributes:
        ended: `rep_id`, `at`, `won`, and the totals up to and with the row: `wins`, `n` of the rep,
            `all_wins`, `all_n` of all reps.
    """

    ended: pl.DataFrame

    @classmethod
    def of(cls, ended: pl.DataFrame) -> Self:
        """Prepare from `rep_id`, `at`, `won`."""
        count = pl.int_range(1, pl.len() + 1).cast(pl.Float64)
        won = pl.col("won").cast(pl.Float64)
        return cls(
            ended.select(pl.col(name).cast(dtype) for name, dtype in _ENDED_SCHEMA.items())
            .sort("at", "rep_id", "won")
            .with_columns(
                wins=won.cum_sum().over("rep_id"),
                n=count.over("rep_id"),
                all_wins=won.cum_sum(),
                all_n=count,
            )
        )

    def lifts(self, assigned: pl.DataFrame) -> pl.DataFrame:
        """Compare the shrunk win rate of each assigned rep with the team's, both from what ended before each moment.

        Args:
            assigned: `lead_id`, `as_of`, `rep_id`.

        Returns:
            `lead_id`, `as_of`, `rep_win_rate_lift`, for the rows with a rep; null before any lead ended.
        """
        asked = assigned.drop_nulls("rep_id").sort("as_of")
        everyone = self.ended.select("at", "all_wins", "all_n")
        own = self.ended.select("rep_id", "at", "wins", "n")
        joined = asked.join_asof(everyone, left_on="as_of", right_on="at", allow_exact_matches=False).join_asof(
            own, left_on="as_of", right_on="at", by="rep_id", allow_exact_matches=False, check_sortedness=False
        )
        overall = pl.col("all_wins") / pl.col("all_n")
        rate = (pl.col("wins").fill_null(0) + SHRINKAGE * overall) / (pl.col("n").fill_null(0) + SHRINKAGE)
        return joined.select("lead_id", "as_of", rep_win_rate_lift=rate - overall)


@dataclass(frozen=True)
class MarketContext:
    """Everything beside a lead's own history that features and values need; stored with the model.

    Rates of a moment use only what ended before that moment, so a context serves any moment; what ended after
    the training is not in it until the next one.
    """

    coverage: Coverage
    reps: WinLog
    deals: DealValues

    @classmethod
    def of(cls, history: pl.DataFrame, outcomes: pl.DataFrame) -> Self:
        """Collect the context of a market.

        Args:
            history: `HISTORY_SCHEMA`, of the leads that a model is trained on.
            outcomes: `OUTCOMES_SCHEMA`, up to the same moment.
        """
        ended = outcomes.drop_nulls(["outcome_at", "rep_id", "outcome"])
        reps = WinLog.of(ended.select("rep_id", at="outcome_at", won=pl.col("outcome") == "won"))
        return cls(Coverage.of(history), reps, DealValues.of(outcomes))

    @classmethod
    def unknown(cls) -> Self:
        """Return the context of a market of which nothing is known: the log is taken to cover every lead."""
        return cls(Coverage(), WinLog.of(pl.DataFrame(schema=_ENDED_SCHEMA)), DealValues())

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        ended = self.reps.ended.select("rep_id", pl.col("at").dt.epoch("us"), "won")
        return {
            "coverage": self.coverage.model_dump(mode="json"),
            "ended": ended.to_dict(as_series=False),
            "deals": self.deals.model_dump(mode="json"),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        ended = pl.DataFrame(plain["ended"], schema=_ENDED_SCHEMA | {"at": pl.Int64()})
        at = pl.from_epoch("at", time_unit="us").dt.replace_time_zone("UTC")
        return cls(
            Coverage.model_validate(plain["coverage"]),
            WinLog.of(ended.with_columns(at)),
            DealValues.model_validate(plain["deals"]),
        )
