"""The learning policy: Thompson sampling with known propensities. Pure: no clock, no I/O; knows no rule of contact."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv

FloatVector = npt.NDArray[np.float64]

METHOD = "thompson-1"
"""Changes whenever the same arms would get other propensities."""

N_QUANTILES = 128


@dataclass(frozen=True)
class Arm:
    """What is believed about an action: its gain is `lever` times a reply rate of Beta(replies, silences).

    Attributes:
        action_id: The action.
        replies: Posterior pseudo-count of replies, > 0.
        silences: Posterior pseudo-count of silences, > 0.
        lever: Part of the reply rate that is left at this moment, in (0, 1].
    """

    action_id: str
    replies: float
    silences: float
    lever: float = 1.0

    @property
    def expected_gain(self) -> float:
        """Posterior mean of the probability of a reply."""
        return self.lever * self.replies / (self.replies + self.silences)


def win_probabilities(arms: Sequence[Arm]) -> FloatVector:
    """Compute the probability that each arm's draw is the greatest, which is how often Thompson sampling takes it.

    For arm i it is the integral of the product of all other distribution functions over the distribution of i.
    It is taken by the trapezoidal rule of Stieltjes on the quantiles of all arms together, so that the mesh is
    fine wherever any arm has mass, however sharp or flat. The result does not depend on the order of the arms.

    Args:
        arms: At least one arm.

    Returns:
        Shape (n_arms,). Probabilities that sum to 1; each within 1e-4 of the exact integral.

    Source:
        Chapelle and Li, "An Empirical Evaluation of Thompson Sampling", NeurIPS 2011; Russo, Van Roy, Kazerouni,
        Osband and Wen, "A Tutorial on Thompson Sampling", 2018, section 3. There a draw per arm decides; here the
        probability of that decision is computed first, so that it can be recorded.
    """
    a, b, lever = (np.array([getattr(arm, name) for arm in arms]) for name in ("replies", "silences", "lever"))
    # Cosine spacing: quantiles crowd near 0 and 1, where the best of many arms is decided.
    levels = (1 - np.cos(np.linspace(0, np.pi, N_QUANTILES))) / 2
    mesh = np.unique(lever[:, None] * betaincinv(a[:, None], b[:, None], levels))
    below = betainc(a[:, None], b[:, None], np.minimum(mesh / lever[:, None], 1.0))
    others = np.stack([np.prod(np.delete(below, i, axis=0), axis=0) for i in range(len(arms))])
    mass = np.diff(below, axis=1, prepend=0.0)
    middle = (others + np.concatenate([others[:, :1], others[:, :-1]], axis=1)) / 2
    wins = np.sum(mass * middle, axis=1)
    return np.asarray(wins / wins.sum(), dtype=np.float64)


def choose_propensities(arms: Sequence[Arm], *, exploration: float) -> FloatVector:
    """Mix Thompson sampling with a uniform choice, so that no eligible action is ever out of reach.

    The floor `exploration / n_arms` bounds the weights of off-policy estimates made from the log.

    Args:
        arms: At least one eligible arm.
        exploration: Part of the choice that is uniform, in [0, 1].

    Returns:
        Shape (n_arms,). Probabilities that sum to 1, none below `exploration / n_arms`.
    """
    return (1 - exploration) * win_probabilities(arms) + exploration / len(arms)


def draw_action(propensities: FloatVector, rng: np.random.Generator) -> int:
    """Draw an index with these probabilities; advances `rng` by one draw."""
    reached = np.searchsorted(np.cumsum(propensities), rng.random(), side="right")
    # Rounding may leave the sum a hair below 1.
    return min(int(reached), len(propensities) - 1)
