import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from domain.errors import InvalidInputError
from records.columns import UtcInstant, dump_json

ZONES = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
INSTANTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001 - the zones come apart
DIALECTS = st.sampled_from([sqlite.dialect(), postgresql.dialect()])
FIELDS = st.dictionaries(
    st.text(), st.one_of(st.text(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
)


@given(INSTANTS, DIALECTS)
def test_a_moment_comes_back_from_the_column_to_the_microsecond_in_utc(at, dialect):
    stored = UtcInstant().process_bind_param(at, dialect)
    read = UtcInstant().process_result_value(stored, dialect)
    assert (read, read.tzinfo) == (at, UTC)


@given(INSTANTS, INSTANTS)
def test_sqlite_orders_moments_as_time_does(one, other):
    stored = [UtcInstant().process_bind_param(at, sqlite.dialect()) for at in (one, other)]
    assert (stored[0] < stored[1]) == (one < other)


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_a_naive_moment_is_refused_by_every_back_end(dialect):
    with pytest.raises(InvalidInputError, match="has no time zone"):
        UtcInstant().process_bind_param(datetime(2026, 1, 1), dialect)  # noqa: DTZ001 - naive on purpose


@given(FIELDS)
def test_json_comes_back_as_it_was(fields):
    assert json.loads(dump_json(fields)) == fields


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_json_without_a_number_for_it_is_refused(number):
    with pytest.raises(InvalidInputError, match="NaN or infinity"):
        dump_json({"a": [number]})


def test_an_empty_object_is_two_characters():
    assert dump_json({}) == "{}"
