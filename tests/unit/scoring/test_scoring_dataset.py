"""The schema decides once how columns enter the matrix, and holds when other data comes."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.scoring.dataset import Column, Kind, Schema, encode, encode_row, infer_schema


def kinds(**columns) -> dict:
    return {column.name: column.kind.value for column in infer_schema(pl.DataFrame(columns)).columns}


def test_text_that_reads_as_numbers_or_flags_is_taken_as_such():
    got = kinds(n=["1", "2.5", None] * 10, f=["true", "false", None] * 10, c=["tile", "slate", "tile"] * 10)
    assert got == {"n": "number", "f": "flag", "c": "category"}


def test_constants_empty_columns_and_names_are_left_out():
    got = kinds(
        same=[1.0] * 30, empty=[None] * 30, name=[f"Ann {i}" for i in range(30)], x=[float(i) for i in range(30)]
    )
    assert got == {"x": "number"}


def test_rare_and_unseen_levels_share_a_code_and_missing_is_not_a_number():
    schema = infer_schema(pl.DataFrame({"c": ["a"] * 20 + ["b"] * 10 + ["rare"]}))
    matrix = encode(pl.DataFrame({"c": ["a", "b", "rare", "never seen", None]}), schema)
    assert np.array_equal(matrix[:, 0], [1, 2, 0, 0, np.nan], equal_nan=True)


def test_an_absent_column_is_not_measured():
    schema = Schema(columns=(Column(name="x", kind=Kind.NUMBER), Column(name="c", kind=Kind.CATEGORY, levels=("a",))))
    assert np.isnan(encode(pl.DataFrame({"other": [1]}), schema)).all()


def test_a_number_that_arrives_as_text_is_read_and_nonsense_is_not_measured():
    schema = Schema(columns=(Column(name="x", kind=Kind.NUMBER), Column(name="f", kind=Kind.FLAG)))
    matrix = encode(pl.DataFrame({"x": ["3.5", "many", "inf"], "f": ["true", "false", "maybe"]}), schema)
    assert np.array_equal(matrix, [[3.5, 1], [np.nan, 0], [np.nan, np.nan]], equal_nan=True)


def test_the_fingerprint_tells_schemas_apart():
    one, other = (Schema(columns=(Column(name="c", kind=Kind.CATEGORY, levels=levels),)) for levels in (("a",), ("b",)))
    assert one.fingerprint() != other.fingerprint()


def test_words_for_not_known_leave_a_column_of_numbers_a_number():
    schema = infer_schema(pl.DataFrame({"n": ["1", "unknown", "2.5", " ", "n/a"] * 4}))
    assert schema.columns == (Column(name="n", kind=Kind.NUMBER),)
    assert np.array_equal(encode(pl.DataFrame({"n": ["unknown", " 3 "]}), schema)[:, 0], [np.nan, 3.0], equal_nan=True)


def test_unknown_stays_a_level_of_a_category():
    schema = infer_schema(pl.DataFrame({"c": ["unknown", "a", " a "] * 10}))
    assert schema.columns[0].levels == ("a", "unknown")


def test_dates_themselves_are_not_read():
    dates = [f"2024-01-{1 + i % 28:02d}" for i in range(60)]
    frame = pl.DataFrame({"text": dates, "date": dates}).with_columns(pl.col("date").str.to_date())
    assert infer_schema(frame).columns == ()


SENTENCES = [
    f"the roof {'leaks badly' if i % 2 else 'is old'} near window number {i} please call me" for i in range(60)
]


def test_free_text_enters_by_its_length_and_common_words():
    schema = infer_schema(pl.DataFrame({"note": SENTENCES}))
    assert [column.name for column in schema.columns] == [
        "note#words",
        "note#word:badly",
        "note#word:leaks",
        "note#word:old",
    ]
    matrix = encode(pl.DataFrame({"note": ["It LEAKS, badly.", None]}), schema)
    assert np.array_equal(matrix, [[3, 1, 1, 0], [np.nan] * 4], equal_nan=True)


@pytest.mark.parametrize("named", ["field.note", "note", "field.note#words"])
def test_what_an_admin_leaves_out_is_not_read(named):
    numbers = [float(i) for i in range(60)]
    frame = pl.DataFrame({"field.note": SENTENCES, "field.end.days_until": numbers, "x": numbers})
    kept = infer_schema(frame, leave_out={named, "end"}).names
    assert ("field.end.days_until" in kept, "x" in kept) == (False, True)
    assert not any(name == named or (named != "field.note#words" and "note" in name) for name in kept)


texts = st.one_of(
    st.sampled_from(["true", "false", "a", " b ", "", " ", "3", " 3.5 ", "-1e3", "+2", ".5", "4.", "inf", "nan", "1_0",
                     "0x1", "the roof leaks", "٣", "1,5", "1e999"]),
    st.text(max_size=6).filter(lambda text: "\0" not in text),
)  # fmt: skip
ROW_SCHEMA = Schema(
    columns=(
        Column(name="number", kind=Kind.NUMBER),
        Column(name="flag", kind=Kind.FLAG),
        Column(name="level", kind=Kind.CATEGORY, levels=("a", "b", "3", "true")),
        Column(name="t#words", kind=Kind.LENGTH, source="t"),
        Column(name="t#word:roof", kind=Kind.WORD, levels=("roof",), source="t"),
        Column(name="absent", kind=Kind.NUMBER),
    )
)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({name: st.none() | texts for name in ("number", "flag", "level", "t")}))
def test_a_row_of_texts_is_encoded_as_its_line_in_a_table(row):
    table = pl.DataFrame([row], schema=dict.fromkeys(row, pl.Utf8))
    assert np.array_equal(encode_row(row, ROW_SCHEMA), encode(table, ROW_SCHEMA)[0], equal_nan=True)


@settings(max_examples=100, deadline=None)
@given(number=st.none() | st.floats(), flag=st.none() | st.booleans(), level=st.none() | st.booleans())
def test_a_row_of_numbers_and_flags_is_encoded_as_its_line_in_a_table(number, flag, level):
    row = {"number": number, "flag": flag, "level": level}
    table = pl.DataFrame([row], schema={"number": pl.Float64, "flag": pl.Boolean, "level": pl.Boolean})
    assert np.array_equal(encode_row(row, ROW_SCHEMA), encode(table, ROW_SCHEMA)[0], equal_nan=True)


def test_a_schema_survives_its_plain_form_and_encodes_the_same():
    copy = Schema.model_validate(ROW_SCHEMA.model_dump(mode="json"))
    row = {"number": 1.0, "flag": True, "level": "b", "t": "a roof"}
    assert copy == ROW_SCHEMA
    assert np.array_equal(encode_row(row, copy), [1, 1, 2, 2, 1, np.nan], equal_nan=True)
    assert copy == ROW_SCHEMA
