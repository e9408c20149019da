"""An A/B test of the matcher against manual assignment, where leads of one rep go together. Pure: no clock, no I/O."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from domain.errors import InvalidInputError
from tools.matching.arrays import BoolMatrix, FloatVector, IntVector

LEAST_REPS = 3
"""Reps that each arm needs."""


@dataclass(frozen=True)
class Difference:
    """Mean outcome of the matcher's leads minus that of the others.

    Attributes:
        value: The difference.
        low: Lower end of the interval.
        high: Upper end.
        level: Confidence of the interval.
        p_value: Of no difference, two-sided.
        matcher: Mean outcome of a lead in the matcher's arm.
        manual: Mean outcome of a lead in the manual arm.
        n_reps: Reps of both arms.
        n_leads: Leads of both arms.
    """

    value: float
    low: float
    high: float
    level: float
    p_value: float
    matcher: float
    manual: float
    n_reps: int
    n_leads: int


def compare_with_manual(
    by_matcher: BoolMatrix, rep: IntVector, outcome: FloatVector, *, level: float = 0.95
) -> Difference:
    """Compare leads given out by the matcher with leads given out by hand, clustered by rep.

    Leads of one rep share his skill, so a hundred leads of three reps are worth little more than three numbers. The
    error is therefore the one between reps, and the reference distribution has the degrees of freedom of reps, not of
    leads. It holds whether reps were put into one arm each, or work leads of both.

    Args:
        by_matcher: Shape (n_leads,). Whether the matcher gave the lead out.
        rep: Shape (n_leads,). Index of the rep who worked it.
        outcome: Shape (n_leads,). 1 or 0, or money.
        level: Confidence of the interval, in (0, 1).

    Raises:
        InvalidInputError: If shapes differ, or an arm has fewer than `LEAST_REPS` reps.

    Source:
        Liang and Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 1986, with the
        small-sample factor G/(G-1) and t with G - 2 degrees of freedom (Cameron and Miller, "A Practitioner's Guide to
        Cluster-Robust Inference", 2015, sections VI and II.E), for a regression on the arm.
    """
    n_leads = len(outcome)
    for name, vector in (("by_matcher", by_matcher), ("rep", rep)):
        if vector.shape != (n_leads,):
            raise InvalidInputError(name, vector.shape, f"must have the shape {(n_leads,)}")
    if not 0 < level < 1:
        raise InvalidInputError("level", level, "must lie in (0, 1)")
    arms = [np.asarray(by_matcher, dtype=np.bool_), ~np.asarray(by_matcher, dtype=np.bool_)]
    for name, arm in zip(("matcher", "manual"), arms, strict=True):
        if len(np.unique(rep[arm])) < LEAST_REPS:
            raise InvalidInputError(name, len(np.unique(rep[arm])), f"must have leads of at least {LEAST_REPS} reps")
    means = [float(outcome[arm].mean()) for arm in arms]
    names, cluster = np.unique(rep, return_inverse=True)
    # Each lead's pull on the difference of the two means; pulls of one rep add up before they are squared.
    pull = np.where(arms[0], (outcome - means[0]) / arms[0].sum(), -(outcome - means[1]) / arms[1].sum())
    by_rep = np.bincount(cluster, weights=pull)
    n_reps = len(names)
    error = float(np.sqrt(n_reps / (n_reps - 1) * float(by_rep @ by_rep)))
    value, freedom = means[0] - means[1], n_reps - 2
    reach = float(student.ppf((1 + level) / 2, freedom) * error)
    p_value = 2 * float(student.sf(abs(value) / error, freedom)) if error > 0 else float(value == 0)
    return Difference(
        value=value,
        low=value - reach,
        high=value + reach,
        level=level,
        p_value=p_value,
        matcher=means[0],
        manual=means[1],
        n_reps=n_reps,
        n_leads=n_leads,
    )
