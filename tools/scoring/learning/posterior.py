"""Finds the posterior of a logistic regression by Laplace's approximation, and how it would do without each row. Pure."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.metrics import log_losses

WIDTHS = (0.03, 0.1, 0.2, 0.4, 0.8)
"""Standard deviations tried for the prior of a weight on a standardised column: from "nearly nothing counts" to a
prior under which one feature alone may move the odds fivefold."""

_STEPS = 30
_TOLERANCE = 1e-7
_CHOICE_ROWS = 3000
"""Rows on which the width of the prior is chosen; the fit itself sees all."""
_MOST_LEVERAGE = 0.99
_EVIDENCE_MINORITY = 100

_USUAL_WIDTH = 0.2
_WIDTH_SPREAD = 0.5
"""Middle and spread of the log-normal prior of the width: one deviation of a usual fact moves the odds by a fifth."""


@dataclass(frozen=True)
class Prior:
    """Independent normal priors of the weights, the intercept last.

    Attributes:
        mean: Shape (n_terms + 1,).
        sd: Shape (n_terms + 1,), > 0; NaN where the width is chosen by the data.
    """

    mean: FloatVector
    sd: FloatVector

    def with_width(self, width: float) -> "Prior":
        """Fill in the width of the weights that have none."""
        return Prior(self.mean, np.where(np.isnan(self.sd), width, self.sd))


@dataclass(frozen=True)
class Posterior:
    """A normal approximation around the most probable weights.

    Attributes:
        mode: Shape (n_terms + 1,), the intercept last.
        covariance: Shape (n_terms + 1, n_terms + 1).
        without: Shape (n_rows,). Log-odds of each row by a model without it, to first order.
        evidence: Log marginal likelihood.
        width: The prior's width.
    """

    mode: FloatVector
    covariance: FloatMatrix
    without: FloatVector
    evidence: float
    width: float


def choose_posterior(x: FloatMatrix, labels: BoolVector, prior: Prior, *, copies: float = 1.0) -> Posterior:
    """Fit with the prior's width that the data prefer.

    Widths are compared by the log loss of rows left out. Below 100 labels of the rarer result this says little: then the
    fits of all widths are averaged, each by its marginal likelihood.

    Args:
        x: Shape (n_rows, n_terms). Standardised.
        labels: Shape (n_rows,).
        prior: Of the weights and the intercept.
        copies: At least 1. How many rows stand for one independent result; the posterior is as wide as that many
            fewer rows would leave it.

    Source:
        MacKay, "The evidence framework applied to classification networks", Neural Computation 4 (1992); Rad and
        Maleki, "A scalable estimate of the out-of-sample prediction error", JRSS B 82 (2020).
    """
    design = np.column_stack([x, np.ones(len(x))])
    step = max(1, round(len(x) / _CHOICE_ROWS))
    some, some_labels = design[::step], labels[::step]
    fits = []
    start = prior.mean
    for width in WIDTHS:
        fits.append(fit_posterior(some, some_labels, prior.with_width(width), start=start, copies=copies, width=width))
        start = fits[-1].mode
    if min(some_labels.sum(), (~some_labels).sum()) < _EVIDENCE_MINORITY * copies:
        return _averaged(fits)
    best = min(fits, key=lambda fit: float(log_losses(_sigmoid(fit.without), some_labels).mean()))
    if step == 1:
        return best
    whole = prior.with_width(best.width)
    return fit_posterior(design, labels, whole, start=best.mode, copies=copies, width=best.width)


def _averaged(fits: list[Posterior]) -> Posterior:
    """Average over the widths by their posterior probability: with few labels one width alone would be a draw of luck."""
    log_weight = np.array(
        [fit.evidence - 0.5 * (np.log(fit.width / _USUAL_WIDTH) / _WIDTH_SPREAD) ** 2 for fit in fits]
    )
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mode = np.asarray(weight @ np.array([fit.mode for fit in fits]))
    covariance = np.zeros((len(mode), len(mode)))
    for share, fit in zip(weight, fits, strict=True):
        covariance += share * (fit.covariance + np.outer(fit.mode - mode, fit.mode - mode))
    without = np.asarray(weight @ np.array([fit.without for fit in fits]))
    evidence = float(np.logaddexp.reduce(log_weight))
    return Posterior(mode, covariance, without, evidence, float(weight @ np.array([fit.width for fit in fits])))


def fit_posterior(
    design: FloatMatrix,
    labels: BoolVector,
    prior: Prior,
    *,
    start: FloatVector,
    copies: float = 1.0,
    width: float = 0.0,
) -> Posterior:
    """Find the most probable weights by Newton's method with step halving, and the curvature there.

    Args:
        design: Shape (n_rows, n_terms + 1), the last column ones.
        labels: Shape (n_rows,).
        prior: No NaN.
        start: Shape (n_terms + 1,).
        copies: See `choose_posterior`.
        width: Noted in the result.
    """
    precision = 1.0 / prior.sd**2
    y = labels.astype(np.float64)

    def objective(weights: FloatVector) -> float:
        eta = design @ weights
        return float((np.logaddexp(0.0, eta) - y * eta).sum() / copies + 0.5 * precision @ (weights - prior.mean) ** 2)

    mode, value = start, objective(start)
    for _ in range(_STEPS):
        factor, gradient, _, _ = _curvature(design, y, mode, prior.mean, precision, copies)
        move = cho_solve(factor, gradient)
        scale = 1.0
        while (moved := objective(mode - scale * move)) > value and scale > _TOLERANCE:
            scale /= 2
        if value - moved < _TOLERANCE * (1 + abs(value)):
            break
        mode, value = mode - scale * move, moved
    factor, _, p, curved = _curvature(design, y, mode, prior.mean, precision, copies)
    half = solve_triangular(factor[0], design.T, lower=True)
    own = (half**2).sum(axis=0) / copies
    leverage = np.minimum(own * curved, _MOST_LEVERAGE)
    without = design @ mode - own * (y - p) / (1 - leverage)
    log_determinant = 2 * np.log(np.diag(factor[0])).sum() - np.log(precision).sum()
    covariance = cho_solve(factor, np.eye(len(mode)))
    return Posterior(mode, covariance, without, -value - 0.5 * float(log_determinant), width)


def _curvature(
    design: FloatMatrix, y: FloatVector, weights: FloatVector, mean: FloatVector, precision: FloatVector, copies: float
) -> tuple[tuple[FloatMatrix, bool], FloatVector, FloatVector, FloatVector]:
    p = _sigmoid(design @ weights)
    curved = p * (1 - p)
    # A matrix times its own transpose costs half of what two different ones do.
    rooted = design * np.sqrt(curved / copies)[:, None]
    hessian = rooted.T @ rooted
    hessian[np.diag_indices_from(hessian)] += precision
    gradient = design.T @ (p - y) / copies + precision * (weights - mean)
    return cho_factor(hessian, lower=True), gradient, p, curved


def _sigmoid(log_odds: FloatVector) -> FloatVector:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)))
