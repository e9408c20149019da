"""The third rung: LightGBM with modest settings and early stopping on the newest rows. Pure: no clock, no I/O."""

from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import numpy as np

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.dataset import Schema

MAX_ROUNDS = 600
PATIENCE = 40
SERVING_THREADS = 1

_SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 12,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "cat_smooth": 20.0,
    "cat_l2": 20.0,
    "max_cat_to_onehot": 8,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
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


def fit_gbm(
    matrix: FloatMatrix, labels: BoolVector, schema: Schema, *, fit_rows: BoolVector, seed: int, threads: int
) -> GbmModel:
    """Fit: the number of trees is chosen on the rows held out, then all rows are used.

    Args:
        matrix: Shape (n_rows, n_features).
        labels: Shape (n_rows,).
        schema: Says which columns are categories.
        fit_rows: Shape (n_rows,). Rows that fit while the others say when to stop.
        seed: Of the row and column samples.
        threads: At least 1; one is fastest where others use the machine too.
    """
    params = {**_SETTINGS, "seed": seed, "num_threads": threads}
    held = ~fit_rows
    fit_set = _dataset(matrix[fit_rows], labels[fit_rows], schema)
    watched = lgb.train(
        params, fit_set, MAX_ROUNDS,
        valid_sets=[_dataset(matrix[held], labels[held], schema, reference=fit_set)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )  # fmt: skip
    rounds = max(1, watched.best_iteration)
    return GbmModel(lgb.train(params, _dataset(matrix, labels, schema), rounds))


def _dataset(
    matrix: FloatMatrix, labels: BoolVector, schema: Schema, *, reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    return lgb.Dataset(
        matrix,
        labels.astype(np.float64),
        categorical_feature=schema.categorical,
        feature_name=[f"f{i}" for i in range(len(schema.columns))],
        reference=reference,
        params={"verbosity": -1},
    )
