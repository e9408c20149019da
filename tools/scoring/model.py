"""A trained model: features in, calibrated probabilities with bounds out. Pure: no clock, no I/O."""

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import polars as pl

from domain.scores import Rung
from domain.values import Value
from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.calibration import Calibrator, identity, sigmoid
from tools.scoring.dataset import Schema, encode
from tools.scoring.evidence import Evidence
from tools.scoring.gbm import GbmModel
from tools.scoring.intervals import VennAbers
from tools.scoring.linear import LinearModel
from tools.scoring.rules import PRIOR_RATE, RulesModel, rules_schema

UNTESTED_MARGIN = 1.0
"""Log-odds on either side of a probability that no outcome has tested yet."""


class Ranker(Protocol):
    """A rung's model: adds up log-odds by feature."""

    def log_odds(self, matrix: FloatMatrix) -> FloatVector:
        """Return log-odds, shape (n_rows,)."""
        ...

    def contributions(self, matrix: FloatMatrix) -> FloatMatrix:
        """Return log-odds by feature, shape (n_rows, n_features + 1), the last column common to all rows."""
        ...

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts from which it can be rebuilt."""
        ...


class BaseRate(Value):
    """Share converted among the labelled leads, with its 95 % Wilson interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, won: int, rows: int) -> Self:
        """Compute it; without rows the prior rate, and [0, 1]."""
        if rows == 0:
            return cls(value=PRIOR_RATE, low=0.0, high=1.0)
        z = 1.959964
        p = won / rows
        middle = (p + z**2 / (2 * rows)) / (1 + z**2 / rows)
        half = z * np.sqrt(p * (1 - p) / rows + z**2 / (4 * rows**2)) / (1 + z**2 / rows)
        return cls(value=p, low=max(0.0, min(p, middle - half)), high=min(1.0, max(p, middle + half)))


@dataclass(frozen=True)
class Prediction:
    """Probabilities of rows with what explains them.

    Attributes:
        p: Shape (n_rows,). Calibrated probability.
        low: Shape (n_rows,). At most `p`.
        high: Shape (n_rows,). At least `p`.
        matrix: Shape (n_rows, n_features). What the model read.
    """

    p: FloatVector
    low: FloatVector
    high: FloatVector
    matrix: FloatMatrix


@dataclass(frozen=True)
class TrainedModel:
    """One rung's model with its calibration and the evidence for it.

    Attributes:
        schema: Columns it reads.
        rung: Which rung of the ladder it is.
        ranker: The rung's model.
        calibrator: Log-odds to probability.
        venn_abers: Bounds; None for rules that no outcome has tested.
        base_rate: Share converted in training.
        no_signal: Why it answers the base rate for everyone, if it does.
        evidence: What was measured.
    """

    schema: Schema
    rung: Rung
    ranker: Ranker
    calibrator: Calibrator
    venn_abers: VennAbers | None
    base_rate: BaseRate
    no_signal: str | None
    evidence: Evidence

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Predict rows of a feature table; columns in any order, absent ones count as not measured."""
        matrix = encode(frame, self.schema)
        if self.no_signal is not None:
            same = np.ones(len(matrix))
            base = self.base_rate
            return Prediction(base.value * same, base.low * same, base.high * same, matrix)
        log_odds = self.ranker.log_odds(matrix)
        p = self.calibrator(log_odds)
        if self.venn_abers is not None:
            low, high = self.venn_abers.bounds(log_odds, p)
        else:
            centre = np.log(p / (1 - p))
            low, high = sigmoid(centre - UNTESTED_MARGIN), sigmoid(centre + UNTESTED_MARGIN)
        return Prediction(p, low, high, matrix)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {
            "schema": self.schema.model_dump(mode="json"),
            "rung": self.rung.value,
            "ranker": self.ranker.to_plain(),
            "calibrator": self.calibrator.model_dump(mode="json"),
            "venn_abers": self.venn_abers.model_dump(mode="json") if self.venn_abers else None,
            "base_rate": self.base_rate.model_dump(mode="json"),
            "no_signal": self.no_signal,
            "evidence": self.evidence.model_dump(mode="json"),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`: predicts the same numbers."""
        schema = Schema.model_validate(plain["schema"])
        rung = Rung(plain["rung"])
        venn_abers = plain["venn_abers"]
        return cls(
            schema=schema,
            rung=rung,
            ranker=_ranker(rung, schema, plain["ranker"]),
            calibrator=Calibrator.model_validate(plain["calibrator"]),
            venn_abers=VennAbers.model_validate(venn_abers) if venn_abers else None,
            base_rate=BaseRate.model_validate(plain["base_rate"]),
            no_signal=plain["no_signal"],
            evidence=Evidence.model_validate(plain["evidence"]),
        )


def untrained_model() -> TrainedModel:
    """Return the hand-set rules, which answer before anything was trained."""
    schema = rules_schema()
    why = "no model has been trained for this market: hand-set rules answer"
    return TrainedModel(
        schema=schema,
        rung=Rung.RULES,
        ranker=RulesModel(schema),
        calibrator=identity(),
        venn_abers=None,
        base_rate=BaseRate.of(0, 0),
        no_signal=None,
        evidence=Evidence(rows=0, won=0, folds=0, why=why, calibration="none: no outcomes yet"),
    )


def _ranker(rung: Rung, schema: Schema, plain: dict[str, Any]) -> Ranker:
    match rung:
        case Rung.RULES:
            return RulesModel(schema, plain["shift"])
        case Rung.LINEAR:
            return LinearModel.from_plain(plain)
        case Rung.GBM:
            return GbmModel.from_plain(plain)
