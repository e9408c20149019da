"""Shrunk effects of rep and of rep by product on the log-odds of winning. Pure: no clock, no I/O; knows no names."""

from dataclasses import dataclass
from itertools import product as pairs

import numpy as np
from scipy.special import expit

from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

_SPREADS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.65, 0.9)
_SPREAD_SCALE = 0.5
_MAX_STEPS = 40
_TOLERANCE = 1e-4
_SLICE = 0.05


@dataclass(frozen=True)
class Deals:
    """Judged leads as numbers.

    Attributes:
        rep: Shape (n_leads,). Index of the rep.
        column: Shape (n_leads,). Index of the product; `n_products` when the lead named none.
        won: Shape (n_leads,). 1.0 or 0.0.
        n_reps: Number of reps.
        n_products: Number of products.
    """

    rep: IntVector
    column: IntVector
    won: FloatVector
    n_reps: int
    n_products: int

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of a table of effects: (n_reps, n_products + 1)."""
        return self.n_reps, self.n_products + 1


@dataclass(frozen=True)
class _Groups:
    """Leads of one rep, one column and nearly the same base log-odds, counted together."""

    cell: IntVector
    base: FloatVector
    count: FloatVector
    won: FloatVector
    shape: tuple[int, int]

    def sum_by_cell(self, values: FloatVector) -> FloatMatrix:
        sums = np.bincount(self.cell, weights=values, minlength=self.shape[0] * self.shape[1])
        return sums.astype(np.float64).reshape(self.shape)


@dataclass(frozen=True)
class RepEffects:
    """Posterior of the effects.

    Attributes:
        mean: Shape (n_reps, n_products + 1). Log-odds by rep and product; the last column is the rep's effect
            on a product that nobody has sold yet.
        variance: The same shape. Posterior variances.
        spread_rep: Estimated standard deviation between reps.
        spread_cell: Estimated standard deviation between a rep's products.
    """

    mean: FloatMatrix
    variance: FloatMatrix
    spread_rep: float
    spread_cell: float


def estimate_rep_effects(deals: Deals, base: FloatVector) -> RepEffects:
    """Estimate every rep's effect on every product beyond the base rate, shrunk by how much the data vary.

    The effect of rep r on product p is u_r + v_rp with independent normal priors. Their two standard
    deviations are not plugged in: posteriors are averaged over a grid of them, weighted by Laplace's
    approximation of the marginal likelihood and a half-normal prior. So thin data shrink to the pool mean
    without a threshold.

    Args:
        deals: Judged leads.
        base: Shape (n_leads,). Log-odds of each lead whoever takes it.

    Source:
        Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, algorithm 3.1 (Laplace's
        approximation), with the block of one rep as the Gaussian process and all blocks solved at once.
    """
    fits = []
    groups = _group(deals, base)
    start = np.zeros(deals.shape)
    for spread_rep, spread_cell in pairs(_SPREADS, repeat=2):
        kernel = _kernel(spread_rep, spread_cell, deals.n_products)
        mean, variance, evidence = _fit_laplace(groups, kernel, start)
        start = mean
        prior = -(spread_rep**2 + spread_cell**2) / (2 * _SPREAD_SCALE**2)
        fits.append((spread_rep, spread_cell, mean, variance, evidence + prior))
    weights = np.exp(np.array([fit[-1] for fit in fits]) - max(fit[-1] for fit in fits))
    weights = weights / weights.sum()
    means = np.stack([fit[2] for fit in fits])
    mean = np.tensordot(weights, means, axes=1)
    within = np.tensordot(weights, np.stack([fit[3] for fit in fits]), axes=1)
    between = np.tensordot(weights, (means - mean) ** 2, axes=1)
    return RepEffects(
        mean=mean,
        variance=within + between,
        spread_rep=float(weights @ np.array([fit[0] for fit in fits])),
        spread_cell=float(weights @ np.array([fit[1] for fit in fits])),
    )


def _kernel(spread_rep: float, spread_cell: float, n_products: int) -> FloatMatrix:
    """Prior covariance of one rep's effects. The last column, no product, has the rep's own part only."""
    own = np.full(n_products + 1, spread_cell**2)
    own[-1] = 0.0
    return np.full((n_products + 1, n_products + 1), spread_rep**2) + np.diag(own)


def _group(deals: Deals, base: FloatVector) -> _Groups:
    """Count leads by cell and by slice of the base log-odds; a slice is `_SLICE` wide and stands at its mean."""
    slices = np.floor(base / _SLICE).astype(np.int64)
    slices -= slices.min()
    cell = deals.rep * deals.shape[1] + deals.column
    keys, member = np.unique(cell * (slices.max() + 1) + slices, return_inverse=True)
    count = np.bincount(member).astype(np.float64)
    return _Groups(
        cell=keys // (slices.max() + 1),
        base=np.bincount(member, weights=base) / count,
        count=count,
        won=np.bincount(member, weights=deals.won).astype(np.float64),
        shape=deals.shape,
    )


def _fit_laplace(groups: _Groups, kernel: FloatMatrix, start: FloatMatrix) -> tuple[FloatMatrix, FloatMatrix, float]:
    """Find the mode, its variances and the log marginal likelihood under one prior covariance."""
    effect = start
    identity = np.eye(kernel.shape[0])
    for _ in range(_MAX_STEPS):
        p = expit(groups.base + effect.ravel()[groups.cell])
        curvature = groups.sum_by_cell(groups.count * p * (1 - p))
        root = np.sqrt(curvature)
        scaled = root[:, :, None] * kernel
        inner = identity + scaled * root[:, None, :]
        target = curvature * effect + groups.sum_by_cell(groups.won - groups.count * p)
        dual = target - root * np.linalg.solve(inner, (root * (target @ kernel))[:, :, None])[:, :, 0]
        moved = dual @ kernel
        settled = float(np.abs(moved - effect).max()) < _TOLERANCE
        effect = moved
        if settled:
            break
    variance = np.diag(kernel) - np.einsum("rij,rij->rj", scaled, np.linalg.solve(inner, scaled))
    logits = groups.base + effect.ravel()[groups.cell]
    likelihood = float(np.sum(groups.won * logits - groups.count * np.logaddexp(0.0, logits)))
    _, volume = np.linalg.slogdet(inner)
    evidence = likelihood - 0.5 * float(np.sum(dual * effect)) - 0.5 * float(volume.sum())
    return effect, np.maximum(variance, 0.0), evidence
