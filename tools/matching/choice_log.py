"""A log of choices made by chance, and whether it can be judged at all. Pure: no clock, no I/O; estimates nothing."""

from dataclasses import dataclass

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

LEAST_DRAWS = 10
"""Separate draws of luck from which the error between them is known well enough."""

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class ChoiceLog:
    """Leads that were given out, with what probability, and what came of it.

    Attributes:
        chosen: Shape (n_leads,). Index of the rep who got each lead, >= 0.
        propensity: Shape (n_leads,). Probability with which that rep was chosen, in (0, 1].
        outcome: Shape (n_leads,). What came of it.
        draw: Shape (n_leads,). Number of the draw of luck that gave each lead away; None when each lead has its own.
        most: Greatest weight of a lead, > 0.
    """

    chosen: IntVector
    propensity: FloatVector
    outcome: FloatVector
    draw: IntVector | None
    most: float

    def ratio(self, policy: FloatMatrix) -> FloatVector:
        """Return how much likelier a policy is to give each lead to the rep who had it. Shape (n_leads,)."""
        found: FloatVector = policy[np.arange(len(self.chosen)), self.chosen] / self.propensity
        return found

    def weight(self, policy: FloatMatrix) -> FloatVector:
        """Return the same, cut to the greatest weight. Shape (n_leads,)."""
        return np.minimum(self.ratio(policy), self.most)


def check_log(log: ChoiceLog, policy: FloatMatrix, model: FloatMatrix | None, level: float) -> None:
    """Refuse what cannot be, or cannot be judged.

    Args:
        log: What was done.
        policy: Shape (n_leads, n_reps). Probability that a policy gives each lead to each rep.
        model: Shape (n_leads, n_reps). Expected outcome of each pair, if there is a model.
        level: Confidence of an interval.

    Raises:
        InvalidInputError: Naming the argument.
    """
    chosen, n_leads = log.chosen, len(log.chosen)
    if n_leads < 2:  # noqa: PLR2004 - a variance needs two
        raise InvalidInputError("chosen", n_leads, "must have at least 2 leads")
    for name, vector in (("propensity", log.propensity), ("outcome", log.outcome), ("draw", log.draw)):
        if vector is not None and vector.shape != (n_leads,):
            raise InvalidInputError(name, vector.shape, f"must have the shape {(n_leads,)}")
    if policy.ndim != 2 or len(policy) != n_leads:  # noqa: PLR2004 - leads by reps
        raise InvalidInputError("policy", policy.shape, f"must have {n_leads} rows")
    if model is not None and model.shape != policy.shape:
        raise InvalidInputError("model", model.shape, f"must have the shape of policy, {policy.shape}")
    if chosen.min() < 0 or chosen.max() >= policy.shape[1]:
        raise InvalidInputError("chosen", int(chosen.min()), f"must index one of {policy.shape[1]} reps")
    if not 0 < level < 1:
        raise InvalidInputError("level", level, "must lie in (0, 1)")
    if not log.most > 0:
        raise InvalidInputError("most", log.most, "must be greater than 0")
    if log.draw is not None and len(np.unique(log.draw)) < LEAST_DRAWS:
        rule = f"draws of luck are too few to know an error between them; it takes {LEAST_DRAWS}"
        raise InvalidInputError("draw", len(np.unique(log.draw)), rule)
    _check_chances(log.propensity, policy)


def _check_chances(propensity: FloatVector, policy: FloatMatrix) -> None:
    if np.isnan(propensity).any():
        n = int(np.isnan(propensity).sum())
        raise InvalidInputError("propensity", n, "leads have none: choices made without chance cannot be weighed")
    if not ((propensity > 0) & (propensity <= 1)).all():
        raise InvalidInputError("propensity", float(propensity.min()), "must lie in (0, 1]")
    if (policy < 0).any() or (np.abs(policy.sum(axis=1) - 1) > _SUM_TOLERANCE).any():
        raise InvalidInputError(
            "policy", float(policy.sum(axis=1).min()), "must have rows that sum to 1, none negative"
        )
