"""A lead's own fields: dates count from the moment, titles and sizes become hand-set scores, blank text is nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.scoring.conftest import START, InMemoryHistory, moments_of
from tools.scoring.context import MarketContext
from tools.scoring.fields import (
    company_maturity_score,
    days_from,
    decision_maker_probability,
    industry_of,
    text_of,
)
from tools.scoring.local_time import microseconds, moment_of, utc_offset
from tools.scoring.table import build_features

AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
AT = microseconds(AS_OF)


def test_a_date_becomes_days_since_or_days_until():
    history = InMemoryHistory()
    history.add_lead("a", START, fields={"signed": "2024-02-28", "ends": "2024-03-11T12:00:00+00:00", "size": 3})
    row = build_features(history.frame(moments_of(("a", AS_OF))), MarketContext.unknown()).row(0, named=True)
    dates = {name: row[name] for name in row if ".days_" in name}
    assert dates == {
        "field.signed.days_since": 2.5, "field.signed.days_until": None,
        "field.ends.days_since": None, "field.ends.days_until": 10.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", [None, "", "12", "2024-13-01", "2024-02-30", "call 2024-02-01", "0001-01-01T00:00+23:59"]
)
def test_what_is_no_date_has_no_days(text):
    assert days_from(text, AT) is None


@given(st.dates())
def test_days_of_any_date_are_exact(date):
    days = days_from(date.isoformat(), AT)
    assert days == pytest.approx((AS_OF - datetime(date.year, date.month, date.day, tzinfo=UTC)) / timedelta(days=1))


@pytest.mark.parametrize(
    ("title", "p"),
    [
        ("CEO", 0.9),
        ("Vice President Sales", 0.7),
        ("Dueña", 0.9),
        ("Head of IT", 0.7),
        ("Gerente", 0.4),
        ("Clerk", 0.15),
    ],
)
def test_a_title_says_who_decides(title, p):
    assert decision_maker_probability({"job_title": title}) == p


def test_without_title_size_or_industry_nothing_is_claimed():
    fields = {"size": 3, "employees": None, "revenue": "secret", "title": " "}
    assert (decision_maker_probability(fields), company_maturity_score(fields, AT), industry_of(fields)) == (None,) * 3


def test_maturity_is_the_mean_of_what_is_known():
    assert company_maturity_score({"employees": 1000}, AT) == pytest.approx(1.0)
    assert company_maturity_score({"employees": 0, "years_in_business": 10}, AT) == pytest.approx(0.25)
    assert company_maturity_score({"founded": 2014}, AT) == pytest.approx(0.508, abs=0.01)
    assert company_maturity_score({"revenue": "100000"}, AT) == pytest.approx(0.25)


@example({"employees": 0.0, "revenue": 5e-324})
@given(
    st.dictionaries(
        st.sampled_from(["employees", "founded", "revenue", "years_in_business"]), st.floats() | st.text(max_size=3)
    )
)
def test_maturity_stays_between_zero_and_one(fields):
    score = company_maturity_score(fields, AT)
    assert score is None or 0 <= score <= 1


def test_values_are_written_so_that_equal_ones_are_equal():
    assert [text_of(value) for value in (3.0, 3, "3 ", True, "", "  ", None)] == [
        "3",
        "3",
        "3",
        "true",
        None,
        None,
        None,
    ]


def test_offsets_follow_the_clock_change():
    hours = [
        utc_offset("Europe/Madrid", microseconds(datetime(2024, month, 1, tzinfo=UTC))) / 3.6e9 for month in (1, 7)
    ]
    assert hours == [1.0, 2.0]


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_and_moments_are_inverse(moment):
    assert moment_of(microseconds(moment)) == moment
