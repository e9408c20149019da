"""Intervals, inequality and effects of groups. Pure arithmetic: knows no lead and no rep."""

from dataclasses import dataclass

import numpy as np
from pydantic import Field
from scipy.special import expit, logit, softmax

from domain.errors import InvalidInputError
from domain.values import Value
from tools.matching.arrays import FloatVector, IntVector

Z = 1.959964
"""Of a two-sided 95 % interval."""

_SPREADS = np.array([1e-3, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.4])
"""Standard deviations between groups, in log-odds, that are averaged over; the first one means no difference."""

_NEWTON_STEPS = 25
_CLIP = 1e-6


class Estimate(Value):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float = Field(description="The truth lies between low and high in 95 of 100 such cases.")


@dataclass(frozen=True)
class GroupEffects:
    """How far groups differ from what was expected of them, shrunk towards 0.

    Attributes:
        mean: Shape (n_groups,). Log-odds.
        sd: Shape (n_groups,). Posterior standard deviation.
        spread: Estimated standard deviation between groups.
    """

    mean: FloatVector
    sd: FloatVector
    spread: float


def wilson(wins: int, n: int) -> Estimate | None:
    """Return a proportion with its interval; None without cases.

    Source:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22(158), 1927.
    """
    if n == 0:
        return None
    share, weight = wins / n, Z**2 / n
    centre = (share + weight / 2) / (1 + weight)
    half = Z / (1 + weight) * np.sqrt(share * (1 - share) / n + weight / (4 * n))
    # At 0 and 1 one end is the share itself, but for rounding.
    low, high = float(np.clip(centre - half, 0.0, share)), float(np.clip(centre + half, share, 1.0))
    return Estimate(value=share, low=low, high=high)


def gini(amounts: FloatVector) -> float | None:
    """Return the Gini coefficient of amounts >= 0: 0 where all are alike, towards 1 where one has everything.

    None where there is nothing to share. Shape (n,).
    """
    if (amounts < 0).any():
        raise InvalidInputError("amounts", float(amounts.min()), "must be at least 0")
    total = float(amounts.sum())
    if total <= 0:
        return None
    n = len(amounts)
    rank = 2 * np.arange(1, n + 1) - n - 1
    return float(rank @ np.sort(amounts) / (n * total))


def calibrated(p: FloatVector, won: FloatVector) -> FloatVector:
    """Move probabilities by one common shift of log-odds, so that they add up to the wins there were.

    What is left between groups is then a difference between them, not an error of the score that all share.

    Args:
        p: Shape (n,). Probabilities.
        won: Shape (n,). 1 where won, else 0.

    Returns:
        Shape (n,). Log-odds. Half a win and half a loss are added, so that they stay finite.
    """
    offset = logit(np.clip(p, _CLIP, 1 - _CLIP))
    return np.asarray(offset + level_shift(offset, won))


def level_shift(offset: FloatVector, won: FloatVector) -> float:
    """Return the common shift of log-odds with which they promise as many wins as there were.

    Args:
        offset: Shape (n,). Log-odds.
        won: Shape (n,). 1 where won, else 0. Half a win and half a loss are added, so that the shift stays finite.
    """
    target = (won.sum() + 0.5) / (len(won) + 1) * len(won)
    shift = 0.0
    for _ in range(100):
        chance = expit(offset + shift)
        step = (target - chance.sum()) / max(float((chance * (1 - chance)).sum()), 1e-9)
        shift += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-10:  # noqa: PLR2004 - converged
            break
    return shift


def group_effects(offset: FloatVector, won: FloatVector, group: IntVector, n_groups: int) -> GroupEffects:
    """Estimate what each group adds to the log-odds expected of its cases.

    Effects are normal around 0; their spread is averaged over a grid by marginal likelihood (Laplace's approximation),
    so groups with few cases, or all groups where none differs, shrink to 0.

    Args:
        offset: Shape (n,). Log-odds expected.
        won: Shape (n,). 1 where won, else 0.
        group: Shape (n,). Index of each case's group.
        n_groups: How many groups there are.

    Source:
        Gelman et al., "Bayesian Data Analysis", 3rd edition, chapters 5 and 13.
    """
    means, variances, evidence = [], [], []
    for spread in _SPREADS:
        effect = np.zeros(n_groups)
        for _ in range(_NEWTON_STEPS):
            chance = expit(offset + effect[group])
            pull = np.bincount(group, weights=won - chance, minlength=n_groups) - effect / spread**2
            bend = np.bincount(group, weights=chance * (1 - chance), minlength=n_groups) + 1 / spread**2
            effect = effect + np.clip(pull / bend, -1.0, 1.0)
        logits = offset + effect[group]
        likelihood = float((won * logits - np.logaddexp(0, logits)).sum())
        prior = float((-(effect**2) / (2 * spread**2) - 0.5 * np.log(spread**2 * bend)).sum())
        means.append(effect)
        variances.append(1 / bend)
        evidence.append(likelihood + prior)
    weights = softmax(evidence)
    mean = weights @ np.array(means)
    variance = weights @ (np.array(variances) + (np.array(means) - mean) ** 2)
    return GroupEffects(mean, np.sqrt(variance), float(weights @ _SPREADS))
