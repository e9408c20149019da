"""Temperatures follow costs, and do not flap."""

from hypothesis import given
from hypothesis import strategies as st

from domain.scores import Temperature
from tools.scoring.temperature import LeadCosts, Thresholds, temperature_of, thresholds

RATES = st.floats(0, 1)


@given(base_rate=RATES, value=st.floats(0.01, 100), contact=st.floats(0.001, 1), stop=st.floats(0, 1))
def test_warm_never_begins_above_hot(base_rate, value, contact, stop):
    costs = LeadCosts(contact_cost=contact, interruption_cost=stop)
    limits = thresholds(costs, base_rate=base_rate, relative_value=value)
    assert 0 < limits.warm <= limits.hot


@given(p=RATES, higher=RATES)
def test_a_likelier_lead_is_never_colder(p, higher):
    limits = thresholds(LeadCosts(), base_rate=0.12)
    order = [Temperature.COLD, Temperature.WARM, Temperature.HOT]
    low, high = (order.index(temperature_of(x, limits)) for x in sorted((p, higher)))
    assert low <= high


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
