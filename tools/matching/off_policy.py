"""What another way of handing leads out would have won, from what was logged. Pure: no clock, no I/O."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

LEAST_SUPPORT = 0.01
"""Least effective part of the log on which an estimate rests, below which there is none."""

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Estimate:
    """Mean outcome of a lead under a policy, with a confidence interval.

    Attributes:
        value: The estimate.
        low: Lower end.
        high: Upper end.
        level: Confidence of the interval.
        method: `ips`, `snips` or `doubly_robust`.
        n_leads: Leads of the log.
        effective: Leads that the weights leave: (sum of weights)^2 / sum of squared weights.
    """

    value: float
    low: float
    high: float
    level: float
    method: str
    n_leads: int
    effective: float


def estimate_policy_value(
    chosen: IntVector,
    propensity: FloatVector,
    outcome: FloatVector,
    policy: FloatMatrix,
    *,
    model: FloatMatrix | None = None,
    self_normalised: bool = True,
    level: float = 0.95,
) -> Estimate:
    """Estimate the mean outcome that leads would have had under a candidate policy.

    Each logged lead counts by how much likelier the candidate is to give it to the rep who had it. With a model of the
    outcome the estimate is doubly robust: right when either the propensities or the model are. Without one it is the
    self-normalised importance estimate, or the plain one, which is unbiased and has more variance.

    Args:
        chosen: Shape (n_leads,). Index of the rep who got each lead, >= 0: leads of the pool are no choice.
        propensity: Shape (n_leads,). Probability with which that rep was chosen, in (0, 1]; NaN where none was logged.
        outcome: Shape (n_leads,). What came of it: 1 or 0, or money.
        policy: Shape (n_leads, n_reps). Probability that the candidate gives each lead to each rep; rows sum to 1.
        model: Shape (n_leads, n_reps). Expected outcome of each pair, learned on other leads; None without.
        self_normalised: Without a model, whether weights are scaled to sum to the number of leads.
        level: Confidence of the interval, in (0, 1).

    Raises:
        InvalidInputError: If shapes differ, a propensity is missing or outside (0, 1], the candidate's rows are no
            distributions, or the log does not bear on the candidate: it gives nearly all leads to reps who hardly
            ever got such leads.

    Source:
        Horvitz and Thompson, JASA 1952 (plain); Swaminathan and Joachims, "The Self-Normalized Estimator for
        Counterfactual Learning", NeurIPS 2015; Dudik, Langford and Li, "Doubly Robust Policy Evaluation and
        Learning", ICML 2011. Intervals are normal, from the variance of each lead's contribution; of the ratio by the
        delta method.
    """
    n_leads = len(chosen)
    _check(chosen, propensity, outcome, policy, model, level)
    rows = np.arange(n_leads)
    weight = policy[rows, chosen] / propensity
    total, squares = float(weight.sum()), float(weight @ weight)
    effective = total**2 / squares if squares else 0.0
    if effective < max(2.0, LEAST_SUPPORT * n_leads):
        rule = f"is on logged choices for {effective:.1f} effective leads of {n_leads}; the log does not bear on it"
        raise InvalidInputError("policy", round(total / n_leads, 4), rule)
    if model is not None:
        method = "doubly_robust"
        gain = (policy * model).sum(axis=1) + weight * (outcome - model[rows, chosen])
        value = float(gain.mean())
        error = float(gain.std(ddof=1)) / np.sqrt(n_leads)
    elif self_normalised:
        method = "snips"
        value = float(weight @ outcome) / total
        error = float(np.sqrt(((weight * (outcome - value)) ** 2).sum())) / total
    else:
        method = "ips"
        gain = weight * outcome
        value = float(gain.mean())
        error = float(gain.std(ddof=1)) / np.sqrt(n_leads)
    reach = float(norm.ppf((1 + level) / 2) * error)
    return Estimate(value, value - reach, value + reach, level, method, n_leads, effective)


def _check(
    chosen: IntVector,
    propensity: FloatVector,
    outcome: FloatVector,
    policy: FloatMatrix,
    model: FloatMatrix | None,
    level: float,
) -> None:
    n_leads = len(chosen)
    if n_leads < 2:  # noqa: PLR2004 - a variance needs two
        raise InvalidInputError("chosen", n_leads, "must have at least 2 leads")
    for name, vector in (("propensity", propensity), ("outcome", outcome)):
        if vector.shape != (n_leads,):
            raise InvalidInputError(name, vector.shape, f"must have the shape {(n_leads,)}")
    if policy.ndim != 2 or len(policy) != n_leads:  # noqa: PLR2004 - leads by reps
        raise InvalidInputError("policy", policy.shape, f"must have {n_leads} rows")
    if model is not None and model.shape != policy.shape:
        raise InvalidInputError("model", model.shape, f"must have the shape of policy, {policy.shape}")
    if chosen.min() < 0 or chosen.max() >= policy.shape[1]:
        raise InvalidInputError("chosen", int(chosen.min()), f"must index one of {policy.shape[1]} reps")
    if not 0 < level < 1:
        raise InvalidInputError("level", level, "must lie in (0, 1)")
    _check_chances(propensity, policy)


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
