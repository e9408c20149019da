from datetime import UTC, datetime

import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from records.importing import cells
from records.importing.cleaning import Reading, clean_choice, clean_integer, clean_number, clean_text
from records.importing.contacts import clean_email, clean_phone
from records.importing.tables import Column, Kind
from records.importing.times import clean_date, clean_time, parse_times

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _texts(*values: str | None) -> pl.Series:
    return pl.Series("c", values, dtype=pl.String)


def _reading(kind: Kind, **rules: object) -> Reading:
    names = ("timezone", "decimal", "date_format", "scale")
    settings_ = {name: rules.pop(name) for name in names if name in rules}
    return Reading(Column(kind, **rules), NOW, **settings_)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-31", datetime(2026, 3, 31, tzinfo=UTC)),
        ("2026/03/31", datetime(2026, 3, 31, tzinfo=UTC)),
        ("2026-03-31 14:05", datetime(2026, 3, 31, 14, 5, tzinfo=UTC)),
        ("2026-03-31T14:05:06.25", datetime(2026, 3, 31, 14, 5, 6, 250_000, tzinfo=UTC)),
        ("2026-03-31T14:05:06Z", datetime(2026, 3, 31, 14, 5, 6, tzinfo=UTC)),
        ("2026-03-31 14:05:06 UTC", datetime(2026, 3, 31, 14, 5, 6, tzinfo=UTC)),
        ("2026-03-31T14:05:06+02:00", datetime(2026, 3, 31, 12, 5, 6, tzinfo=UTC)),
        ("2026-03-31 14:05:06.5 -0330", datetime(2026, 3, 31, 17, 35, 6, 500_000, tzinfo=UTC)),
        ("2026-03-31T14:05+02", datetime(2026, 3, 31, 12, 5, tzinfo=UTC)),
        ("2026-02-30", None),
        ("31.03.2026", None),
        ("soon", None),
        ("2026", None),
        (None, None),
    ],
)
def test_reads_the_forms_of_iso_8601(text: str | None, moment: datetime | None):
    # Beside other forms: a column may mix them.
    assert parse_times(_texts("2020-01-01", text, "2020-01-01T00:00:00Z"), timezone="UTC").to_list()[1] == moment


def test_a_time_without_a_zone_is_of_the_zone_given():
    assert parse_times(_texts("2026-07-01 12:00"), timezone="America/New_York").to_list() == [
        datetime(2026, 7, 1, 16, tzinfo=UTC)
    ]


def test_a_skipped_hour_is_no_time_and_a_repeated_one_is_its_first():
    found = parse_times(_texts("2026-03-29 02:30", "2026-10-25 02:30"), timezone="Europe/Paris")
    assert found.to_list() == [None, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("31.03.2026", "%d.%m.%Y", datetime(2026, 3, 31, tzinfo=UTC)),
        ("03/31/2026 2:05 PM", "%m/%d/%Y %I:%M %p", datetime(2026, 3, 31, 14, 5, tzinfo=UTC)),
        ("31.03.2026 14:00 +0200", "%d.%m.%Y %H:%M %z", datetime(2026, 3, 31, 12, tzinfo=UTC)),
    ],
)
def test_reads_a_form_that_is_told(text: str, form: str, moment: datetime):
    assert parse_times(_texts(text), timezone="UTC", date_format=form).to_list() == [moment]


@given(
    st.tuples(
        st.sampled_from(["2026-01-01", "0001-01-01", "+2026-01-01", "2026-1-1", "12026-01-01", "9999-12-31"]),
        st.sampled_from(["T", " ", "t"]),
        st.sampled_from(["00:00:00", "23:59:60", "1:2:3", "12:00", "00:00:00.123456789", "00:00:00.5"]),
        st.sampled_from(
            ["+00:00", "Z", "z", " +02:00", "+0200", "+02", "-14:00", "+24:00", "\N{MINUS SIGN}02:00", "UTC", ""]
        ),
    ).map("".join)
)
@settings(max_examples=150, deadline=None)
def test_a_time_is_read_the_same_whatever_stands_beside_it(text: str):
    alone = parse_times(_texts(text), timezone="Europe/Paris")
    beside = parse_times(_texts(text, "2026-01-01"), timezone="Europe/Paris")
    assert alone.equals(beside.head(1), null_equal=True)


def test_impossible_times_are_faults_about_dates():
    cleaned = clean_time(_texts("0206-01-01", "2026-06-02", "2500-01-01", "x", None), _reading(Kind.TIME, past=True))
    broken = [[fault.rule for fault in cleaned.faults if fault.mask[row]] for row in range(5)]
    assert [rules[0].split(" ")[:2] if rules else [] for rules in broken] == [
        ["lies", "before"], ["lies", "after"], ["lies", "after"], ["is", "no"], [],
    ]  # fmt: skip
    assert all(fault.date for fault in cleaned.faults)


def test_a_date_is_the_local_day():
    reading = _reading(Kind.DATE, timezone="Asia/Tokyo")
    assert clean_date(_texts("2026-03-31", "2026-03-31T23:00:00Z"), reading).values.to_list() == [
        "2026-03-31", "2026-04-01",
    ]  # fmt: skip


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 1, 1)))  # noqa: DTZ001 - made aware below
@settings(max_examples=50, deadline=None)
def test_every_moment_is_read_back(moment: datetime):
    aware = moment.replace(tzinfo=UTC)
    assert parse_times(_texts(aware.isoformat()), timezone="UTC").to_list() == [aware]


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("12", ".", 12.0),
        ("-1.5e3", ".", -1500.0),
        ("$1,234,567.50", ".", 1234567.5),
        ("1 234", ".", 1234.0),
        ("1.234,5", ",", 1234.5),
        ("1,2,3", ".", None),
        ("nan", ".", None),
        ("inf", ".", None),
        ("twelve", ".", None),
    ],
)
def test_reads_numbers(text: str, decimal: str, number: float | None):
    cleaned = clean_number(_texts(text), _reading(Kind.NUMBER, decimal=decimal))
    assert cleaned.values.to_list() == [number]
    assert cleaned.faults[0].mask.to_list() == [number is None]


def test_numbers_are_scaled_before_they_are_held_against_limits():
    cleaned = clean_number(_texts("2", "3"), _reading(Kind.NUMBER, scale=10.0, low=25.0))
    assert cleaned.values.to_list() == [20.0, 30.0]
    assert [fault.rule for fault in cleaned.faults if fault.mask.any()] == ["is less than 25"]


def test_whole_numbers_are_whole():
    cleaned = clean_integer(_texts("3", "4.0", "4.5", None), _reading(Kind.INTEGER))
    assert cleaned.values.to_list() == [3, 4, None, None]
    assert [fault.mask.to_list() for fault in cleaned.faults if fault.mask.any()] == [[False, False, True, False]]


def test_a_choice_is_read_whatever_its_case():
    reading = _reading(Kind.CHOICE, choices=("email_opened", "sms_sent"))
    cleaned = clean_choice(_texts("Email Opened", "SMS-sent", "fax"), reading)
    assert cleaned.values.to_list() == ["email_opened", "sms_sent", None]


@pytest.mark.parametrize(("kind", "length"), [(Kind.ID, 201), (Kind.TEXT, 100_001)])
def test_a_text_that_is_too_long_is_a_fault(kind: Kind, length: int):
    cleaned = clean_text(_texts("é" * length, "é" * (length - 1)), _reading(kind))
    assert cleaned.faults[0].mask.to_list() == [True, False]


def test_a_text_that_a_database_cannot_hold_is_a_fault():
    assert clean_text(_texts("a\x00b"), _reading(Kind.TEXT)).faults[1].mask.to_list() == [True]


def test_addresses_are_normalised_and_broken_ones_dropped():
    cleaned = clean_email(_texts("ann@example.com", "Ann.Lee@EXAMPLE.com", "ann@", "a@b.test", None))
    assert cleaned.values.to_list() == ["ann@example.com", "Ann.Lee@example.com", None, "a@b.test", None]
    assert [note.mask.to_list() for note in cleaned.notes] == [[False, False, True, False, False]]


@given(st.from_regex(r"[a-z0-9_.+-]{1,12}@[a-z0-9.-]{1,12}\.(com|co|io|example)", fullmatch=True))
@settings(max_examples=150, deadline=None)
def test_the_quick_way_accepts_no_address_that_the_library_refuses(address: str):
    try:
        expected = validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        expected = None
    assert clean_email(_texts(address)).values.to_list() == [expected]


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+1 (415) 555-2671", None, "+14155552671"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("(415) 555-2671", None, "(415) 555-2671"),
        ("12", "US", None),
        ("call me", "US", None),
    ],
)
def test_telephone_numbers_become_e164_where_their_country_is_known(text: str, region: str | None, number: str | None):
    cleaned = clean_phone(_texts(text), region)
    assert cleaned.values.to_list() == [number]
    assert any(note.mask.any() for note in cleaned.notes) == (number is None or not number.startswith("+"))


@pytest.mark.parametrize(
    ("read", "cell", "value"),
    [
        (cells.read_flag, "Yes", True),
        (cells.read_flag, "0", False),
        (cells.read_language, "en-US", "en"),
        (cells.read_language, "ES", "es"),
        (cells.read_currency, "eur", "EUR"),
        (cells.read_weekdays, "mon-fri", '["mon","tue","wed","thu","fri"]'),
        (cells.read_weekdays, "Saturday; monday", '["mon","sat"]'),
        (cells.read_weekdays, "fri-mon", '["mon","fri","sat","sun"]'),
        (cells.read_weekdays, '["tue", "Thursday"]', '["tue","thu"]'),
        (cells.read_timezone, "Europe/Paris", "Europe/Paris"),
        (cells.read_texts, "North; South", '["North","South"]'),
        (cells.read_texts, '["a;b"]', '["a;b"]'),
        (cells.read_texts, "[]", "[]"),
        (cells.read_languages, "EN,es", '["en","es"]'),
        (cells.read_place, "30.27, -97.74", '{"latitude":30.27,"longitude":-97.74}'),
        (cells.read_place, '{"latitude":1,"longitude":-180}', '{"latitude":1.0,"longitude":-180.0}'),
        (cells.read_skills, "a:0.5;b:1", '[{"product_id":"a","level":0.5},{"product_id":"b","level":1.0}]'),
        (cells.read_skills, '[{"product_id":"a","level":1}]', '[{"product_id":"a","level":1.0}]'),
        (cells.read_object, '{"a": 1, "b": "x", "c": true, "d": null}', '{"a":1.0,"b":"x","c":true,"d":null}'),
    ],
)
def test_reads_cells(read, cell: str, value: object):
    assert read(cell) == value


@pytest.mark.parametrize(
    ("read", "cell"),
    [
        (cells.read_flag, "maybe"),
        (cells.read_language, "English"),
        (cells.read_currency, "dollars"),
        (cells.read_weekdays, "mo"),
        (cells.read_weekdays, "mon-someday"),
        (cells.read_weekdays, "[]"),
        (cells.read_timezone, "Paris"),
        (cells.read_texts, "[1]"),
        (cells.read_texts, "[broken"),
        (cells.read_languages, "english"),
        (cells.read_languages, ";"),
        (cells.read_place, "91,0"),
        (cells.read_place, "30.27"),
        (cells.read_place, "nan,0"),
        (cells.read_place, '{"latitude":1}'),
        (cells.read_place, '{"latitude":1,"longitude":true}'),
        (cells.read_skills, "a:2"),
        (cells.read_skills, "a"),
        (cells.read_skills, ":0.5"),
        (cells.read_skills, '[{"product_id": "a"}]'),
        (cells.read_skills, '[{"product_id": "a", "level": true}]'),
        (cells.read_object, "[]"),
        (cells.read_object, '{"a": {"b": 1}}'),
        (cells.read_object, '{"a": "\\u0000"}'),
        (cells.read_provenance, '{"*": {"source": "x"}}'),
    ],
)
def test_refuses_cells_with_a_rule(read, cell: str):
    with pytest.raises(ValueError, match=r"^(is|holds) "):
        read(cell)
