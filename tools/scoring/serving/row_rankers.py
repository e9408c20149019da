"""Rankers prepared for one row at a time: the same numbers as on a matrix, at a request's cost. Fits nothing. Pure."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import sqrt
from typing import Protocol

import numpy as np

from tools.scoring.arrays import FloatVector
from tools.scoring.gbm import GbmModel
from tools.scoring.learning.stack import Ranker, StackModel
from tools.scoring.linear import FARTHEST, LinearModel, Reads
from tools.scoring.rules import RulesModel
from tools.scoring.serving.fast_booster import FastBooster

Row = Sequence[float]
"""One row of a model's matrix as plain floats; NaN is "not measured"."""

_PROMPT_TREES = 3_000
"""At some 60 ns a tree."""


class RowRanker(Protocol):
    """A rung's model for single rows.

    Attributes:
        is_prompt: Whether a score is known to take less than a millisecond, so that it need not leave the caller's
            thread.
    """

    is_prompt: bool

    def log_odds(self, row: Row) -> float:
        """Return the log-odds of a row of length n_features."""
        ...

    def contributions(self, row: Row) -> FloatVector:
        """Return log-odds by feature, shape (n_features + 1,), the last entry common to all rows."""
        ...


def prepare(ranker: Ranker) -> RowRanker:
    """Prepare a ranker for single rows; one of a kind unknown here is asked with a matrix of one row."""
    match ranker:
        case GbmModel():
            return _Boosted(ranker)
        case LinearModel():
            return PreparedLinear(ranker)
        case RulesModel():
            return _Rules(ranker)
        case StackModel():
            return _Stack(ranker)
        case _:
            return _Matrixwise(ranker)


class _Boosted:
    def __init__(self, model: GbmModel) -> None:
        booster = FastBooster(model.booster)
        self.is_prompt = booster.is_fast and model.booster.num_trees() <= _PROMPT_TREES
        self.log_odds = booster.raw_score
        self.contributions = booster.contributions


class _Rules:
    """The rules themselves: a dozen comparisons cost little, and they answer where nothing else can."""

    is_prompt = True

    def __init__(self, model: RulesModel) -> None:
        self._model = model

    def log_odds(self, row: Row) -> float:
        return float(self.contributions(row).sum())

    def contributions(self, row: Row) -> FloatVector:
        return np.asarray(self._model.contributions(np.array([row], dtype=np.float64))[0])


class PreparedLinear:
    """The linear model's terms sorted by what they read, so that each kind is one array operation."""

    is_prompt = True

    def __init__(self, model: LinearModel) -> None:
        kinds = list(Reads)
        place = sorted(range(len(model.terms)), key=lambda i: kinds.index(model.terms[i].reads))
        order = [model.terms[i] for i in place]
        column = np.array([term.feature for term in order], dtype=np.intp)
        ends = accumulate(sum(term.reads is reads for term in order) for reads in kinds)
        parts = dict(zip(Reads, (slice(a, b) for a, b in pairwise((0, *ends))), strict=True))
        self._column, self._n, self._intercept = column, model.n_features, model.intercept
        self._log, self._missing, self._level = parts[Reads.LOG], parts[Reads.MISSING], parts[Reads.LEVEL]
        self._points = parts[Reads.POINTS]
        self._bands = [(term.feature, term.bands) for term in order if term.reads is Reads.POINTS]
        self._levels = np.array([term.level for term in order], dtype=np.float64)[self._level]
        self._mean = np.array([term.mean for term in order])
        self._scale = np.array([term.scale for term in order])
        is_free = [term.reads in (Reads.VALUE, Reads.LOG) for term in order]
        self._limit = np.where(is_free, FARTHEST, np.inf)
        self._weight = np.array([term.weight for term in order])
        place.append(len(order))
        self._covariance = np.array(model.covariance)[np.ix_(place, place)] if model.covariance else np.empty((0, 0))

    def log_odds(self, row: Row) -> float:
        """Return the row's log-odds."""
        return float(self._intercept + self._standardised(row) @ self._weight)

    def spread(self, row: Row) -> float:
        """Return the posterior standard deviation of the row's log-odds; 0 where none is kept."""
        if not len(self._covariance):
            return 0.0
        x = np.append(self._standardised(row), 1.0)
        return float(sqrt(x @ self._covariance @ x))

    def contributions(self, row: Row) -> FloatVector:
        """Return log-odds by feature against the average lead, the intercept last."""
        weighted = self._standardised(row) * self._weight
        parts = np.asarray(np.bincount(self._column, weighted, minlength=self._n + 1), dtype=np.float64)
        parts[-1] = self._intercept
        return parts

    def _standardised(self, row: Row) -> FloatVector:
        raw = np.array(row, dtype=np.float64)[self._column]
        raw[self._log] = np.log1p(np.maximum(raw[self._log], 0.0))
        raw[self._missing] = np.isnan(raw[self._missing])
        raw[self._level] = raw[self._level] == self._levels
        raw[self._points] = [_points(row[feature], bands) for feature, bands in self._bands]
        raw[~np.isfinite(raw)] = np.nan
        z = (raw - self._mean) / self._scale
        np.minimum(np.maximum(z, -self._limit, out=z), self._limit, out=z)
        z[np.isnan(z)] = 0.0
        return np.asarray(z)


def _points(value: float, bands: Sequence[tuple[float, float, float]]) -> float:
    return sum(log_odds for at_least, below, log_odds in bands if at_least <= value < below)


class _Stack:
    def __init__(self, stack: StackModel) -> None:
        self._members = [prepare(member) for member in stack.members]
        self._weights, self._intercept = stack.weights, stack.intercept
        self.is_prompt = all(member.is_prompt for member in self._members)

    def log_odds(self, row: Row) -> float:
        pairs = zip(self._members, self._weights, strict=True)
        return self._intercept + sum(weight * member.log_odds(row) for member, weight in pairs)

    def contributions(self, row: Row) -> FloatVector:
        pairs = zip(self._members, self._weights, strict=True)
        total = np.sum([weight * member.contributions(row) for member, weight in pairs], axis=0)
        total[-1] += self._intercept
        return np.asarray(total)


class _Matrixwise:
    is_prompt = False

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker

    def log_odds(self, row: Row) -> float:
        return float(self._ranker.log_odds(np.array([row]))[0])

    def contributions(self, row: Row) -> FloatVector:
        return np.asarray(self._ranker.contributions(np.array([row]))[0])
