"""Posterior of random effects by rep in a logistic model, all reps at once. Pure; knows no names."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

_MAX_STEPS = 30
_TOLERANCE = 1e-4
_SLICE = 0.05


@dataclass(frozen=True)
class Deals:
    """Judged leads as numbers; leads alike in rep, columns and nearly in base log-odds are counted together.

    Attributes:
        rep: Shape (n_groups,). Index of the rep.
        columns: Shape (n_groups, n_parts). Columns of the effects that add up; -1 where a part has none.
        base: Shape (n_groups,). Log-odds whoever takes the lead.
        count: Shape (n_groups,). Leads.
        won: Shape (n_groups,). Leads won.
        n_reps: Number of reps.
        n_columns: Number of columns.
    """

    rep: IntVector
    columns: IntVector
    base: FloatVector
    count: FloatVector
    won: FloatVector
    n_reps: int
    n_columns: int

    @classmethod
    def grouped(
        cls, rep: IntVector, columns: IntVector, base: FloatVector, won: FloatVector, *, n_reps: int, n_columns: int
    ) -> "Deals":
        """Count leads together where they hardly differ: a slice of base log-odds is 0.05 wide, at its mean."""
        slices = np.floor(base / _SLICE).astype(np.int64)
        keys = np.column_stack([rep, columns, slices])
        _, first, member = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        member = member.ravel()
        count = np.bincount(member).astype(np.float64)
        return cls(
            rep=rep[first],
            columns=columns[first],
            base=np.bincount(member, weights=base) / count,
            count=count,
            won=np.bincount(member, weights=won).astype(np.float64),
            n_reps=n_reps,
            n_columns=n_columns,
        )

    def with_parts(self, parts: tuple[int, ...]) -> "Deals":
        """Keep some parts only; their columns keep their numbers."""
        kept = self.columns[:, parts]
        return Deals(self.rep, kept, self.base, self.count, self.won, self.n_reps, self.n_columns)


@dataclass(frozen=True)
class Posterior:
    """Normal approximation of the effects given the data.

    Attributes:
        mean: Shape (n_reps, n_columns). Log-odds.
        covariance: Shape (n_reps, n_columns, n_columns).
        evidence: Shape (n_reps,). Log marginal likelihood of each rep's leads.
    """

    mean: FloatMatrix
    covariance: FloatMatrix
    evidence: FloatVector


def fit_posterior(deals: Deals, root: FloatMatrix, *, start: FloatMatrix | None = None) -> Posterior:
    """Find each rep's posterior under one normal prior.

    Effects are `root @ z` with z standard normal, so a part whose prior spread is 0 stays at 0 without a special case.

    Args:
        deals: Judged leads.
        root: Shape (n_columns, k). A root of the prior covariance: it is `root @ root.T`.
        start: Shape (n_reps, n_columns). Effects near the mode, from a fit under a similar prior; 0 when None.

    Source:
        Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section 3.4 (Laplace's approximation),
        in weight space; reps are independent blocks that are solved together.
    """
    n_reps, n_columns, k = deals.n_reps, deals.n_columns, root.shape[1]
    present = deals.columns >= 0
    safe = np.where(present, deals.columns, 0)
    cells = (deals.rep[:, None] * n_columns + safe)[present]
    group = np.nonzero(present)[0]
    pairs = (deals.rep[:, None, None] * n_columns + safe[:, :, None]) * n_columns + safe[:, None, :]
    both = present[:, :, None] & present[:, None, :]
    pair_cells, pair_group = pairs[both], np.nonzero(both)[0]
    z = np.zeros((n_reps, k))
    if start is not None:
        z = start @ np.linalg.pinv(root).T
    identity = np.eye(k)

    def logits(effect: FloatMatrix) -> FloatVector:
        line: FloatVector = deals.base + np.where(present, effect[deals.rep[:, None], safe], 0.0).sum(axis=1)
        return line

    def curvature(p: FloatVector) -> FloatMatrix:
        weight = deals.count * p * (1 - p)
        sums = np.bincount(pair_cells, weights=weight[pair_group], minlength=n_reps * n_columns * n_columns)
        inner: FloatMatrix = identity + root.T @ sums.reshape(n_reps, n_columns, n_columns) @ root
        return inner

    for _ in range(_MAX_STEPS):
        p = expit(logits(z @ root.T))
        pull = (deals.won - deals.count * p)[group]
        gradient = np.bincount(cells, weights=pull, minlength=n_reps * n_columns).reshape(n_reps, n_columns) @ root - z
        step = np.linalg.solve(curvature(p), gradient[:, :, None])[:, :, 0]
        # A step of many prior spreads leaves the region where the quadratic model means anything.
        z = z + step / np.maximum(1.0, np.abs(step).max(axis=1, keepdims=True, initial=0.0) / 4.0)
        if float(np.abs(step).max(initial=0.0)) < _TOLERANCE:
            break
    line = logits(z @ root.T)
    inner = curvature(expit(line))
    likelihood = np.bincount(
        deals.rep, weights=deals.won * line - deals.count * np.logaddexp(0.0, line), minlength=n_reps
    )
    _, volume = np.linalg.slogdet(inner)
    covariance = root @ np.linalg.solve(inner, np.broadcast_to(root.T, (n_reps, *root.T.shape)))
    return Posterior(z @ root.T, covariance, likelihood - 0.5 * (z * z).sum(axis=1) - 0.5 * volume)
