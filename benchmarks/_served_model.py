"""The model that the speed benchmarks serve, of the size that training makes at most, with rows and features to ask it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import lightgbm as lgb
import numpy as np

from domain.scores import Rung
from domain.values import FieldValue, Market
from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.calibration import Method, fit_calibrator
from tools.scoring.context import MarketContext
from tools.scoring.coverage import fit_interval
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.evidence import Evidence
from tools.scoring.features import FEATURES, Unit
from tools.scoring.gbm import MAX_ROUNDS, GbmModel
from tools.scoring.linear import fit_linear
from tools.scoring.model import BaseRate, TrainedModel

N_FEATURES = 50
LEAVES = 12
TREES = MAX_ROUNDS
_LEVELS = tuple(f"level {i}" for i in range(20))


@dataclass(frozen=True)
class Served:
    """A model, and rows that it has not seen.

    Attributes:
        model: Gradient boosting with an isotonic map and Venn-Abers bounds.
        matrix: Shape (n_rows, n_features).
    """

    model: TrainedModel
    matrix: FloatMatrix

    @property
    def booster(self) -> lgb.Booster:
        """The bare LightGBM model."""
        ranker = self.model.ranker
        if not isinstance(ranker, GbmModel):
            raise TypeError(f"the benchmarks serve a GbmModel, not a {type(ranker).__name__}")
        return ranker.booster

    def features(self, row: int) -> dict[str, FieldValue]:
        """Return a row by feature names, as a caller sends it; what is not measured is absent."""
        told: dict[str, FieldValue] = {}
        for column, value in zip(self.model.schema.columns, self.matrix[row].tolist(), strict=True):
            if value != value:  # noqa: PLR0124 - NaN alone differs from itself
                continue
            if column.kind is Kind.CATEGORY:
                told[column.name] = column.levels[int(value) - 1] if value else "rare"
            else:
                told[column.name] = bool(value) if column.kind is Kind.FLAG else value
        return told


def served_model(*, seed: int, rows: int = 4_000, learn: int = 20_000) -> Served:
    """Train the model on made-up rows of real features.

    Args:
        seed: Of the rows.
        rows: How many to ask it with.
        learn: How many to learn from.
    """
    rng = np.random.default_rng(seed)
    schema = _schema()
    matrix = _rows(schema, rows + learn, rng)
    effects = rng.normal(size=len(schema.columns)) * 0.6
    scaled = np.nan_to_num((matrix - np.nanmean(matrix, axis=0)) / np.nanstd(matrix, axis=0))
    log_odds = scaled @ effects / np.sqrt(len(effects)) * 3 + np.sin(3 * scaled[:, 0]) - 1.5
    labels = rng.random(len(matrix)) < 1 / (1 + np.exp(-log_odds))
    params = {
        "objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.04, "min_data_in_leaf": 30,
        "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0,
        "verbosity": -1, "num_threads": 1, "seed": seed,
    }  # fmt: skip
    learned, heard = matrix[:learn], labels[:learn]
    data = lgb.Dataset(
        learned, heard.astype(np.float64), categorical_feature=schema.categorical, params={"verbosity": -1}
    )
    ranker = GbmModel(lgb.train(params, data, TREES))
    scores = ranker.log_odds(learned)
    below = TrainedModel(
        schema=schema,
        rung=Rung.LINEAR,
        ranker=fit_linear(learned[:2_000], heard[:2_000], schema)[0],
        calibrator=fit_calibrator(Method.SIGMOID, scores, heard),
        interval=None,
        base_rate=BaseRate.of(int(heard.sum()), learn),
        no_signal=None,
        evidence=_evidence(learn, int(heard.sum())),
    )
    model = TrainedModel(
        schema=schema,
        rung=Rung.GBM,
        ranker=ranker,
        calibrator=fit_calibrator(Method.ISOTONIC, scores, heard),
        interval=fit_interval(scores, heard),
        base_rate=below.base_rate,
        no_signal=None,
        evidence=below.evidence,
        fallback=below,
    )
    return Served(model, np.ascontiguousarray(matrix[learn:]))


def _evidence(rows: int, won: int) -> Evidence:
    return Evidence(rows=rows, won=won, folds=0, why="made for a benchmark of speed", calibration="in sample")


def _schema() -> Schema:
    kinds = {Unit.CATEGORY: Kind.CATEGORY, Unit.FLAG: Kind.FLAG}
    columns = [
        Column(
            name=feature.name,
            kind=kinds.get(feature.unit, Kind.NUMBER),
            levels=_LEVELS if feature.unit is Unit.CATEGORY else (),
        )
        for feature in FEATURES
    ]
    return Schema(columns=tuple(columns[:N_FEATURES]))


def _rows(schema: Schema, n_rows: int, rng: np.random.Generator) -> FloatMatrix:

    def column(kind: Kind) -> FloatVector:
        if kind is Kind.CATEGORY:
            return rng.integers(0, len(_LEVELS) + 1, n_rows).astype(np.float64)
        if kind is Kind.FLAG:
            return np.round(rng.random(n_rows))
        return np.round(rng.gamma(1.5, 3.0, n_rows), 2)

    matrix = np.column_stack([column(each.kind) for each in schema.columns])
    matrix[rng.random(matrix.shape) < 0.1] = np.nan  # noqa: PLR2004 - a tenth is not measured
    return matrix


@dataclass(frozen=True)
class OneModel:
    """A registry of one version, which is also that version."""

    model: TrainedModel
    version: str = "benchmark"
    worth: dict[str, Any] | None = None
    reference: dict[str, Any] | None = None
    trained_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def context(self) -> MarketContext:
        """Nothing is known of the market's past."""
        return MarketContext.unknown()

    def current(self, _market: Market) -> Self:
        """Return the version."""
        return self

    def mark(self, _market: Market) -> str:
        """Return what differs when another version serves: never."""
        return self.version
