"""Features that a caller gives: every wrong one is named, every right one lands in its column."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from tools.scoring.dataset import OTHER, Column, Kind, Schema, encode
from tools.scoring.rules import rules_schema
from tools.scoring.serving.feature_input import FeatureReader

SCHEMA = Schema(
    columns=(
        Column(name="replies_7d", kind=Kind.NUMBER),
        Column(name="inbound_trend", kind=Kind.NUMBER),
        Column(name="has_email", kind=Kind.FLAG),
        Column(name="source", kind=Kind.CATEGORY, levels=("web", "referral")),
        Column(name="field.roof_age", kind=Kind.NUMBER),
        Column(name="field.stories", kind=Kind.CATEGORY, levels=("1", "2", "split", "true")),
        Column(name="field.storm", kind=Kind.FLAG),
        Column(name="field.note#words", kind=Kind.LENGTH, source="field.note"),
        Column(name="field.note#word:urgent", kind=Kind.WORD, levels=("urgent",), source="field.note"),
    )
)
READER = FeatureReader(SCHEMA)
finite = st.floats(allow_nan=False, allow_infinity=False)
counts = st.one_of(st.floats(0, 1e12), st.integers(0, 10**9))
given_features = st.fixed_dictionaries(
    {},
    optional={
        "replies_7d": st.none() | counts,
        "inbound_trend": st.none() | finite | st.integers(-(10**9), 10**9),
        "has_email": st.none() | st.booleans(),
        "source": st.none() | st.sampled_from(["web", "referral", "fair", ""]),
        "field.roof_age": st.none() | finite,
        "field.stories": st.none() | st.sampled_from(["1", "split", "castle", 1, 2.0, True]),
        "field.storm": st.none() | st.booleans(),
        "field.note": st.none() | st.sampled_from(["Urgent, please call", "call back in May", " ", "", "urgent"]),
        "page_views_7d": st.none() | counts,
    },
)


@given(features=given_features)
@settings(max_examples=150, deadline=None)
def test_given_features_are_encoded_as_a_table_is(features):
    told = {k: ("true" if v is True else str(int(v)) if isinstance(v, (int, float)) else v) if k == "field.stories" else v
            for k, v in features.items()}  # fmt: skip
    types = {"has_email": pl.Boolean, "field.storm": pl.Boolean, "source": pl.Utf8, "field.stories": pl.Utf8,
             "field.note": pl.Utf8}  # fmt: skip
    frame = pl.DataFrame([told], schema={c.read_from: types.get(c.read_from, pl.Float64) for c in SCHEMA.columns})
    np.testing.assert_array_equal(READER.read(features).row, encode(frame, SCHEMA)[0])


@given(features=given_features)
@settings(max_examples=60, deadline=None)
def test_the_hash_is_of_what_was_measured_and_not_of_its_order(features):
    measured = {name: value for name, value in reversed(features.items()) if value is not None}
    assert READER.read(features).feature_hash == READER.read(measured).feature_hash


@given(one=given_features, other=given_features)
@settings(max_examples=100, deadline=None)
def test_other_rows_have_other_hashes(one, other):
    first, second = READER.read(one), READER.read(other)
    if first.feature_hash == second.feature_hash:
        np.testing.assert_array_equal(first.row, second.row)


def test_levels_that_the_model_takes_together_have_hashes_of_their_own():
    fair, post = (READER.read({"source": name}) for name in ("fair", "post"))
    assert fair.row[3] == post.row[3] == OTHER
    assert fair.feature_hash != post.feature_hash


def test_another_schema_has_other_hashes():
    other = FeatureReader(Schema(columns=SCHEMA.columns[:2]))
    assert other.read({"replies_7d": 1}).feature_hash != READER.read({"replies_7d": 1}).feature_hash


@pytest.mark.parametrize(
    ("features", "rule"),
    [
        ({"replies_7dd": 1.0}, r"features\.replies_7dd: 1\.0 is no feature"),
        ({"roof_age": 1.0}, r"features\.roof_age: 1\.0 is no feature.*field\.<name>"),
        ({"field.roofage": 1.0}, r"this model does not read; it reads field\.note, field\.roof_age, field\.stories"),
        ({"replies_7d": "1"}, r"features\.replies_7d: '1' must be a number or null"),
        ({"replies_7d": True}, "True must be a number or null"),
        ({"replies_7d": math.nan}, "nan must be a finite number"),
        ({"inbound_trend": math.inf}, "inf must be a finite number"),
        ({"inbound_trend": -math.inf}, "must be a finite number"),
        ({"inbound_trend": 10**400}, "must be a finite number"),
        ({"replies_7d": -0.5}, r"-0\.5 must be at least 0"),
        ({"replies_7d": -1}, "-1 must be at least 0"),
        ({"has_email": 1.0}, r"1\.0 must be true, false or null"),
        ({"has_email": "true"}, "'true' must be true, false or null"),
        ({"source": 1.0}, r"1\.0 must be text or null"),
        ({"source": "a\0b"}, "must be text without NUL"),
        ({"source": "x" * 201}, "at most 200 characters"),
        ({"field.stories": math.nan}, "must be a finite number"),
        ({"field.stories": "x" * 201}, "at most 200 characters"),
        ({"page_views_7d": "many"}, "'many' must be a number or null"),
    ],
)
def test_what_breaks_a_rule_is_named(features, rule):
    with pytest.raises(InvalidInputError, match=rule):
        READER.read(features)


def test_a_model_that_reads_no_field_lets_fields_pass():
    rules = FeatureReader(rules_schema())
    with_field = rules.read({"replies_7d": 1, "field.anything": 3.0, "field.words": "yes"})
    assert with_field.row == pytest.approx(rules.read({"replies_7d": 1}).row, nan_ok=True)
    with pytest.raises(InvalidInputError, match="finite"):
        rules.read({"field.anything": math.inf})


def test_flags_that_rules_read_as_numbers_are_given_as_flags():
    rules = FeatureReader(rules_schema())
    row = dict(zip(rules_schema().names, rules.read({"has_phone": True, "budget_discussed": False}).row, strict=True))
    assert (row["has_phone"], row["budget_discussed"]) == (1.0, 0.0)
    with pytest.raises(InvalidInputError, match="must be true, false or null"):
        rules.read({"has_phone": 1.0})


def test_reasons_are_told_numbers_as_numbers_and_what_was_found_in_a_text():
    features = {"replies_7d": 3, "has_email": True, "source": "x", "field.note": "urgent today", "field.roof_age": None}
    told = READER.told(features, READER.read(features))
    assert told == {**features, "field.note#words": 2.0, "field.note#word:urgent": True}
    assert isinstance(told["replies_7d"], float)
    assert told["has_email"] is True
    assert told["field.note#word:urgent"] is True
