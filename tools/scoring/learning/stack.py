"""A weighted sum of rankers, itself a ranker whose contributions add up. Pure: no clock, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.optimize import minimize

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.metrics import log_losses

_HOLD = 10.0
"""Inverse variance of the weights around equal shares: some tens of labels weigh more than it."""


class Ranker(Protocol):
    """A rung's model: adds up log-odds by feature."""

    def log_odds(self, matrix: FloatMatrix) -> FloatVector:
        """Return log-odds, shape (n_rows,)."""
        ...

    def contributions(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return log-odds by feature, shape (n_rows, n_features + 1), the last column common to all rows."""
        ...

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts from which it can be rebuilt."""
        ...


@dataclass(frozen=True)
class StackModel:
    """Adds up its members' log-odds.

    Attributes:
        members: Rankers of the same matrix.
        weights: One for each member, >= 0.
        intercept: Added to all rows.
    """

    members: tuple[Ranker, ...]
    weights: tuple[float, ...]
    intercept: float

    def log_odds(self, matrix: FloatMatrix) -> FloatVector:
        """Return log-odds, shape (n_rows,)."""
        parts = [weight * member.log_odds(matrix) for member, weight in zip(self.members, self.weights, strict=True)]
        return np.asarray(self.intercept + np.sum(parts, axis=0))

    def contributions(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return log-odds by feature, shape (n_rows, n_features + 1); they add up to `log_odds`."""
        parts = [
            weight * member.contributions(matrix) for member, weight in zip(self.members, self.weights, strict=True)
        ]
        total = np.asarray(np.sum(parts, axis=0))
        total[:, -1] += self.intercept
        return total

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts; `kind` tells what each member is."""
        return {
            "members": [{"kind": type(member).__name__, **member.to_plain()} for member in self.members],
            "weights": list(self.weights),
            "intercept": self.intercept,
        }


@dataclass(frozen=True)
class Blend:
    """How much of each member: log-odds are `intercept` plus the weighted sum."""

    weights: tuple[float, ...]
    intercept: float

    def __call__(self, scores: FloatMatrix) -> FloatVector:
        """Blend log-odds of shape (n_rows, n_members) to shape (n_rows,)."""
        return np.asarray(self.intercept + scores @ np.array(self.weights))


def fit_blend(scores: FloatMatrix, labels: BoolVector) -> Blend:
    """Find the weights, none below 0, with the lowest log loss, held near equal shares.

    Args:
        scores: Shape (n_rows, n_members). Out-of-fold log-odds.
        labels: Shape (n_rows,).

    Source:
        Wolpert, "Stacked generalization", Neural Networks 5 (1992); Breiman, "Stacked regressions", Machine Learning
        24 (1996), for the weights that must not be negative. Here in log-odds and with a prior.
    """
    n_members = scores.shape[1]
    equal = np.full(n_members, 1.0 / n_members)

    def loss(parameters: FloatVector) -> tuple[float, FloatVector]:
        p = 0.5 * (1.0 + np.tanh(0.5 * (scores @ parameters[:-1] + parameters[-1])))
        off = parameters[:-1] - equal
        slope = np.append(scores.T @ (p - labels) + _HOLD * off, (p - labels).sum())
        return float(log_losses(p, labels).sum() + 0.5 * _HOLD * off @ off) / len(labels), slope / len(labels)

    bounds = [(0.0, None)] * n_members + [(None, None)]
    fitted = minimize(loss, np.append(equal, 0.0), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Blend(tuple(float(weight) for weight in fitted[:-1]), float(fitted[-1]))


def flattened(members: Sequence[Ranker], blend: Blend) -> StackModel:
    """Stack rankers by a blend: bags are opened, members without weight left out."""
    parts: list[tuple[Ranker, float]] = []
    intercept = blend.intercept
    for member, weight in zip(members, blend.weights, strict=True):
        if weight > 0 and isinstance(member, StackModel):
            parts += [(inner, weight * own) for inner, own in zip(member.members, member.weights, strict=True)]
            intercept += weight * member.intercept
        elif weight > 0:
            parts.append((member, weight))
    return StackModel(tuple(member for member, _ in parts), tuple(weight for _, weight in parts), intercept)
