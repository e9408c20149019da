"""The schema decides once how columns enter the matrix, and holds when other data comes."""

import numpy as np
import polars as pl

from tools.scoring.dataset import Column, Kind, Schema, encode, infer_schema


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
