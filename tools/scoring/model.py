"""A trained model: features in, calibrated probabilities with bounds out. Pure: no clock, no I/O."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl

from domain.errors import InvalidInputError
from domain.scores import Rung
from domain.values import Value
from tools.scoring.arrays import FloatMatrix, FloatVector
from tools.scoring.calibration import TWO_SIDED_95, Calibrator, identity, logit, sigmoid
from tools.scoring.coverage import RateInterval
from tools.scoring.dataset import Schema, encode
from tools.scoring.evidence import Evidence, Proof
from tools.scoring.gbm import GbmModel
from tools.scoring.learning.ranges import Ranges
from tools.scoring.learning.stack import Ranker, StackModel
from tools.scoring.linear import LinearModel
from tools.scoring.rules import PRIOR_RATE, RulesModel, rules_schema

UNTESTED_MARGIN = 1.0
"""Log-odds on either side of a probability that no outcome has tested yet."""


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
        interval: Bounds; None for rules that no outcome has tested.
        base_rate: Share converted in training.
        no_signal: Why it answers the base rate for everyone, if it does.
        evidence: What was measured.
        fallback: The highest rung below that needs no trees, with its own calibration: it answers when this one cannot
            in time. None for the rules, and where there is no signal.
        ranges: Where the training values of each column lay; None where nothing was learned.
        proof: The out-of-fold predictions behind the evidence, just after the training; not kept.
    """

    schema: Schema
    rung: Rung
    ranker: Ranker
    calibrator: Calibrator
    interval: RateInterval | None
    base_rate: BaseRate
    no_signal: str | None
    evidence: Evidence
    fallback: "TrainedModel | None" = None
    ranges: Ranges | None = None
    proof: Proof | None = field(default=None, compare=False, repr=False)

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Predict rows of a feature table; columns in any order, absent ones count as not measured."""
        return self.predict_matrix(encode(frame, self.schema))

    def predict_matrix(self, matrix: FloatMatrix) -> Prediction:
        """Predict encoded rows, shape (n_rows, n_features) in the order of the schema."""
        if self.no_signal is not None:
            same = np.ones(len(matrix))
            base = self.base_rate
            return Prediction(base.value * same, base.low * same, base.high * same, matrix)
        log_odds = self.ranker.log_odds(matrix)
        as_trained = self.calibrator.as_trained(log_odds)
        low, high = self._bounds(matrix, log_odds, as_trained)
        low, high = self.calibrator.move(low, high)
        p = self.calibrator(log_odds)
        return Prediction(p, np.minimum(low, p), np.maximum(high, p), matrix)

    def _bounds(self, matrix: FloatMatrix, log_odds: FloatVector, p: FloatVector) -> tuple[FloatVector, FloatVector]:
        """Bounds around the map of training: at a level, and as wide as the posterior where one is kept."""
        low, high = (p, p) if self.interval is None else self.interval.bounds(log_odds, p)
        if isinstance(self.ranker, LinearModel):
            margin = TWO_SIDED_95 * self.ranker.spread(matrix)
        else:
            margin = np.full(len(p), UNTESTED_MARGIN if self.interval is None else 0.0)
        return np.minimum(low, sigmoid(logit(p) - margin)), np.maximum(high, sigmoid(logit(p) + margin))

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-plain parts."""
        return {
            "schema": self.schema.model_dump(mode="json"),
            "rung": self.rung.value,
            "ranker": {"kind": type(self.ranker).__name__, **self.ranker.to_plain()},
            "calibrator": self.calibrator.model_dump(mode="json"),
            "interval": self.interval.model_dump(mode="json") if self.interval else None,
            "base_rate": self.base_rate.model_dump(mode="json"),
            "no_signal": self.no_signal,
            "evidence": self.evidence.model_dump(mode="json"),
            "fallback": self.fallback.to_plain() if self.fallback else None,
            "ranges": self.ranges.model_dump(mode="json") if self.ranges else None,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Rebuild from `to_plain`: predicts the same numbers."""
        schema = Schema.model_validate(plain["schema"])
        interval = plain["interval"]
        return cls(
            schema=schema,
            rung=Rung(plain["rung"]),
            ranker=_ranker(schema, plain["ranker"]),
            calibrator=Calibrator.model_validate(plain["calibrator"]),
            interval=RateInterval.model_validate(interval) if interval else None,
            base_rate=BaseRate.model_validate(plain["base_rate"]),
            no_signal=plain["no_signal"],
            evidence=Evidence.model_validate(plain["evidence"]),
            fallback=cls.from_plain(plain["fallback"]) if plain["fallback"] else None,
            ranges=Ranges.model_validate(plain["ranges"]) if plain["ranges"] else None,
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
        interval=None,
        base_rate=BaseRate.of(0, 0),
        no_signal=None,
        evidence=Evidence(rows=0, won=0, folds=0, why=why, calibration="none: no outcomes yet"),
    )


def _ranker(schema: Schema, plain: dict[str, Any]) -> Ranker:
    match plain["kind"]:
        case "RulesModel":
            return RulesModel(schema, plain["shift"])
        case "LinearModel":
            return LinearModel.from_plain(plain)
        case "GbmModel":
            return GbmModel.from_plain(plain)
        case "StackModel":
            members = tuple(_ranker(schema, member) for member in plain["members"])
            return StackModel(members, tuple(plain["weights"]), plain["intercept"])
        case unknown:
            raise InvalidInputError("ranker.kind", unknown, "is not a model this version knows; train again")
