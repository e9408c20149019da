"""Prepares what a model is trained on and what it scores, from a history or an event log. Pure: no clock, no I/O."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from domain.values import Market
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.context import MarketContext
from tools.scoring.dataset import Schema, encode
from tools.scoring.event_log import EventLog
from tools.scoring.moments import settled, training_moments
from tools.scoring.reading import KEYS
from tools.scoring.table import build_features

_NOT_READ = ("settles_at", "converted", "judged")


@dataclass(frozen=True)
class TrainingData:
    """Labelled rows in order of time, with the context their features were computed in.

    Attributes:
        table: Keys, `settles_at`, `converted`, `judged` and every feature; n_rows rows.
        context: What the market's past says, with the ranges of this table.
    """

    table: pl.DataFrame
    context: MarketContext

    @property
    def frame(self) -> pl.DataFrame:
        """Feature columns only."""
        return self.table.drop(*KEYS, *_NOT_READ)

    @property
    def labels(self) -> BoolVector:
        """Shape (n_rows,). Whether each converted."""
        return self.table.get_column("converted").to_numpy().astype(np.bool_)

    @property
    def times(self) -> FloatVector:
        """Shape (n_rows,). Moment of each row in seconds since 1970."""
        return _seconds(self.table.get_column("as_of"))

    @property
    def settles_at(self) -> FloatVector:
        """Shape (n_rows,). When each label was known, in seconds since 1970."""
        return _seconds(self.table.get_column("settles_at"))

    @property
    def groups(self) -> IntVector:
        """Shape (n_rows,). Rows of one lead share a number from 0."""
        return self.table.get_column("lead_id").rank("dense").to_numpy().astype(np.int64) - 1

    @property
    def judged(self) -> BoolVector:
        """Shape (n_rows,). Rows on which models are compared, one a lead."""
        return self.table.get_column("judged").to_numpy().astype(np.bool_)


def prepare_training_data(usable: pl.DataFrame, history: pl.DataFrame, outcomes: pl.DataFrame) -> TrainingData:
    """Compute the features of labelled moments.

    Args:
        usable: What `settled` leaves of `training_moments`.
        history: `HISTORY_SCHEMA`, at these moments.
        outcomes: `OUTCOMES_SCHEMA`, up to the moment of the training.
    """
    context = MarketContext.of(history, outcomes)
    table = usable.join(build_features(history, context), on=KEYS, how="inner").sort("as_of", "lead_id")
    return TrainingData(table, context.with_ranges(table.drop(*KEYS, *_NOT_READ)))


def prepare_offline_training(log: EventLog, market: Market, *, now: datetime) -> TrainingData:
    """Do the same from a log in memory, with everything that was settled before a moment."""
    outcomes = log.outcomes(market, before=now)
    usable = settled(training_moments(outcomes, now=now), now=now)
    return prepare_training_data(usable, log.known_before(usable.select(KEYS)), outcomes)


def extract_features(log: EventLog, moments: pl.DataFrame, context: MarketContext) -> pl.DataFrame:
    """Compute the features of leads at moments from a log in memory.

    Args:
        log: The log.
        moments: `MOMENTS_SCHEMA`.
        context: The context that the model was trained with.

    Returns:
        What `build_features` returns.
    """
    return build_features(log.known_before(moments.select(KEYS)), context)


def prepare_scoring_data(
    history: pl.DataFrame, context: MarketContext, schema: Schema
) -> tuple[pl.DataFrame, FloatMatrix]:
    """Compute the features of a history and the matrix that a model reads.

    Args:
        history: `HISTORY_SCHEMA`.
        context: The context that the model was trained with.
        schema: The model's.

    Returns:
        The feature table, one row per (lead, moment), and its matrix, shape (n_rows, n_features).
    """
    features = build_features(history, context)
    return features, encode(features, schema)


def _seconds(moments: pl.Series) -> FloatVector:
    return np.asarray(moments.dt.epoch("us").to_numpy() / 1e6, dtype=np.float64)
