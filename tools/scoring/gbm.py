"""The third rung: LightGBM with modest settings, its number of trees chosen on rows held out. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import lightgbm as lgb
import numpy as np

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.dataset import Schema
from tools.scoring.folds import Fold

MAX_ROUNDS = 400
"""Trees of one booster at most: a stack of two must still be scored in tens of microseconds."""

PATIENCE = 40
SERVING_THREADS = 1

_COMMON: Mapping[str, Any] = {
    "objective": "binary",
    "num_leaves": 12,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class Style(StrEnum):
    """How trees read categories. Two styles err on different leads, which is what a stack lives on."""

    GROUPED = "grouped"
    """Levels are sorted by their rate and cut once: strong where there are many."""

    ONE_HOT = "one_hot"
    """One level against all others, with fewer columns tried at each tree."""

    DEEP = "deep"
    """One level against all others in large trees: for few rows that nearly repeat each other, as deals of few sellers
    do. Several are averaged."""


SETTINGS: Mapping[Style, Mapping[str, Any]] = {
    Style.GROUPED: {
        "learning_rate": 0.04,
        "min_data_in_leaf": 30,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "cat_smooth": 20.0,
        "cat_l2": 20.0,
        "max_cat_to_onehot": 8,
    },
    Style.ONE_HOT: {
        "learning_rate": 0.04,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.7,
        "max_cat_to_onehot": 64,
    },
    Style.DEEP: {
        "learning_rate": 0.04,
        "num_leaves": 31,
        "min_data_in_leaf": 3,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "lambda_l2": 1.0,
        "max_cat_to_onehot": 64,
    },
}


@dataclass(frozen=True)
class GbmModel:
    """A trained booster."""

    booster: lgb.Booster

    def log_odds(self, matrix: FloatMatrix) -> FloatVector:
        """Return log-odds, shape (n_rows,)."""
        return np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=SERVING_THREADS))

    def contributions(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return TreeSHAP values, shape (n_rows, n_features + 1), in log-odds; the last column is the expectation.

        Source:
            Lundberg et al., "From local explanations to global understanding with explainable AI for trees",
            Nature Machine Intelligence 2 (2020).
        """
        return np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=SERVING_THREADS))

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {"booster": self.booster.model_to_string()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`."""
        return cls(lgb.Booster(model_str=plain["booster"]))


@dataclass(frozen=True)
class Boosting:
    """How to boost: settings, seed and threads.

    Attributes:
        style: Its settings are the start.
        seed: Of the row and column samples.
        threads: At least 1; one is fastest where others use the machine too.
        tuned: Settings that replace those of the style.
    """

    style: Style
    seed: int
    threads: int
    tuned: tuple[tuple[str, float], ...] = ()

    @property
    def params(self) -> dict[str, Any]:
        """What LightGBM is given."""
        style = SETTINGS[self.style]
        return {**_COMMON, **style, **dict(self.tuned), "seed": self.seed, "num_threads": self.threads}


def fit_gbm(matrix: FloatMatrix, labels: BoolVector, schema: Schema, boosting: Boosting, *, rounds: int) -> GbmModel:
    """Fit a given number of trees on all rows.

    Args:
        matrix: Shape (n_rows, n_features).
        labels: Shape (n_rows,).
        schema: Says which columns are categories.
        boosting: How.
        rounds: Trees, at least 1.
    """
    return GbmModel(lgb.train(boosting.params, _dataset(matrix, labels, schema), rounds))


def fit_watched(
    matrix: FloatMatrix, labels: BoolVector, schema: Schema, boosting: Boosting, *, fit_rows: BoolVector
) -> tuple[GbmModel, int]:
    """Fit on some rows until the others stop gaining; returns the model of its best trees, and how many these are."""
    booster, curve = _watch(_dataset(matrix, labels, schema), Fold(fit_rows, ~fit_rows), boosting)
    rounds = int(np.argmin(curve)) + 1
    return GbmModel(lgb.Booster(model_str=booster.model_to_string(num_iteration=rounds))), rounds


def crossfit_gbm(
    matrix: FloatMatrix, labels: BoolVector, schema: Schema, boosting: Boosting, folds: Sequence[Fold]
) -> tuple[FloatVector, int]:
    """Predict each fold by trees fitted without it, and choose the number of trees on the way.

    The number of trees for a fold is the best of the other folds, so that no row has a say in its own prediction; the
    number for the final model is the best of all.

    Returns:
        Log-odds of shape (n_rows,), NaN where no fold tests a row; and the number of trees.
    """
    whole = _dataset(matrix, labels, schema)
    watched = [_watch(whole, fold, boosting) for fold in folds]
    length = min(len(curve) for _, curve in watched)
    curves = np.array([curve[:length] for _, curve in watched])
    log_odds = np.full(len(labels), np.nan)
    for k, (fold, (booster, _)) in enumerate(zip(folds, watched, strict=True)):
        others = np.delete(curves, k, axis=0) if len(folds) > 1 else curves
        rounds = int(np.argmin(others.mean(axis=0))) + 1
        log_odds[fold.test] = booster.predict(
            matrix[fold.test], raw_score=True, num_iteration=rounds, num_threads=boosting.threads
        )
    return log_odds, int(np.argmin(curves.mean(axis=0))) + 1


def _watch(whole: lgb.Dataset, fold: Fold, boosting: Boosting) -> tuple[lgb.Booster, FloatVector]:
    """Boost on `fold.train` with an eye on `fold.test`; returns the booster and the log loss after each tree."""
    curve: dict[str, Any] = {}
    booster = lgb.train(
        boosting.params, whole.subset(np.flatnonzero(fold.train).tolist()), MAX_ROUNDS,
        valid_sets=[whole.subset(np.flatnonzero(fold.test).tolist())], valid_names=["held"],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False), lgb.record_evaluation(curve)],
    )  # fmt: skip
    return booster, np.array(curve["held"]["binary_logloss"])


def _dataset(matrix: FloatMatrix, labels: BoolVector, schema: Schema) -> lgb.Dataset:
    return lgb.Dataset(
        matrix,
        labels.astype(np.float64),
        categorical_feature=schema.categorical,
        feature_name=[f"f{i}" for i in range(len(schema.columns))],
        free_raw_data=False,
        params={"verbosity": -1, "feature_pre_filter": False},
    )
