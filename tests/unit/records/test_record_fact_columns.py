"""What is read by column is what a repository stores of the same rows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.errors import InvalidInputError
from domain.events import ConsentEvent, Interaction, Outcome
from domain.matches import AssignmentRecord
from domain.values import Value
from records.columns import dump_json, microseconds
from records.fact_columns import read_facts
from records.rows import fingerprint, load_json, to_row
from records.tables import metadata

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS: dict[str, type[Value]] = {
    "interactions": Interaction,
    "outcomes": Outcome,
    "consents": ConsentEvent,
    "assignments": AssignmentRecord,
}

TEXTS = ["a", "é-1", "", "x" * 200, "x" * 201, "12", None]
MOMENTS = [
    NOON,
    NOON + timedelta(microseconds=1),
    datetime(1901, 2, 3, tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    None,
]
NUMBERS = [0.0, -0.0, 1.5, 1e300, 12.0, -1.0, float("nan"), float("inf"), None]
FLAGS = [True, False, None]
OBJECTS = ["{}", '{"a": 1}', '{ "b":"é \\u00e9","a":-0 }', '{"a":1e999}', '{"a":1e16,"a":2}', '{"a":[1]}', '{"a":NaN}',
           "[]", "{", "null", '{"a":null,"b":true}', '{"a":"\\ud800"}', None]  # fmt: skip
CELLS: dict[str, tuple[list[Any], pl.DataType]] = {
    "at": (MOMENTS, pl.Datetime("us", "UTC")),
    "expires_at": (MOMENTS, pl.Datetime("us", "UTC")),
    "duration_s": (NUMBERS, pl.Float64()),
    "value": (NUMBERS, pl.Float64()),
    "granted": (FLAGS, pl.Boolean()),
    "attributes": (OBJECTS, pl.String()),
    "channel": (["email", "phone", "Email", "pigeon", None], pl.String()),
    "purpose": (["marketing", "service", "fun", None], pl.String()),
    "currency": (["USD", "EUR", "usd", "", None], pl.String()),
    "text": (["", "Ann", "y" * 100_001, None], pl.String()),
}
KINDS = {
    "interactions": ["email_opened", "call_answered", "won", None],
    "outcomes": ["won", "lost", "email_sent", None],
}


def row_by_row(table: str, frame: pl.DataFrame) -> dict[str, list[Any]] | None:
    """Store each row as its repository does; None where one cannot be."""
    model, rows = FACTS[table], []
    defaults = {name for name, field in model.model_fields.items() if not field.is_required()}
    for row in frame.iter_rows(named=True):
        given_ = {name: cell for name, cell in row.items() if cell is not None or name not in defaults}
        try:
            if "attributes" in given_:
                given_["attributes"] = load_json(given_["attributes"])
            value = model.model_validate(given_)
            stored = to_row(value, metadata.tables[table])
            if "attributes" in stored:
                stored["attributes"] = dump_json(stored["attributes"])
        except (ValidationError, ValueError, InvalidInputError):
            return None
        if "fingerprint" in metadata.tables[table].c:
            stored["fingerprint"] = fingerprint(value)
        rows.append({name: microseconds(cell) if isinstance(cell, datetime) else cell for name, cell in stored.items()})
    return {name: [row[name] for row in rows] for name in rows[0]}


def by_column(table: str, frame: pl.DataFrame) -> dict[str, list[Any]] | None:
    return read_facts(FACTS[table], metadata.tables[table], frame, as_integers=True)


@st.composite
def frames(draw: st.DrawFn, table: str) -> pl.DataFrame:
    """Frames of right cells for the most part, so that many rows are right as a whole."""
    n_rows = draw(st.integers(1, 3))
    columns = []
    for name, field in FACTS[table].model_fields.items():
        if not draw(st.integers(0, 9 if field.is_required() else 1)):
            continue
        cells, dtype = (KINDS[table], pl.String()) if name == "kind" else CELLS.get(name, (TEXTS, pl.String()))
        one = st.one_of(st.sampled_from(cells[:2]), st.sampled_from(cells[:2]), st.sampled_from(cells))
        columns.append(pl.Series(name, draw(st.lists(one, min_size=n_rows, max_size=n_rows)), dtype=dtype))
    return pl.DataFrame(columns or [pl.Series("lead_id", ["a"])])


@pytest.mark.parametrize("table", FACTS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_is_read_by_column_is_what_is_stored_by_row(table: str, data: st.DataObject):
    frame = data.draw(frames(table))
    assert by_column(table, frame) == row_by_row(table, frame)


@pytest.mark.parametrize("table", FACTS)
def test_all_rules_of_a_fact_are_about_single_fields(table: str):
    assert FACTS[table].__pydantic_decorators__.model_validators == {}


INTERACTION = {"id": ["i-1"], "lead_id": ["lead-1"], "kind": ["call_answered"], "at": [NOON]}


@pytest.mark.parametrize(
    "changed",
    [
        {"shoe_size": [42]},
        {"duration_s": ["3"]},
        {"duration_s": [3]},
        {"at": [NOON.replace(tzinfo=None)]},
        {"at": ["2026-03-01T12:00:00Z"]},
        {"at": pl.Series([2**62], dtype=pl.Datetime("us", "UTC"))},
        {"attributes": pl.Series([{"a": 1}])},
        {"id": [1]},
    ],
)
def test_what_is_not_plainly_right_is_left_to_be_read_by_row(changed: dict[str, Any]):
    assert by_column("interactions", pl.DataFrame({**INTERACTION, **changed})) is None


def test_moments_stay_moments_where_the_database_has_them():
    columns = read_facts(Interaction, metadata.tables["interactions"], pl.DataFrame(INTERACTION), as_integers=False)
    assert columns is not None
    assert columns["at"] == [NOON]


def test_an_absent_object_is_an_empty_one():
    columns = by_column("interactions", pl.DataFrame(INTERACTION))
    assert columns is not None
    assert json.loads(columns["attributes"][0]) == {}
