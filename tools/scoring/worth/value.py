"""The value of a lead's deal if it is won: quantiles, mean and standard deviation. Pure: no clock, no I/O."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.worth.grouping import shrink
from tools.scoring.worth.quantiles import QuantileEvidence, QuantileModel, Sample, fit_quantiles
from tools.scoring.worth.weighted import count_deals


@dataclass(frozen=True)
class ValueModel:
    """Deal values around a middle on the log scale.

    Attributes:
        quantiles: Of the log value.
        mean_ratio: Shape (n_groups,). Mean deal over the middle one.
        sd_ratio: Shape (n_groups,). Standard deviation of deals over the middle one.
    """

    quantiles: QuantileModel
    mean_ratio: FloatVector
    sd_ratio: FloatVector

    def predict(self, matrix: FloatMatrix) -> tuple[FloatMatrix, FloatVector, FloatVector]:
        """Return quantiles, shape (n_rows, 3), mean and standard deviation, each (n_rows,), in the currency."""
        middle, quantiles = self.quantiles.at(matrix)
        group = self.quantiles.grouping.of(matrix)
        level = np.exp(middle)
        return np.exp(quantiles), level * self.mean_ratio[group], level * self.sd_ratio[group]

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {
            "quantiles": self.quantiles.to_plain(),
            "mean_ratio": self.mean_ratio.tolist(),
            "sd_ratio": self.sd_ratio.tolist(),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        quantiles = QuantileModel.from_plain(plain["quantiles"])
        return cls(quantiles, np.array(plain["mean_ratio"]), np.array(plain["sd_ratio"]))


def fit_value(sample: Sample, *, rng: np.random.Generator) -> tuple[ValueModel, QuantileEvidence]:
    """Fit on the log values of won deals.

    Mean and standard deviation come from the residuals out of fold: the mean of a skewed quantity is not the
    exponential of its mean logarithm.

    Args:
        sample: `y` is the logarithm of the value.
        rng: Seeds the booster.

    Source:
        Duan, "Smearing estimate: a nonparametric retransformation method", JASA 78 (1983).
    """
    model, evidence, residuals = fit_quantiles(sample, rng=rng)
    ratio = np.exp(residuals)
    group = model.grouping.of(sample.matrix)
    pooled = _moments(ratio, sample.weights)
    own, n = np.tile(pooled, (model.grouping.size, 1)), np.zeros(model.grouping.size)
    for g in np.unique(group) if model.grouping.size > 1 else ():
        rows = group == g
        own[g], n[g] = _moments(ratio[rows], sample.weights[rows]), count_deals(sample.deals[rows])
    mean, square = shrink(own, pooled, n).T
    return ValueModel(model, mean, np.sqrt(np.maximum(square - mean**2, 0.0))), evidence


def _moments(ratio: FloatVector, weights: FloatVector) -> FloatVector:
    return np.array([np.average(ratio, weights=weights), np.average(ratio**2, weights=weights)])
