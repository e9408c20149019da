"""Temperatures follow costs and the lead's own value, and do not flap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.scores import Temperature
from tools.scoring.temperature import (
    HYSTERESIS,
    LeadCosts,
    Thresholds,
    relative_value,
    temperature_of,
    thresholds,
)

RATES = st.floats(0, 1)
VALUES = st.floats(0.01, 100)
ORDER = [Temperature.COLD, Temperature.WARM, Temperature.HOT]
BEFORE = st.sampled_from([None, *ORDER])


@given(base_rate=RATES, value=st.floats(0.01, 100), contact=st.floats(0.001, 1), stop=st.floats(0, 1))
def test_warm_never_begins_above_hot(base_rate, value, contact, stop):
    costs = LeadCosts(contact_cost=contact, interruption_cost=stop)
    limits = thresholds(costs, base_rate=base_rate, relative_value=value)
    assert 0 < limits.warm <= limits.hot


@given(p=RATES, higher=RATES, before=BEFORE, value=VALUES)
def test_a_likelier_lead_is_never_colder(p, higher, before, value):
    limits = thresholds(LeadCosts(), base_rate=0.12, relative_value=value)
    low, high = (ORDER.index(temperature_of(x, limits, previous=before)) for x in sorted((p, higher)))
    assert low <= high


@given(p=RATES, value=VALUES, larger=VALUES, before=BEFORE)
def test_a_lead_worth_more_is_never_colder(p, value, larger, before):
    costs = LeadCosts()
    low, high = (
        ORDER.index(temperature_of(p, thresholds(costs, base_rate=0.12, relative_value=v), previous=before))
        for v in sorted((value, larger))
    )
    assert low <= high


@given(p=RATES, before=BEFORE, value=VALUES)
def test_the_same_score_again_changes_nothing(p, before, value):
    limits = thresholds(LeadCosts(), base_rate=0.12, relative_value=value)
    now = temperature_of(p, limits, previous=before)
    assert temperature_of(p, limits, previous=now) is now


@given(
    centre=st.floats(0.001, 0.9),
    wobbles=st.lists(st.floats(0, 1), min_size=2, max_size=30),
    before=st.sampled_from(ORDER),
    values=st.lists(st.floats(0.999, 1.001), min_size=30, max_size=30),
)
def test_a_lead_that_moves_by_less_than_the_margin_never_returns_to_a_temperature_it_left(
    centre, wobbles, before, values
):
    width = (1 + HYSTERESIS) / (1 - HYSTERESIS) * 0.99
    left, now = set(), before
    for wobble, value in zip(wobbles, values, strict=False):
        limits = thresholds(LeadCosts(), base_rate=0.12, relative_value=value)
        new = temperature_of(min(1.0, centre * width**wobble), limits, previous=now)
        if new is not now:
            left.add(now)
            now = new
        assert now not in left


@given(mean=st.one_of(st.none(), st.just(0.0), VALUES), typical=st.one_of(st.none(), st.just(0.0), VALUES))
def test_a_value_that_is_not_known_counts_as_the_typical_one(mean, typical):
    is_known = bool(mean and typical)
    assert relative_value(mean, typical) == (mean / typical if is_known else 1.0)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_value_that_is_no_amount_is_refused(value):
    with pytest.raises(InvalidInputError, match="relative_value"):
        thresholds(LeadCosts(), base_rate=0.12, relative_value=value)


def test_attention_that_costs_more_is_given_to_fewer():
    cheap, dear = (thresholds(LeadCosts(contact_cost=c), base_rate=0.12).warm for c in (0.01, 0.03))
    assert dear == 3 * cheap


def test_a_lead_worth_more_is_hot_sooner():
    small, large = (thresholds(LeadCosts(), base_rate=0.12, relative_value=v).hot for v in (1, 4))
    assert large < small


def test_the_average_lead_is_warm_and_not_hot_at_the_defaults():
    limits = thresholds(LeadCosts(), base_rate=0.12)
    assert limits.warm < 0.12 < limits.hot


def test_a_threshold_is_passed_by_a_margin_once_a_temperature_is_known():
    limits = Thresholds(warm=0.1, hot=0.3)
    cases = {
        (0.31, None): "hot", (0.31, "warm"): "warm", (0.34, "warm"): "hot",
        (0.28, "hot"): "hot", (0.26, "hot"): "warm", (0.095, "warm"): "warm", (0.105, "cold"): "cold",
    }  # fmt: skip
    got = {(p, old): temperature_of(p, limits, previous=Temperature(old) if old else None).value for p, old in cases}
    assert got == cases
