"""From raw frames to training data, a model and a matrix, without a database."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from simulation.catalogue import load_market
from simulation.floor import SalesFloor, simulate
from tests.unit.scoring.conftest import START
from tools.scoring.dataset import infer_schema
from tools.scoring.event_log import EventLog, ingest_lead_data
from tools.scoring.moments import scoring_moments
from tools.scoring.preparation import TrainingData, extract_features, prepare_offline_training, prepare_scoring_data

NOW = START + timedelta(days=200)


@pytest.fixture(scope="module")
def floor() -> SalesFloor:
    return simulate(load_market("roofing"), n_leads=200, seed=5, start=START, days=220)


@pytest.fixture(scope="module")
def log(floor) -> EventLog:
    return ingest_lead_data(floor.leads, floor.interactions, floor.assignments, floor.outcomes)


@pytest.fixture(scope="module")
def data(log) -> TrainingData:
    return prepare_offline_training(log, "roofing", now=NOW)


def test_training_data_are_settled_rows_in_order_of_time(data):
    assert len(data.labels) == data.frame.height == len(data.times) > 50
    assert (data.settles_at <= NOW.timestamp()).all()
    assert (np.diff(data.times) >= 0).all()
    assert np.bincount(data.groups[data.judged]).max() == 1


def test_training_data_hold_no_key_and_no_label(data):
    assert not {"lead_id", "as_of", "settles_at", "converted", "judged"} & set(data.frame.columns)


def test_the_context_has_the_ranges_of_its_table(data):
    low, high = data.context.ranges.usual["lead_age_days"]
    assert low <= 0.0
    assert high >= 14.0


def test_scoring_data_have_the_columns_of_the_training(log, data):
    later = scoring_moments(log.outcomes("roofing", before=NOW), now=NOW, days=(0,)).head(20)
    schema = infer_schema(data.frame)
    features, matrix = prepare_scoring_data(log.known_before(later), data.context, schema)
    assert matrix.shape == (20, len(schema.columns))
    assert features.equals(extract_features(log, later, data.context))


def test_features_of_the_text_are_measured_where_the_floor_speaks(data):
    measured = data.frame.select(pl.col("questions_total", "message_words_mean").is_not_null().any()).row(0)
    assert measured == (True, True)
