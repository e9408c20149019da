"""The days from the moment of scoring until a lead is won, if it is. Pure: no clock, no I/O."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tools.scoring.arrays import FloatMatrix
from tools.scoring.worth.quantiles import QuantileEvidence, QuantileModel, Sample, fit_quantiles

AGE_FEATURE = "lead_age_days"

AGE_EDGES = (1.5, 5.0, 10.5, 22.0, 45.0, 90.0)
"""Between the ages at which won leads are looked at: the time that is left is spread otherwise for an old lead."""

MIN_HORIZON_DAYS = 90.0
"""Leads must have been followed for so long: a younger log has seen only its quick wins, and no weight brings back
the slow ones."""


@dataclass(frozen=True)
class TimelineModel:
    """Days to the win around a middle, both on the scale log(1 + days)."""

    quantiles: QuantileModel

    def predict(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return the quantiles in days, >= 0, shape (n_rows, 3)."""
        return np.maximum(np.expm1(self.quantiles.at(matrix)[1]), 0.0)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {"quantiles": self.quantiles.to_plain()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        return cls(QuantileModel.from_plain(plain["quantiles"]))


def fit_timeline(sample: Sample, *, rng: np.random.Generator) -> tuple[TimelineModel, QuantileEvidence]:
    """Fit on won deals whose weights make up for those that are still to come.

    Args:
        sample: `y` is log(1 + days), `weights` those of `won_deals`.
        rng: Seeds the booster.
    """
    model, evidence, _ = fit_quantiles(sample, rng=rng)
    return TimelineModel(model), evidence
