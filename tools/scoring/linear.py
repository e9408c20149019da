"""The second rung: regularised logistic regression on standardised columns. Pure: no clock, no I/O."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
from scipy.stats import skew
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.dataset import OTHER, Kind, Schema
from tools.scoring.metrics import log_losses

STRENGTHS = (0.003, 0.03, 0.3)
"""Inverse penalties tried, on standardised columns."""

_SKEWED = 1.0
_FARTHEST = 4.0
"""Standard deviations beyond which a number counts no further: a straight line knows nothing out there."""


class Reads(StrEnum):
    """What a term reads from its feature."""

    VALUE = "value"
    LOG = "log"
    MISSING = "missing"
    LEVEL = "level"


@dataclass(frozen=True)
class Term:
    """One column of the design: what is read from which feature.

    Attributes:
        feature: Position in the matrix.
        reads: How.
        level: Code of the level, for `Reads.LEVEL`.
        mean: Mean in training; a missing value stands at the mean.
        scale: Standard deviation in training.
        weight: Coefficient on the standardised column.
    """

    feature: int
    reads: Reads
    level: int
    mean: float
    scale: float
    weight: float


@dataclass(frozen=True)
class LinearModel:
    """Log-odds as a sum of terms around the average lead."""

    n_features: int
    intercept: float
    terms: tuple[Term, ...]

    def log_odds(self, matrix: FloatMatrix) -> FloatVector:
        """Return log-odds, shape (n_rows,)."""
        return np.asarray(self.intercept + self._weighted(matrix).sum(axis=1))

    def contributions(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return log-odds by feature against the average lead, shape (n_rows, n_features + 1); last the intercept."""
        owner = np.zeros((len(self.terms), self.n_features))
        owner[np.arange(len(self.terms)), [term.feature for term in self.terms]] = 1.0
        return np.column_stack([self._weighted(matrix) @ owner, np.full(len(matrix), self.intercept)])

    def _weighted(self, matrix: FloatMatrix) -> FloatMatrix:
        return np.asarray(standardise(matrix, self.terms) * np.array([term.weight for term in self.terms]))

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        terms = tuple(Term(**{**term, "reads": Reads(term["reads"])}) for term in plain["terms"])
        return cls(plain["n_features"], plain["intercept"], terms)


def fit_linear(matrix: FloatMatrix, labels: BoolVector, schema: Schema, *, fit_rows: BoolVector) -> LinearModel:
    """Fit, with the penalty that does best on the rows held out.

    Args:
        matrix: Shape (n_rows, n_features).
        labels: Shape (n_rows,).
        schema: Says which columns are categories.
        fit_rows: Shape (n_rows,). Rows that fit the candidates; the others choose. The winner sees all rows.
    """
    terms = _design(matrix, schema)
    x = standardise(matrix, terms)
    held = ~fit_rows
    best = STRENGTHS[0]
    if _both_classes(labels[fit_rows]) and held.any():
        losses = [log_losses(_fit(x[fit_rows], labels[fit_rows], c).predict_proba(x[held])[:, 1], labels[held]).mean()
                  for c in STRENGTHS]  # fmt: skip
        best = STRENGTHS[int(np.argmin(losses))]
    model = _fit(x, labels, best)
    weighted = tuple(
        Term(t.feature, t.reads, t.level, t.mean, t.scale, float(w)) for t, w in zip(terms, model.coef_[0], strict=True)
    )
    return LinearModel(matrix.shape[1], float(model.intercept_[0]), weighted)


def _fit(x: FloatMatrix, labels: BoolVector, strength: float) -> Any:
    model = LogisticRegression(C=strength, solver="lbfgs", max_iter=300, tol=1e-5)
    with warnings.catch_warnings():
        # A penalised fit stopped at 300 steps is a valid model; it is judged out of fold like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, labels)


def _both_classes(labels: BoolVector) -> bool:
    return bool(labels.any() and not labels.all())


def _design(matrix: FloatMatrix, schema: Schema) -> list[Term]:
    terms = []
    for i, column in enumerate(schema.columns):
        values = matrix[:, i]
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
    return Term(i, reads, level, mean, float(np.where(np.isfinite(raw), raw, mean).std()), 0.0)


def standardise(matrix: FloatMatrix, terms: Sequence[Term]) -> FloatMatrix:
    """Read the terms off a matrix, shape (n_rows, n_terms): mean 0 and deviation 1 in training, missing at the mean."""
    raw = np.empty((len(matrix), len(terms)))
    for reads in Reads:
        these = [i for i, term in enumerate(terms) if term.reads is reads]
        features = [terms[i].feature for i in these]
        raw[:, these] = _raw(matrix[:, features], reads, np.array([terms[i].level for i in these]))
    mean = np.array([term.mean for term in terms])
    scale = np.array([term.scale for term in terms])
    is_free = np.array([term.reads in (Reads.VALUE, Reads.LOG) for term in terms], dtype=np.bool_)
    limit = np.where(is_free, _FARTHEST, np.inf)
    return np.where(np.isfinite(raw), np.clip((raw - mean) / scale, -limit, limit), 0.0)


def _raw(values: FloatMatrix, reads: Reads, level: IntVector) -> FloatMatrix:
    match reads:
        case Reads.VALUE:
            return values
        case Reads.LOG:
            return np.log1p(np.maximum(values, 0.0))
        case Reads.MISSING:
            return np.asarray(np.isnan(values), dtype=np.float64)
        case Reads.LEVEL:
            return np.asarray(values == level, dtype=np.float64)
