"""Whether rep history says anything at all: a permutation test. Pure: no clock, no I/O; estimates no effect."""

import numpy as np

from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

N_PERMUTATIONS = 599
LEVEL = 0.025
"""Chance of claiming a signal where there is none."""

_SKILL_PART = 0.8
"""Part of `LEVEL` spent on the question about declared skill, which is directed and so the one with more power."""


def rep_signal_p_value(
    rep: IntVector,
    product: IntVector,
    residuals: FloatVector,
    strata: IntVector,
    skills: FloatMatrix,
    *,
    rng: np.random.Generator,
    n_permutations: int = N_PERMUTATIONS,
) -> float:
    """Test whether it matters which rep had a lead.

    Under the null hypothesis the rep's label is exchangeable among leads of one stratum. Two questions
    are asked of it. Do wins follow declared skill? The statistic is the residuals' product with skill, one-sided.
    Do reps, or reps by product, differ in any other way? The statistics are squared residual sums (score
    statistics of a variance component), each standardised over the permutations, and the greater one counts. The
    smaller p-value counts, each divided by its part of the level for having asked twice.

    Args:
        rep: Shape (n_leads,). Index of the rep.
        product: Shape (n_leads,). Index of the product.
        residuals: Shape (n_leads,). Won minus the probability of the lead-only model.
        strata: Shape (n_leads,). Leads with equal numbers may have had the same reps.
        skills: Shape (n_reps, n_products). Declared skill, centred by product.
        rng: Source of randomness; advanced by `n_permutations` draws per lead.
        n_permutations: Relabellings; the smallest possible p-value is 1 / (n_permutations + 1).

    Returns:
        The p-value in (0, 1].

    Source:
        Lin, "Variance component testing in generalised linear models with random effects", Biometrika 1997,
        for the score statistics; their null distribution is here by permutation, not by moments.
    """
    order = np.argsort(strata, kind="stable")
    label, column, residual = rep[order], product[order], residuals[order]
    stratum = strata[order].astype(np.float64)
    n_reps, n_columns = skills.shape

    def statistics(labels: IntVector) -> tuple[float, float, float]:
        cells = labels * n_columns + column
        by_cell = np.bincount(cells, weights=residual, minlength=n_reps * n_columns)
        by_rep = by_cell.reshape(n_reps, n_columns).sum(axis=1)
        return float(by_rep @ by_rep), float(by_cell @ by_cell), float(by_cell @ skills.ravel())

    rows = [statistics(label)]
    # Random fractions added to whole strata shuffle inside each stratum and nowhere else.
    rows.extend(statistics(label[np.argsort(stratum + rng.random(len(label)))]) for _ in range(n_permutations))
    table = np.array(rows)
    scale = table.std(axis=0)
    standardised = (table - table.mean(axis=0)) / np.where(scale > 0, scale, np.inf)
    differing = _rank(standardised[:, :2].max(axis=1))
    if not skills.any():
        return differing
    return min(1.0, differing / (1 - _SKILL_PART), _rank(standardised[:, 2]) / _SKILL_PART)


def _rank(statistic: FloatVector) -> float:
    """Return the part of all relabellings, the true one first among them, that are as extreme as the true one."""
    return float(np.mean(statistic >= statistic[0]))
