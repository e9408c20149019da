"""A rep can take in any reason at a glance: few words, no names of columns, no jargon, rounded numbers."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.scoring.explaining.wording import LOWERS, MAX_WORDS, RAISES, label_of, say, say_value
from tools.scoring.features import FEATURES, Unit, describe

JARGON = re.compile(
    r"\b(log-?odds|logit|shap|feature|propensity|decay|latency|velocity|burstiness|kinds?_|lift|slope|quantile|null|"
    r"none|nan|inbound|outbound|coefficient|sigmoid|entropy|lambda)\b"
)
SAMPLES = {
    Unit.COUNT: (0.0, 1.0, 3.0, 1234.0),
    Unit.DAYS: (0.0, 0.4, 1.0, 12.345, 400.0),
    Unit.HOURS: (0.2, 1.0, 13.37, 300.0),
    Unit.SECONDS: (0.0, 59.0, 754.2, 90_000.0),
    Unit.SHARE: (0.0, 0.12345, 1.0, -0.034),
    Unit.FLAG: (True, False, 1.0, 0.0),
    Unit.CATEGORY: ("partner_referral", "web", "5222000", "0.95", "true"),
    Unit.NUMBER: (0.0, 0.00123, 3.14159, 12.7, 12345.6, -2.5),
}
OWN_FIELDS = ("field.roof_age", "field.book_size_usd", "field.contract_end.days_since", "field.notes#word:urgent",
              "field.growth_target_pct")  # fmt: skip
CASES = [(feature, value) for feature in FEATURES for value in (None, *SAMPLES[feature.unit])]
CASES += [(describe(name), value) for name in OWN_FIELDS for value in (None, *SAMPLES[describe(name).unit])]


@pytest.mark.parametrize("raises", [True, False])
def test_every_reason_can_be_read_in_a_moment(raises):
    for feature, value in CASES:
        text = say(feature, value, raises=raises)
        assert len(text.split()) <= MAX_WORDS, text
        assert len(text) <= 140, text
        assert "_" not in text, text
        assert not JARGON.search(text.lower()), text
        assert not re.search(r"\d\.\d{3,}|\de[+-]?\d|\d{5,}(?![\d,])", text), text
        assert text[0].isupper() or not text[0].isalpha(), text
        assert text.endswith(RAISES if raises else LOWERS)


@settings(max_examples=80, deadline=None)
@given(
    feature=st.sampled_from(FEATURES),
    value=st.one_of(st.none(), st.booleans(), st.floats(-1e6, 1e6), st.text(max_size=300)),
    raises=st.booleans(),
)
def test_every_reason_has_at_most_25_words(feature, value, raises):
    text = say(feature, value, raises=raises)
    assert len(text.split()) <= MAX_WORDS
    assert ("raises" in text.split()[-3:]) is raises


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("replies_7d", 0.0, "No replies in the last 7 days"),
        ("replies_7d", 2.0, "Replies in the last 7 days: 2"),
        ("reply_rate", None, "Replies per contact not known"),
        ("days_since_reply", 0.3, "Last reply today"),
        ("days_since_reply", 3.2, "Last reply 3 days ago"),
        ("lead_age_days", 92.0, "Lead created 3 months ago"),
        ("response_latency_hours", 0.5, "Typical time to a written reply: 30 minutes"),
        ("talk_seconds", 754.0, "Time in calls and meetings: 13 minutes"),
        ("budget_discussed", True, "Budget discussed: yes"),
        ("created_weekday", 1.0, "Weekday of arrival: Monday"),
        ("created_hour", 14.0, "Hour of arrival: 2 pm"),
        ("month", 11.0, "Month of the year: November"),
        ("rep_win_rate_lift", 0.031, "Win rate of the assigned rep against the team's: +3 %"),
        ("source", "partner_referral", "Source: partner referral"),
        ("field.roof_age", "21", "Roof age: 21"),
        ("field.book_size_usd", "5222000", "Book size in USD: 5,222,000"),
        ("field.contract_end.days_since", 12.0, "Contract end 12 days ago"),
    ],
)
def test_values_are_said_as_people_say_them(name, value, text):
    assert say(describe(name), value, raises=True) == f"{text}, {RAISES}"


@given(value=st.floats(0.01, 1e9))
def test_rounding_keeps_the_size_of_a_number(value):
    said = float(say_value(describe("engagement"), value).replace(",", ""))
    assert said == pytest.approx(value, rel=0.5)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_every_feature_is_documented_and_named_in_words(feature):
    assert feature.formula
    assert label_of(feature).strip()
    assert not JARGON.search(label_of(feature).lower())
