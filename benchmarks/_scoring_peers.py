"""The peers of the quality benchmark: five libraries at their defaults, given the same encoded columns. Measures nothing."""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.dataset import Schema, encode, infer_schema

PEERS = ("logistic", "LightGBM", "HistGB", "CatBoost", "XGBoost")
_MODULES = {"CatBoost": "catboost", "XGBoost": "xgboost"}
_MISSING_LEVEL = -1

Predict = Callable[[pl.DataFrame], FloatVector]


def absent_peers() -> dict[str, str]:
    """Return peers that are not installed, and why they are not measured."""
    return {
        peer: f"{module} is not installed (extra `bench`)"
        for peer, module in _MODULES.items()
        if importlib.util.find_spec(module) is None
    }


def fit_peer(name: str, frame: pl.DataFrame, labels: BoolVector) -> Predict:
    """Fit one peer at its library's defaults: categories native where the library has them, one-hot otherwise.

    Every peer reads the columns that we read, with the same levels, and its own default for everything else.
    """
    schema = infer_schema(frame)
    x = encode(frame, schema)
    predict = {
        "logistic": _logistic, "LightGBM": _lightgbm, "HistGB": _hist, "CatBoost": _catboost, "XGBoost": _xgboost,
    }[name](x, labels, schema)  # fmt: skip
    return partial(_encoded, predict, schema)


def _encoded(predict: Callable[[FloatMatrix], Any], schema: Schema, frame: pl.DataFrame) -> FloatVector:
    return np.asarray(predict(encode(frame, schema)), dtype=np.float64)


def _logistic(x: FloatMatrix, labels: BoolVector, schema: Schema) -> Callable[[FloatMatrix], Any]:
    levels = {i: np.unique(x[:, i][np.isfinite(x[:, i])]) for i in schema.categorical}
    means = np.nanmean(x, axis=0)

    def design(matrix: FloatMatrix) -> FloatMatrix:
        columns = []
        for i in range(matrix.shape[1]):
            if i in levels:
                columns += [matrix[:, i] == level for level in levels[i]]
            else:
                columns.append(np.where(np.isfinite(matrix[:, i]), matrix[:, i], means[i]))
        return np.column_stack(columns).astype(np.float64)

    raw = design(x)
    mean, scale = raw.mean(axis=0), raw.std(axis=0)
    varies = scale > 0
    model = LogisticRegression(max_iter=1000).fit((raw[:, varies] - mean[varies]) / scale[varies], labels)
    return lambda matrix: model.predict_proba((design(matrix)[:, varies] - mean[varies]) / scale[varies])[:, 1]


def _lightgbm(x: FloatMatrix, labels: BoolVector, schema: Schema) -> Callable[[FloatMatrix], Any]:
    model = lgb.LGBMClassifier(verbose=-1, n_jobs=1).fit(x, labels, categorical_feature=schema.categorical or "auto")
    booster: Any = model.booster_
    return lambda matrix: booster.predict(matrix, num_threads=1)


def _hist(x: FloatMatrix, labels: BoolVector, schema: Schema) -> Callable[[FloatMatrix], Any]:
    model = HistGradientBoostingClassifier(categorical_features=schema.categorical or None).fit(x, labels)
    return lambda matrix: model.predict_proba(matrix)[:, 1]


def _catboost(x: FloatMatrix, labels: BoolVector, schema: Schema) -> Callable[[FloatMatrix], Any]:
    import catboost  # a peer, not in the product

    numbers = [i for i in range(x.shape[1]) if i not in schema.categorical]

    def pool(matrix: FloatMatrix, labels: BoolVector | None = None) -> Any:
        levels = np.nan_to_num(matrix[:, schema.categorical], nan=_MISSING_LEVEL).astype(np.int64)
        data = catboost.FeaturesData(
            num_feature_data=matrix[:, numbers].astype(np.float32) if numbers else None,
            cat_feature_data=levels.astype(str).astype(bytes).astype(object) if schema.categorical else None,
        )
        return catboost.Pool(data, label=None if labels is None else labels.astype(int))

    model = catboost.CatBoostClassifier(verbose=0, thread_count=1, random_seed=0, allow_writing_files=False)
    model.fit(pool(x, labels))
    return lambda matrix: model.predict_proba(pool(matrix))[:, 1]


def _xgboost(x: FloatMatrix, labels: BoolVector, schema: Schema) -> Callable[[FloatMatrix], Any]:
    import xgboost  # a peer, not in the product

    types = ["c" if i in schema.categorical else "q" for i in range(x.shape[1])]
    model = xgboost.XGBClassifier(enable_categorical=True, feature_types=types, tree_method="hist", n_jobs=1)
    model.fit(x, labels)
    return lambda matrix: model.predict_proba(matrix)[:, 1]
