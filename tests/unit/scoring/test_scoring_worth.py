"""What a lead is worth: values in one currency, days until the win, expected value and risk."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from tools.scoring.dataset import Column, Kind, Schema
from tools.scoring.worth.deals import DEALS_SCHEMA
from tools.scoring.worth.model import WorthModel, expected_value, fit_worth, risk

SCHEMA = Schema(
    columns=(
        Column(name="lead_age_days", kind=Kind.NUMBER),
        Column(name="product", kind=Kind.CATEGORY, levels=("roof", "gutter")),
    )
)
LONG = np.linspace(299.0, 300.0, 500)
AMOUNTS = st.floats(0, 1e6)


def deals_of(n_leads, *, seed=0, scale=1.0, value=True):
    """Roofs sell for 20,000 and gutters for 1,000, at the middle; half of the time is left at an age of seven days."""
    rng = np.random.default_rng(seed)
    product = rng.integers(1, 3, n_leads)
    took = 30 * np.exp(0.5 * rng.standard_normal(n_leads))
    amount = scale * np.where(product == 1, 20_000, 1_000) * np.exp(0.5 * rng.standard_normal(n_leads))
    rows, matrix = [], []
    for age in (0.0, 7.0):
        for i in np.flatnonzero(took > age):
            rows.append(
                {"lead_id": f"lead-{i:04d}", "as_of": None, "age_days": age, "days": took[i] - age,
                 "took_days": took[i], "followed_days": 300.0 - i / n_leads, "value": amount[i] if value else None, "currency": "USD", "weight": 1.0}
            )  # fmt: skip
            matrix.append([age, product[i]])
    return np.array(matrix, dtype=np.float64).reshape(-1, 2), pl.DataFrame(rows, schema=DEALS_SCHEMA)


def fitted(n_leads=300, *, followed=LONG, **kinds):
    matrix, deals = deals_of(n_leads, **kinds)
    return fit_worth(matrix, SCHEMA, deals, followed=followed, rng=np.random.default_rng(1))


ASKED = np.array([[0.0, 1.0], [0.0, 2.0], [7.0, 1.0], [np.nan, np.nan]])


def test_values_and_days_are_ordered_positive_and_near_what_was_planted():
    said = fitted().predict(ASKED)
    for quantiles in (said.value, said.days):
        assert (np.diff(quantiles, axis=1) > 0).all()
        assert (quantiles > 0).all()
    assert said.value[0, 1] == pytest.approx(20_000, rel=0.25)
    assert said.value[1, 1] == pytest.approx(1_000, rel=0.25)
    assert said.days[0, 1] == pytest.approx(30, rel=0.2)
    assert said.days[2, 1] < said.days[0, 1]


def test_the_mean_of_a_skewed_value_lies_above_its_median_and_totals_agree():
    matrix, deals = deals_of(400)
    said = fit_worth(matrix, SCHEMA, deals, followed=LONG, rng=np.random.default_rng(1)).predict(matrix)
    assert (said.mean_value > said.value[:, 1]).all()
    assert said.mean_value.sum() == pytest.approx(deals["value"].sum(), rel=0.1)
    assert said.sd_value[0] / said.mean_value[0] == pytest.approx(np.sqrt(np.exp(0.25) - 1), rel=0.25)


def test_amounts_in_cents_are_a_hundred_times_those_in_dollars():
    dollars, cents = fitted().predict(ASKED), fitted(scale=100.0).predict(ASKED)
    assert cents.value == pytest.approx(100 * dollars.value)
    assert cents.mean_value == pytest.approx(100 * dollars.mean_value)
    assert cents.days == pytest.approx(dollars.days)


def test_a_stored_model_says_the_same():
    model = fitted()
    again = WorthModel.from_plain(json.loads(json.dumps(model.to_plain())))
    assert np.array_equal(again.predict(ASKED).value, model.predict(ASKED).value)
    assert np.array_equal(again.predict(ASKED).days, model.predict(ASKED).days)
    assert again.evidence == model.evidence


@pytest.mark.parametrize(
    ("kinds", "no_value", "no_days"),
    [
        ({"n_leads": 19}, "19 won deals with a value", "19 won deals"),
        ({"n_leads": 40, "value": False}, "0 won deals with a value", None),
        ({"n_leads": 40, "followed": np.full(90, 60.0)}, None, "followed for 60 days, 90 are needed"),
        ({"n_leads": 0}, "0 won deals with a value", "0 won deals"),
    ],
)
def test_what_cannot_be_said_has_its_reason(kinds, no_value, no_days):
    model = fitted(**kinds)
    said = model.predict(ASKED)
    for reason, wanted, part in ((model.evidence.no_value, no_value, said.value), (model.evidence.no_days, no_days, said.days)):  # fmt: skip
        assert (reason is None) == (wanted is None) == (part is not None)
        assert wanted is None or wanted in reason
    assert (model.currency is None) == (said.mean_value is None) == (model.typical_value is None)
    assert WorthModel.from_plain(model.to_plain()).evidence == model.evidence


def test_the_card_says_how_much_better_than_the_median_and_how_many_deals_were_held():
    evidence = fitted(400).evidence
    assert evidence.value.pinball < 0.7 * evidence.value.pinball_of_overall
    assert evidence.value.coverage == pytest.approx(0.8, abs=0.06)
    assert evidence.days.coverage == pytest.approx(0.8, abs=0.06)
    assert evidence.value.deals == 400


def test_a_matrix_of_another_length_is_refused():
    matrix, deals = deals_of(30)
    with pytest.raises(InvalidInputError, match="matrix"):
        fit_worth(matrix[:-1], SCHEMA, deals, followed=LONG, rng=np.random.default_rng(1))


@given(p=st.floats(0, 1), mean=AMOUNTS, sd=AMOUNTS)
def test_risk_is_the_deviation_of_a_deal_that_may_not_come(p, mean, sd):
    # Three outcomes with the same two moments: nothing, and the deal one deviation up or down.
    outcomes, chances = np.array([0.0, mean - sd, mean + sd]), np.array([1 - p, p / 2, p / 2])
    expected = chances @ outcomes
    deviation = np.sqrt(chances @ (outcomes - expected) ** 2)
    said = [np.array([x]) for x in (p, mean, sd)]
    assert expected_value(said[0], said[1])[0] == pytest.approx(expected, abs=1e-6)
    assert risk(*said)[0] == pytest.approx(deviation, rel=1e-6, abs=1e-3)
