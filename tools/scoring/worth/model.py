"""What leads are worth: deal value, days to close, expected value and risk. Pure: no clock, no I/O."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from domain.errors import InvalidInputError
from domain.values import Value
from tools.scoring.arrays import FloatMatrix, FloatVector, IntVector
from tools.scoring.dataset import Schema
from tools.scoring.worth.deals import DEALS_SCHEMA, horizon_days
from tools.scoring.worth.grouping import Grouping
from tools.scoring.worth.quantiles import MIN_DEALS, QuantileEvidence, Sample
from tools.scoring.worth.timeline import AGE_EDGES, AGE_FEATURE, MIN_HORIZON_DAYS, TimelineModel, fit_timeline
from tools.scoring.worth.value import ValueModel, fit_value

PRODUCT_FEATURE = "product"


class WorthEvidence(Value):
    """What was measured of each quantity, or why there is no model of it."""

    value: QuantileEvidence | None = None
    no_value: str | None = None
    days: QuantileEvidence | None = None
    no_days: str | None = None
    horizon_days: float = 0.0


@dataclass(frozen=True)
class WorthPrediction:
    """What each row is worth if it is won; None where nothing can be said.

    Attributes:
        value: Shape (n_rows, 3). P10, P50 and P90 of the deal value, in the model's currency.
        mean_value: Shape (n_rows,). Mean deal value.
        sd_value: Shape (n_rows,). Standard deviation of the deal value.
        days: Shape (n_rows, 3). P10, P50 and P90 of the days until it is won.
    """

    value: FloatMatrix | None
    mean_value: FloatVector | None
    sd_value: FloatVector | None
    days: FloatMatrix | None


@dataclass(frozen=True)
class WorthModel:
    """Both quantities of a market, as learned with one schema.

    Attributes:
        value: None with too few deals that have a value.
        days: None with too few deals, or a log that is too short.
        currency: Of all amounts; None without a value model.
        typical_value: Mean value of won deals: what a lead's value is held against.
        evidence: What was measured.
    """

    value: ValueModel | None
    days: TimelineModel | None
    currency: str | None
    typical_value: float | None
    evidence: WorthEvidence

    def predict(self, matrix: FloatMatrix) -> WorthPrediction:
        """Predict rows of a matrix encoded with the schema that the model was fitted with."""
        value, mean, sd = (None, None, None) if self.value is None else self.value.predict(matrix)
        return WorthPrediction(value, mean, sd, None if self.days is None else self.days.predict(matrix))

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {
            "value": self.value.to_plain() if self.value else None,
            "days": self.days.to_plain() if self.days else None,
            "currency": self.currency,
            "typical_value": self.typical_value,
            "evidence": self.evidence.model_dump(mode="json"),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`: predicts the same numbers."""
        return cls(
            ValueModel.from_plain(plain["value"]) if plain["value"] else None,
            TimelineModel.from_plain(plain["days"]) if plain["days"] else None,
            plain["currency"],
            plain["typical_value"],
            WorthEvidence.model_validate(plain["evidence"]),
        )


def fit_worth(
    matrix: FloatMatrix, schema: Schema, deals: pl.DataFrame, *, followed: FloatVector, rng: np.random.Generator
) -> WorthModel:
    """Fit what the deals support; where they support nothing, the evidence says why.

    Args:
        matrix: Shape (n_rows, n_features). Features of the deals' leads at the deals' moments.
        schema: Columns of the matrix.
        deals: `DEALS_SCHEMA` of `won_deals`, n_rows rows in the order of the matrix.
        followed: `followed_days` of the same outcomes, shape (n_leads,).
        rng: Seeds the boosters.

    Raises:
        InvalidInputError: If the lengths differ.
    """
    if len(matrix) != deals.height:
        raise InvalidInputError("matrix", len(matrix), f"must have one row for each of the {deals.height} deals")
    deals = deals.select(DEALS_SCHEMA.keys())
    came = pl.struct(pl.col("as_of").min().over("lead_id"), "lead_id")
    lead = deals.select(came.rank("dense")).to_series().to_numpy().astype(np.int64)
    names = ("weight", "took_days", "followed_days")
    weights, took, own_followed = (deals.get_column(name).to_numpy() for name in names)
    horizon = horizon_days(followed)

    def sample(y: FloatVector, grouping: Grouping) -> Sample:
        known = np.isfinite(y)
        return Sample(matrix, y, weights, lead, took, own_followed, followed, schema, grouping).rows(known)

    values = deals.get_column("value").fill_null(float("nan")).to_numpy()
    values = np.where(values > 0, values, np.nan)
    valued = sample(np.log(values), Grouping.by_level(schema, PRODUCT_FEATURE))
    timed = sample(np.log1p(deals.get_column("days").to_numpy()), Grouping.by_edges(schema, AGE_FEATURE, AGE_EDGES))
    no_value = _too_few(valued.deals, "won deals with a value in the market's currency")
    no_days = _too_few(timed.deals, "won deals") or _too_short(horizon)
    value, value_evidence = (None, None) if no_value else fit_value(valued, rng=rng)
    days, days_evidence = (None, None) if no_days else fit_timeline(timed, rng=rng)
    currencies = deals.drop_nulls("value").get_column("currency")
    return WorthModel(
        value=value,
        days=days,
        currency=str(currencies[0]) if value else None,
        typical_value=float(np.average(np.exp(valued.y), weights=valued.weights)) if value else None,
        evidence=WorthEvidence(
            value=value_evidence,
            no_value=no_value,
            days=days_evidence,
            no_days=no_days,
            horizon_days=horizon,
        ),
    )


def expected_value(p: FloatVector, mean_value: FloatVector) -> FloatVector:
    """Return what each lead brings on average: `p * mean_value`. Shapes (n_rows,)."""
    return np.asarray(p * mean_value, dtype=np.float64)


def risk(p: FloatVector, mean_value: FloatVector, sd_value: FloatVector) -> FloatVector:
    """Return the standard deviation of what each lead brings: nothing with 1 - p, else its deal's value.

    The law of total variance: p * sd_value ** 2 for the deal and p * (1 - p) * mean_value ** 2 for whether there is
    one. Shapes (n_rows,).
    """
    return np.asarray(np.sqrt(p * (1.0 - p) * mean_value**2 + p * sd_value**2), dtype=np.float64)


def _too_few(deals: IntVector, what: str) -> str | None:
    n = len(np.unique(deals))
    return f"{n} {what}, {MIN_DEALS} are needed" if n < MIN_DEALS else None


def _too_short(horizon: float) -> str | None:
    if horizon >= MIN_HORIZON_DAYS:
        return None
    return f"leads have been followed for {horizon:.0f} days, {MIN_HORIZON_DAYS:.0f} are needed to see slow wins"
