"""How likely a lead is won whoever takes it: a penalised logistic model. Pure: no clock, no I/O; knows no reps."""

import numpy as np
import polars as pl
from scipy.special import expit, logit

from tools.matching.arrays import FloatMatrix, FloatVector

_LEVELS = ("product_id", "region", "source", "quarter", "young")
_CLIP = 1e-4
_MAX_STEPS = 50
_TOLERANCE = 1e-8


def design_lead_terms(judged: pl.DataFrame) -> tuple[FloatMatrix, FloatVector]:
    """Describe leads by columns of a linear model, and say how strongly each is held near zero.

    Args:
        judged: Table of `tools.matching.history.judged_leads`.

    Returns:
        The design, shape (n_leads, n_terms): an intercept, log-odds of `p_base` where known, and one column
        per level of product, region, source, quarter and youth; and the penalties, shape (n_terms,).
    """
    columns = [np.ones(judged.height)]
    penalties = [0.0]
    if "p_base" in judged.columns:
        base = judged["p_base"].cast(pl.Float64).fill_null(strategy="mean").fill_null(0.5).to_numpy()
        columns.append(logit(np.clip(base, _CLIP, 1 - _CLIP)))
        penalties.append(0.0)
    for name in _LEVELS:
        values = judged[name].cast(pl.String).fill_null("").to_numpy()
        for level in sorted(set(values))[1:]:
            columns.append((values == level).astype(np.float64))
            penalties.append(1.0)
    return np.column_stack(columns), np.asarray(penalties)


def fit_logistic(
    design: FloatMatrix, won: FloatVector, penalties: FloatVector, *, offset: FloatVector | None = None
) -> FloatVector:
    """Fit a ridge-penalised logistic regression by Newton's method.

    Args:
        design: Shape (n_leads, n_terms).
        won: Shape (n_leads,). 1 where the lead was won, else 0.
        penalties: Shape (n_terms,). Ridge weights >= 0: the inverse prior variances of the coefficients.
        offset: Shape (n_leads,). Log-odds that are given and not fitted; 0 when None.

    Returns:
        Shape (n_terms,). The coefficients in log-odds.
    """
    given = np.zeros(len(won)) if offset is None else offset
    coefficients = np.zeros(design.shape[1])
    # A trace of penalty everywhere keeps a constant or duplicated column from making the system singular.
    ridge = penalties + 1e-6
    for _ in range(_MAX_STEPS):
        p = expit(design @ coefficients + given)
        gradient = design.T @ (won - p) - ridge * coefficients
        curvature = (design * (p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        # A step of more than a few log-odds leaves the region where the quadratic model means anything.
        coefficients = coefficients + step / max(1.0, float(np.abs(step).max()) / 4.0)
        if float(np.abs(step).max()) < _TOLERANCE:
            break
    return coefficients


def standard_errors(
    design: FloatMatrix, coefficients: FloatVector, penalties: FloatVector, *, offset: FloatVector
) -> FloatVector:
    """Return the posterior standard deviations of fitted coefficients, by Laplace's approximation. Shape (n_terms,)."""
    p = expit(design @ coefficients + offset)
    curvature = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalties + 1e-6)
    errors: FloatVector = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return errors
