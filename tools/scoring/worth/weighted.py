"""Quantiles, counts and losses of weighted rows that come in deals. Pure: no clock, no I/O."""

import numpy as np

from tools.scoring.arrays import FloatMatrix, FloatVector, IntVector

LEVELS = (0.1, 0.5, 0.9)
"""The quantiles that are predicted."""


def conformal_quantiles(residuals: FloatVector, weights: FloatVector, deals: IntVector) -> FloatVector:
    """Return the offsets below which a new deal's residual falls with the probabilities of `LEVELS`.

    A new deal weighs as much as the average one: among n deals and the new one every rank is equally likely, so the
    k-th smallest residual is the quantile k / (n + 1). Between two residuals the offset is read off a straight line,
    and beyond the outermost it stays there: with fewer than nine deals the tenth cannot be reached.

    Args:
        residuals: Shape (n_rows,), n_rows > 0.
        weights: Shape (n_rows,), > 0.
        deals: Shape (n_rows,). Rows of one deal share a number.

    Source:
        Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World" (2005), for the n + 1; with weights
        Tibshirani, Foygel Barber, Candes and Ramdas, NeurIPS 2019.
    """
    order = np.argsort(residuals, kind="stable")
    reached = np.cumsum(weights[order])
    whole = reached[-1] * (1.0 + 1.0 / count_deals(deals))
    # A deal of many rows spreads its weight; half a row's step keeps the line through the middle of each.
    per_deal = len(residuals) / count_deals(deals)
    middle = reached - weights[order] * 0.5 * (1.0 - 1.0 / per_deal)
    return np.asarray(np.interp(np.array(LEVELS) * whole, middle, residuals[order]), dtype=np.float64)


def weighted_median(values: FloatVector, weights: FloatVector) -> float:
    """Return the value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(np.interp(0.5 * reached[-1], reached - 0.5 * weights[order], values[order]))


def count_deals(deals: IntVector) -> int:
    """Return how many different deals there are."""
    return len(np.unique(deals))


def pinball(quantiles: FloatMatrix, truth: FloatVector) -> FloatVector:
    """Return the mean pinball loss over `LEVELS` of each row, shape (n_rows,).

    Source:
        Koenker and Bassett, Econometrica 46 (1978): the loss that the true quantile minimises.
    """
    miss = truth[:, None] - quantiles
    levels = np.array(LEVELS)
    return np.asarray(np.maximum(levels * miss, (levels - 1.0) * miss).mean(axis=1), dtype=np.float64)


def mean_by_deal(losses: FloatVector, weights: FloatVector, deals: IntVector) -> FloatVector:
    """Add up weighted losses by deal over the mean weight of a deal: their plain mean is the weighted mean of the rows."""
    _, code = np.unique(deals, return_inverse=True)
    sums = np.bincount(code, weights=losses * weights)
    return np.asarray(sums * len(sums) / weights.sum(), dtype=np.float64)
