"""A score abstains where little is measured, where a lead is unlike any seen, and where the bounds say nothing."""

import numpy as np
import polars as pl
import pytest

from tools.scoring.calibration import sigmoid
from tools.scoring.dataset import encode
from tools.scoring.learning.abstention import abstention
from tools.scoring.model import TrainedModel, untrained_model
from tools.scoring.training import train


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(900, 3))
    frame = pl.DataFrame({"visits": x[:, 0], "calls": x[:, 1], "age": x[:, 2]})
    return train(frame, rng.random(900) < sigmoid(1.5 * x[:, 0] + 0.5 * x[:, 1] - 1), None, rng=rng)


def judge(model: TrainedModel, **values) -> str | None:
    frame = pl.DataFrame({name: [value] for name, value in values.items()}, schema=dict.fromkeys(values, pl.Float64))
    prediction = model.predict(frame)
    row = encode(frame, model.schema)[0]
    return abstention(float(prediction.low[0]), float(prediction.high[0]), row, model)


def test_an_ordinary_lead_is_scored(model):
    assert judge(model, visits=0.3, calls=-0.5, age=1.0) is None


def test_a_lead_of_which_nothing_is_measured_is_not(model):
    assert "0 of 3 facts measured" in judge(model, visits=None, calls=None, age=None)


def test_a_lead_far_from_all_that_was_seen_is_not(model):
    assert "visits" in judge(model, visits=60.0, calls=0.0, age=0.0)


def test_a_column_that_hardly_counts_may_be_far(model):
    assert judge(model, visits=0.3, calls=-0.5, age=60.0) is None


def test_bounds_that_span_cold_and_hot_say_nothing(model):
    row = np.zeros(3)
    assert "too wide" in abstention(0.02, 0.4, row, model)
    assert abstention(0.1, 0.2, row, model) is None


def test_rules_answer_from_the_first_lead():
    assert judge(untrained_model(), replies_7d=2.0, has_phone=1.0, days_since_inbound=2.0) is None


def test_every_reason_has_at_most_25_words(model):
    said = [judge(model, visits=None, calls=None, age=None), judge(model, visits=60.0, calls=0.0, age=0.0)]
    said.append(abstention(0.02, 0.4, np.zeros(3), model))
    assert max(len(text.split()) for text in said) <= 25
