"""What another way of handing leads out would have won, from what was logged. Pure: no clock, no I/O."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector
from tools.matching.choice_log import ChoiceLog, check_log

LEAST_SUPPORT = 0.01
"""Least effective part of the log on which an estimate rests, below which there is none."""

_LEAST_WEIGHT = 1e-6


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
        support: Mean weight: about 1 where whatever the candidate does was done sometimes. Where it is less the log is
            silent on the rest: a doubly robust estimate has the model's word for it, the others nothing at all.
        truncated: Leads whose weight was cut to the greatest allowed.
    """

    value: float
    low: float
    high: float
    level: float
    method: str
    n_leads: int
    effective: float
    support: float
    truncated: int


def estimate_policy_value(
    chosen: IntVector,
    propensity: FloatVector,
    outcome: FloatVector,
    policy: FloatMatrix,
    *,
    model: FloatMatrix | None = None,
    self_normalised: bool = True,
    most: float = np.inf,
    draw: IntVector | None = None,
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
        most: Greatest weight of a lead, > 0; what exceeds it is cut off. One over a rare choice's propensity is large
            and badly known; so truncated it errs less, and is a little too small instead, which a model makes good as
            far as it is right.
        draw: Shape (n_leads,). Number of the draw of luck that gave each lead away; leads of one batch share one and
            err together. None when each lead has its own.
        level: Confidence of the interval, in (0, 1).

    Raises:
        InvalidInputError: If shapes differ, a propensity is missing or outside (0, 1], the candidate's rows are no
            distributions, there are fewer than `LEAST_DRAWS` draws, or the log does not bear on the candidate: it gives
            nearly all leads to reps who hardly ever got such leads.

    Source:
        Horvitz and Thompson, JASA 1952 (plain); Swaminathan and Joachims, "The Self-Normalized Estimator for
        Counterfactual Learning", NeurIPS 2015; Dudik, Langford and Li, "Doubly Robust Policy Evaluation and
        Learning", ICML 2011; Ionides, "Truncated Importance Sampling", JCGS 2008 (there the greatest weight is the root
        of the number of leads, which is more than 10 from 100 leads on). Intervals are normal, from the variance of each lead's contribution; of the ratio by the delta method. With
        draws, errors add up within one before they are squared, and t has their number less 1 as degrees of freedom.
    """
    log = ChoiceLog(chosen, propensity, outcome, draw, most)
    return _estimate(log, policy, None, model, self_normalised=self_normalised, level=level)


def estimate_policy_gain(
    chosen: IntVector,
    propensity: FloatVector,
    outcome: FloatVector,
    policy: FloatMatrix,
    *,
    over: FloatMatrix | None = None,
    model: FloatMatrix | None = None,
    self_normalised: bool = True,
    most: float = np.inf,
    draw: IntVector | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate by how much the mean outcome under a candidate policy exceeds that of another, on the same leads.

    Both are estimated from the same log, so much of what chance did to them is common and falls out of the difference.

    Args:
        chosen: As for `estimate_policy_value`, and so for whatever is not named here.
        propensity: The same.
        outcome: The same.
        policy: The candidate. `support`, `effective` and `truncated` are about it.
        over: Shape (n_leads, n_reps). The other policy; None for what was really done.
        model: The same.
        self_normalised: The same.
        most: The same.
        draw: The same.
        level: The same.

    Raises:
        InvalidInputError: As `estimate_policy_value` does.
    """
    log = ChoiceLog(chosen, propensity, outcome, draw, most)
    if over is None:
        base = outcome
    else:
        check_log(log, over, model, level)
        base = _contributions(log, over, model, self_normalised=self_normalised)
    return _estimate(log, policy, base, model, self_normalised=self_normalised, level=level)


def _estimate(
    log: ChoiceLog,
    policy: FloatMatrix,
    base: FloatVector | None,
    model: FloatMatrix | None,
    *,
    self_normalised: bool,
    level: float,
) -> Estimate:
    """Estimate the mean under a policy, less a base if there is one."""
    check_log(log, policy, model, level)
    n_leads = len(log.chosen)
    weight = log.weight(policy)
    total, squares = float(weight.sum()), float(weight @ weight)
    effective = total**2 / squares if squares else 0.0
    if effective < max(2.0, LEAST_SUPPORT * n_leads):
        rule = f"is on logged choices for {effective:.1f} effective leads of {n_leads}; the log does not bear on it"
        raise InvalidInputError("policy", round(total / n_leads, 4), rule)
    part = _contributions(log, policy, model, self_normalised=self_normalised)
    part = part if base is None else part - base
    value = float(part.mean())
    reach = _reach(part - value, log.draw, level)
    return Estimate(
        value=value,
        low=value - reach,
        high=value + reach,
        level=level,
        method="doubly_robust" if model is not None else "snips" if self_normalised else "ips",
        n_leads=n_leads,
        effective=effective,
        support=total / n_leads,
        truncated=int((log.ratio(policy) > log.most).sum()),
    )


def _contributions(
    log: ChoiceLog, policy: FloatMatrix, model: FloatMatrix | None, *, self_normalised: bool
) -> FloatVector:
    """Return what each lead contributes: the mean is the estimate, the deviations make its error. Shape (n_leads,)."""
    weight = log.weight(policy)
    if model is not None:
        left = log.outcome - model[np.arange(len(weight)), log.chosen]
        robust: FloatVector = (policy * model).sum(axis=1) + weight * left
        return robust
    if not self_normalised:
        return weight * log.outcome
    total = float(weight.sum())
    ratio = float(weight @ log.outcome) / total if total else 0.0
    linear: FloatVector = ratio + len(weight) / max(total, _LEAST_WEIGHT) * weight * (log.outcome - ratio)
    return linear


def _reach(error: FloatVector, draw: IntVector | None, level: float) -> float:
    """Return half the width of the interval of a mean."""
    n_leads = len(error)
    if draw is None:
        return float(norm.ppf((1 + level) / 2) * error.std(ddof=1) / np.sqrt(n_leads))
    together = np.bincount(np.unique(draw, return_inverse=True)[1], weights=error)
    n_draws = len(together)
    spread = np.sqrt(n_draws / (n_draws - 1) * float(together @ together)) / n_leads
    return float(student.ppf((1 + level) / 2, n_draws - 1) * spread)
