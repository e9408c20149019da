"""The second rung: Bayesian logistic regression whose prior is the rules, by Laplace's approximation. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from scipy.stats import skew

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.dataset import OTHER, Kind, Schema
from tools.scoring.learning.posterior import Posterior, Prior, choose_posterior
from tools.scoring.rules import PRIOR_LOG_ODDS, PRIOR_LOG_ODDS_SD, RULES

_SKEWED = 1.0
FARTHEST = 4.0
"""Standard deviations beyond which a number counts no further: a straight line knows nothing out there."""

_RULE_SD = 0.5
"""How far the data may easily move the points of a rule, as a share of these points."""

_SMALLEST_SCALE = 0.2
"""Floor of the deviation that a level or a gap is divided by: without it a level seen five times would be allowed a
larger effect than one seen in half of the leads."""

_FARTHEST_BAND = 1e300
"""Stands for infinity, which JSON has not."""

_COVARIANCE_MINORITY = 2000
"""Labels of the rarer result from which the posterior is too narrow to be worth storing."""


class Reads(StrEnum):
    """What a term reads from its feature."""

    VALUE = "value"
    LOG = "log"
    MISSING = "missing"
    LEVEL = "level"
    POINTS = "points"


@dataclass(frozen=True)
class Term:
    """One column of the design: what is read from which feature.

    Attributes:
        feature: Position in the matrix.
        reads: How.
        level: Code of the level, for `Reads.LEVEL`.
        mean: Mean in training; a missing value stands at the mean.
        scale: What a difference to the mean is divided by, > 0 for a term that says anything.
        weight: Coefficient on the standardised column.
        bands: (at least, below, log-odds) of the rules that read the feature, for `Reads.POINTS`.
    """

    feature: int
    reads: Reads
    level: int
    mean: float
    scale: float
    weight: float
    bands: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class LinearModel:
    """Log-odds as a sum of terms around the average lead.

    Attributes:
        n_features: Columns of the matrix.
        intercept: Log-odds of the average lead, before the points of the rules.
        terms: What is added.
        covariance: Posterior of the weights and the intercept, shape (n_terms + 1, n_terms + 1); empty where labels
            are so many that it is narrower than anything else that is not known.
    """

    n_features: int
    intercept: float
    terms: tuple[Term, ...]
    covariance: tuple[tuple[float, ...], ...] = ()

    def log_odds(self, matrix: FloatMatrix) -> FloatVector:
        """Return log-odds, shape (n_rows,)."""
        return np.asarray(self.intercept + self._weighted(matrix).sum(axis=1))

    def contributions(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return log-odds by feature against the average lead, shape (n_rows, n_features + 1); last the intercept."""
        owner = np.zeros((len(self.terms), self.n_features))
        owner[np.arange(len(self.terms)), [term.feature for term in self.terms]] = 1.0
        return np.column_stack([self._weighted(matrix) @ owner, np.full(len(matrix), self.intercept)])

    def spread(self, matrix: FloatMatrix) -> FloatVector:
        """Return the posterior standard deviation of each row's log-odds, shape (n_rows,); 0 where none is kept."""
        if not self.covariance:
            return np.zeros(len(matrix))
        x = _with_ones(standardise(matrix, self.terms))
        return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", x, np.array(self.covariance), x)))

    def _weighted(self, matrix: FloatMatrix) -> FloatMatrix:
        return np.asarray(standardise(matrix, self.terms) * np.array([term.weight for term in self.terms]))

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        terms = tuple(
            Term(**{**term, "reads": Reads(term["reads"]), "bands": tuple(tuple(band) for band in term["bands"])})
            for term in plain["terms"]
        )
        covariance = tuple(tuple(row) for row in plain["covariance"])
        return cls(plain["n_features"], plain["intercept"], terms, covariance)


def fit_linear(
    matrix: FloatMatrix, labels: BoolVector, schema: Schema, *, rows_per_lead: float = 1.0
) -> tuple[LinearModel, FloatVector]:
    """Fit the posterior mode around the rules: with no label it is the rules, with many the rules no longer matter.

    Args:
        matrix: Shape (n_rows, n_features).
        labels: Shape (n_rows,). May be empty, or all of one result.
        schema: Says which columns are categories.
        rows_per_lead: At least 1; rows of one lead share its result and must not be counted as so many leads.

    Returns:
        The model, and the log-odds of each row as a model without this row would give them, shape (n_rows,).
    """
    terms = _design(matrix, schema)
    posterior = choose_posterior(standardise(matrix, terms), labels, _prior(terms), copies=rows_per_lead)
    weighted = tuple(replace(t, weight=float(w)) for t, w in zip(terms, posterior.mode[:-1], strict=True))
    return LinearModel(
        matrix.shape[1], float(posterior.mode[-1]), weighted, _kept(posterior, labels)
    ), posterior.without


def _kept(posterior: Posterior, labels: BoolVector) -> tuple[tuple[float, ...], ...]:
    if min(labels.sum(), (~labels).sum()) >= _COVARIANCE_MINORITY:
        return ()
    return tuple(tuple(row) for row in posterior.covariance.tolist())


def _prior(terms: Sequence[Term]) -> Prior:
    is_rule = np.array([term.reads is Reads.POINTS for term in terms], dtype=np.bool_)
    return Prior(
        mean=np.append(is_rule.astype(np.float64), PRIOR_LOG_ODDS),
        sd=np.append(np.where(is_rule, _RULE_SD, np.nan), PRIOR_LOG_ODDS_SD),
    )


def _with_ones(x: FloatMatrix) -> FloatMatrix:
    return np.column_stack([x, np.ones(len(x))])


def _design(matrix: FloatMatrix, schema: Schema) -> list[Term]:
    terms = []
    for i, column in enumerate(schema.columns):
        values = matrix[:, i]
        bands = tuple(
            (max(rule.at_least, -_FARTHEST_BAND), min(rule.below, _FARTHEST_BAND), rule.log_odds)
            for rule in RULES
            if rule.feature == column.name
        )
        if bands:
            terms.append(Term(i, Reads.POINTS, 0, 0.0, 1.0, 1.0, bands))
        if column.kind is Kind.CATEGORY:
            terms += [_measured(matrix, i, Reads.LEVEL, level) for level in range(OTHER, len(column.levels) + 1)]
        else:
            seen = values[np.isfinite(values)]
            is_long_tailed = len(seen) > 0 and seen.min() >= 0 and seen.std() > 0 and skew(seen) > _SKEWED
            terms.append(_measured(matrix, i, Reads.LOG if is_long_tailed else Reads.VALUE))
        if np.isnan(values).any():
            terms.append(_measured(matrix, i, Reads.MISSING))
    return [term for term in terms if term.scale > 0]


def _measured(matrix: FloatMatrix, i: int, reads: Reads, level: int = 0) -> Term:
    raw = _raw(matrix[:, [i]], reads, np.array([level]))[:, 0]
    known = raw[np.isfinite(raw)]
    if not len(known):
        return Term(i, reads, level, 0.0, 0.0, 0.0)
    mean = float(known.mean())
    scale = float(np.where(np.isfinite(raw), raw, mean).std())
    if scale > 0 and reads in (Reads.LEVEL, Reads.MISSING):
        scale = max(scale, _SMALLEST_SCALE)
    return Term(i, reads, level, mean, scale, 0.0)


def standardise(matrix: FloatMatrix, terms: Sequence[Term]) -> FloatMatrix:
    """Read the terms off a matrix, shape (n_rows, n_terms): mean 0 and deviation 1 in training, missing at the mean.

    Terms of the rules are read as they are, in log-odds.
    """
    raw = np.empty((len(matrix), len(terms)))
    for reads in Reads:
        these = [i for i, term in enumerate(terms) if term.reads is reads]
        if reads is Reads.POINTS:
            for i in these:
                raw[:, i] = _points(matrix[:, terms[i].feature], terms[i].bands)
            continue
        features = [terms[i].feature for i in these]
        raw[:, these] = _raw(matrix[:, features], reads, np.array([terms[i].level for i in these]))
    mean = np.array([term.mean for term in terms])
    scale = np.array([term.scale for term in terms])
    is_free = np.array([term.reads in (Reads.VALUE, Reads.LOG) for term in terms], dtype=np.bool_)
    limit = np.where(is_free, FARTHEST, np.inf)
    return np.where(np.isfinite(raw), np.clip((raw - mean) / scale, -limit, limit), 0.0)


def _points(values: FloatVector, bands: Sequence[tuple[float, float, float]]) -> FloatVector:
    points = np.zeros(len(values))
    for at_least, below, log_odds in bands:
        points += log_odds * ((values >= at_least) & (values < below))
    return points


def _raw(values: FloatMatrix, reads: Reads, level: IntVector) -> FloatMatrix:
    match reads:
        case Reads.LOG:
            return np.log1p(np.maximum(values, 0.0))
        case Reads.MISSING:
            return np.asarray(np.isnan(values), dtype=np.float64)
        case Reads.LEVEL:
            return np.asarray(values == level, dtype=np.float64)
        case _:
            return values
