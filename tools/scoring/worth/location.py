"""Where the middle of a lead's log value or log time lies: four models, each a rung above the one before. Pure: no clock, no I/O."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

import lightgbm as lgb
import numpy as np
from scipy.stats import skew

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.dataset import Kind, Schema
from tools.scoring.worth.grouping import Grouping, shrink
from tools.scoring.worth.weighted import weighted_median

_SKEWED = 1.0
_FARTHEST = 4.0
_PENALTIES = (10.0, 100.0, 1000.0, 10_000.0)
_MAX_ROUNDS, _PATIENCE = 300, 20
_BOOSTING: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 7,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.6,
    "lambda_l2": 5.0,
    "cat_smooth": 20.0,
    "cat_l2": 20.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class Middle(StrEnum):
    """A rung: how the middle is found."""

    OVERALL = "overall"
    GROUPS = "groups"
    LINEAR = "linear"
    GBM = "gbm"


class Location(Protocol):
    """A fitted rung."""

    def at(self, matrix: FloatMatrix) -> FloatVector:
        """Return the middle of each row, shape (n_rows,)."""
        ...

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        ...


@dataclass(frozen=True)
class GroupLocation:
    """A median for each group; with one group the median of all."""

    grouping: Grouping
    medians: FloatVector

    def at(self, matrix: FloatMatrix) -> FloatVector:
        """Return the middle of each row, shape (n_rows,)."""
        return np.asarray(self.medians[self.grouping.of(matrix)], dtype=np.float64)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {"grouping": self.grouping.model_dump(mode="json"), "medians": self.medians.tolist()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        return cls(Grouping.model_validate(plain["grouping"]), np.array(plain["medians"]))


@dataclass(frozen=True)
class LinearLocation:
    """A sum over standardised numbers and the levels of categories.

    Attributes:
        intercept: The middle of the average row.
        numbers: Shape (n_numbers,). Positions of the numbers and flags in the matrix.
        long_tailed: Shape (n_numbers,). Read as log(1 + x).
        mean, scale, weight: Shape (n_numbers,).
        missing: Shape (n_numbers,). What a number that is not measured adds.
        categories: Shape (n_categories,). Positions of the categories.
        first: Shape (n_categories,). Where each category's levels begin in `levels`; its first entry is "not measured".
        levels: Shape (n_levels,). What each level adds.
    """

    intercept: float
    numbers: np.ndarray[Any, np.dtype[np.int64]]
    long_tailed: BoolVector
    mean: FloatVector
    scale: FloatVector
    weight: FloatVector
    missing: FloatVector
    categories: np.ndarray[Any, np.dtype[np.int64]]
    first: np.ndarray[Any, np.dtype[np.int64]]
    levels: FloatVector

    def at(self, matrix: FloatMatrix) -> FloatVector:
        """Return the middle of each row, shape (n_rows,)."""
        z, unknown = _standardised(matrix[:, self.numbers], self.long_tailed, self.mean, self.scale)
        total = self.intercept + z @ self.weight + unknown @ self.missing
        if len(self.categories):
            codes = matrix[:, self.categories]
            position = self.first + np.where(np.isnan(codes), 0, codes + 1).astype(np.int64)
            total = total + self.levels[position].sum(axis=1)
        return np.asarray(total, dtype=np.float64)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        arrays = {name: value.tolist() for name, value in vars(self).items() if name != "intercept"}
        return {"intercept": self.intercept, **arrays}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        whole: dict[str, Any] = {
            "numbers": np.int64,
            "categories": np.int64,
            "first": np.int64,
            "long_tailed": np.bool_,
        }
        arrays: dict[str, Any] = {
            n: np.array(v, dtype=whole.get(n, np.float64)) for n, v in plain.items() if n != "intercept"
        }
        return cls(intercept=plain["intercept"], **arrays)


@dataclass(frozen=True)
class GbmLocation:
    """A booster of the mean on the log scale."""

    booster: lgb.Booster

    def at(self, matrix: FloatMatrix) -> FloatVector:
        """Return the middle of each row, shape (n_rows,)."""
        return np.asarray(self.booster.predict(matrix, num_threads=1), dtype=np.float64)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {"booster": self.booster.model_to_string()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        return cls(lgb.Booster(model_str=plain["booster"]))


def fit_groups(matrix: FloatMatrix, y: FloatVector, weights: FloatVector, grouping: Grouping) -> GroupLocation:
    """Fit a median for each group, shrunk towards the median of all.

    Args:
        matrix: Shape (n_rows, n_features).
        y: Shape (n_rows,). On the log scale.
        weights: Shape (n_rows,), > 0.
        grouping: Gives the groups.
    """
    overall = weighted_median(y, weights)
    group = grouping.of(matrix)
    n = np.bincount(group, minlength=grouping.size).astype(np.float64)
    own = [
        weighted_median(y[group == g], weights[group == g]) if n[g] else overall for g in range(grouping.size)
    ]  # fmt: skip
    return GroupLocation(grouping, shrink(np.array(own)[:, None], np.array([overall]), n)[:, 0])


def fit_linear_location(
    matrix: FloatMatrix, y: FloatVector, weights: FloatVector, schema: Schema, *, fit_rows: BoolVector
) -> LinearLocation:
    """Fit a ridge regression; the penalty is chosen on the rows held out, then all rows are used.

    Args:
        matrix: Shape (n_rows, n_features).
        y: Shape (n_rows,). On the log scale.
        weights: Shape (n_rows,), > 0.
        schema: Says which columns are categories.
        fit_rows: Shape (n_rows,). Rows that fit the candidates; the others choose.
    """
    is_category = np.array([column.kind is Kind.CATEGORY for column in schema.columns], dtype=np.bool_)
    numbers, categories = np.flatnonzero(~is_category), np.flatnonzero(is_category)
    values = matrix[:, numbers]
    long_tailed = np.array([_is_long_tailed(values[:, i]) for i in range(len(numbers))], dtype=np.bool_)
    read = np.where(long_tailed, np.log1p(np.maximum(values, 0.0)), values)
    counts = np.maximum(np.isfinite(read).sum(axis=0), 1)
    mean = np.nansum(read, axis=0) / counts
    spread = np.sqrt(np.nansum((read - mean) ** 2, axis=0) / counts)
    scale = np.where(spread > 0, spread, np.inf)
    z, unknown = _standardised(values, long_tailed, mean, scale)
    sizes = np.array([len(schema.columns[i].levels) + 2 for i in categories], dtype=np.int64)
    first = np.cumsum(sizes) - sizes
    design = np.column_stack([z, unknown, _one_hot(matrix[:, categories], first, int(sizes.sum()))])
    centre = np.average(design, axis=0, weights=weights)
    x = design - centre
    held = ~fit_rows
    penalty = _PENALTIES[1]
    if held.any() and fit_rows.any():
        tried = _ridge(x[fit_rows], y[fit_rows], weights[fit_rows], _PENALTIES)
        middle = np.average(y[fit_rows], weights=weights[fit_rows])
        misses = (y[held] - middle - tried @ x[held].T) ** 2
        penalty = _PENALTIES[int(np.argmin(misses @ weights[held]))]
    coefficients = _ridge(x, y, weights, (penalty,))[0]
    n = len(numbers)
    return LinearLocation(
        intercept=float(np.average(y, weights=weights) - centre @ coefficients),
        numbers=numbers,
        long_tailed=long_tailed,
        mean=mean,
        scale=np.where(np.isfinite(scale), scale, 1e300),
        weight=coefficients[:n],
        missing=coefficients[n : 2 * n],
        categories=categories,
        first=first,
        levels=coefficients[2 * n :],
    )


def fit_gbm_location(
    matrix: FloatMatrix, y: FloatVector, weights: FloatVector, schema: Schema, *, fit_rows: BoolVector, seed: int
) -> GbmLocation:
    """Fit a small booster; the number of trees is chosen on the rows held out, then all rows are used.

    Args:
        matrix: Shape (n_rows, n_features).
        y: Shape (n_rows,). On the log scale.
        weights: Shape (n_rows,), > 0.
        schema: Says which columns are categories.
        fit_rows: Shape (n_rows,). Rows that fit while the others say when to stop.
        seed: Of the column samples.
    """
    params = {**_BOOSTING, "seed": seed}
    names = [f"f{i}" for i in range(len(schema.columns))]

    def dataset(rows: BoolVector, reference: lgb.Dataset | None = None) -> lgb.Dataset:
        return lgb.Dataset(
            matrix[rows], y[rows], weight=weights[rows], categorical_feature=schema.categorical, feature_name=names,
            reference=reference, params={"verbosity": -1},
        )  # fmt: skip

    fitting = dataset(fit_rows)
    watched = lgb.train(
        params, fitting, _MAX_ROUNDS, valid_sets=[dataset(~fit_rows, fitting)],
        callbacks=[lgb.early_stopping(_PATIENCE, verbose=False)],
    )  # fmt: skip
    everything = dataset(np.ones(len(y), dtype=np.bool_))
    return GbmLocation(lgb.train(params, everything, max(1, watched.best_iteration)))


def location_from_plain(middle: Middle, plain: dict[str, Any]) -> Location:
    """Rebuild a rung's location from its plain parts."""
    match middle:
        case Middle.OVERALL | Middle.GROUPS:
            return GroupLocation.from_plain(plain)
        case Middle.LINEAR:
            return LinearLocation.from_plain(plain)
        case Middle.GBM:
            return GbmLocation.from_plain(plain)


def _standardised(
    values: FloatMatrix, long_tailed: BoolVector, mean: FloatVector, scale: FloatVector
) -> tuple[FloatMatrix, FloatMatrix]:
    unknown = np.isnan(values)
    read = np.where(long_tailed, np.log1p(np.maximum(values, 0.0)), values)
    z = np.minimum(np.maximum((read - mean) / scale, -_FARTHEST), _FARTHEST)
    z[unknown] = 0.0
    return z, unknown.astype(np.float64)


def _is_long_tailed(values: FloatVector) -> bool:
    seen = values[np.isfinite(values)]
    return bool(len(seen) > 0 and seen.min() >= 0 and seen.std() > 0 and skew(seen) > _SKEWED)


def _one_hot(codes: FloatMatrix, first: np.ndarray[Any, np.dtype[np.int64]], n_levels: int) -> FloatMatrix:
    table = np.zeros((len(codes), n_levels))
    position = first + np.where(np.isnan(codes), 0, codes + 1).astype(np.int64)
    table[np.arange(len(codes))[:, None], position] = 1.0
    return table


def _ridge(x: FloatMatrix, y: FloatVector, weights: FloatVector, penalties: tuple[float, ...]) -> FloatMatrix:
    """Return the coefficients for each penalty, shape (n_penalties, n_columns).

    Weights are scaled to a mean of 1, so a penalty is in rows. Columns that never vary get 0.
    """
    relative = weights / weights.mean()
    varies = np.ptp(x, axis=0) > 0
    kept = x[:, varies]
    pull = kept.T @ (relative * (y - np.average(y, weights=weights)))
    strength, direction = np.linalg.eigh(kept.T @ (kept * relative[:, None]))
    along = direction.T @ pull
    coefficients = np.zeros((len(penalties), x.shape[1]))
    coefficients[:, varies] = [direction @ (along / (strength + penalty)) for penalty in penalties]
    return coefficients
