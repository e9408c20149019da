"""Whatever passes validation constructs the domain model of its table."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import ConsentEvent, Interaction, Outcome
from domain.matches import AssignmentRecord
from domain.people import Lead, Product, Rep
from records.importing.batches import LINE, ROW
from records.importing.mapping import Mapping
from records.importing.plan import bind
from records.importing.projection import project
from records.importing.tables import OBJECT_COLUMNS, TABLES, Kind, TableName
from records.importing.validation import table_frame, validate

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODELS = {
    "leads": Lead,
    "reps": Rep,
    "products": Product,
    "interactions": Interaction,
    "outcomes": Outcome,
    "consents": ConsentEvent,
    "assignments": AssignmentRecord,
}

# Cells that are right, nearly right, and wrong, for each kind.
CELLS = {
    Kind.ID: ["a", "é-1", " ", "", "x" * 200, "x" * 201, "a\x00"],
    Kind.TEXT: ["Ann", "", "  ", "\n", '"', "a\x00", "y" * 100_001],
    Kind.LABEL: ["web", "", "None", "Select"],
    Kind.NUMBER: ["1", "-1", "1e400", "nan", "", "1,000", "x", "0"],
    Kind.INTEGER: ["0", "23", "24", "25", "-1", "1.5", "1e30", "", "9"],
    Kind.FLAG: ["yes", "FALSE", "2", ""],
    Kind.TIME: ["2026-01-01", "2026-01-01T00:00:00+14:00", "0001-01-01", "9999-12-31T23:59:59-12:00", "", "x", "2027-01-01"],
    Kind.CHOICE: ["email", "Email Opened", "won", "marketing", "fax", ""],
    Kind.LANGUAGE: ["en", "en-US", "english", "e", ""],
    Kind.CURRENCY: ["usd", "US", "EURO", ""],
    Kind.TIMEZONE: ["UTC", "Europe/Paris", "Paris", ""],
    Kind.EMAIL: ["a@b.com", "a@", "a@b", ""],
    Kind.PHONE: ["+14155552671", "12", "x", ""],
    Kind.TEXTS: ["a;b", '["a"]', "[1]", "[]", "", "["],
    Kind.LANGUAGES: ["en;es", "[]", "english", "", '["EN"]'],
    Kind.WEEKDAYS: ["mon-fri", "sat;Sunday", "no day", "mon-", ""],
    Kind.PLACE: ["30.27,-97.74", "91,0", '{"latitude":1,"longitude":2}', "x", ""],
    Kind.SKILLS: ["a:0.5", "a:2", "[]", '[{"product_id":"p","level":1}]', "", "x"],
    Kind.OBJECT: ['{"a":1}', "[]", "{", "", '{"a":{}}', '{"a":1e999}'],
    Kind.PROVENANCE: ["", "{}", '{"*":{"source":"s","recorded_at":"2026-01-01T00:00:00Z","recorded_by":"r"}}', '{"*":1}'],
}  # fmt: skip


@st.composite
def files(draw: st.DrawFn, table: str) -> pl.DataFrame:
    columns = TABLES[TableName(table)].columns
    n_rows = draw(st.integers(1, 8))
    good_first = {
        name: st.sampled_from([CELLS[column.kind][0], *CELLS[column.kind]]) for name, column in columns.items()
    }
    if "kind" in columns:
        word = columns["kind"].choices[0]
        good_first["kind"] = st.sampled_from([word, word.upper(), "fax", ""])
    cells = {name: draw(st.lists(one, min_size=n_rows, max_size=n_rows)) for name, one in good_first.items()}
    numbers = list(range(1, n_rows + 1))
    return pl.DataFrame({**cells, LINE: numbers, ROW: numbers}, schema_overrides=dict.fromkeys(cells, pl.String))


@pytest.mark.parametrize("table", MODELS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_passes_constructs_the_domain_model(table: str, data: st.DataObject):
    rows = data.draw(files(table))
    plan = bind(TABLES[TableName(table)], Mapping(market="m"), rows, file="a.csv")
    texts = project(plan, rows)
    checked = validate(plan, rows, texts, at=NOW)
    frame = table_frame(plan, checked.values.filter(checked.good))
    for row in frame.iter_rows(named=True):
        given_ = {name: value for name, value in row.items() if value is not None or name in {"channel", "rep_id"}}
        for name in OBJECT_COLUMNS & given_.keys():
            given_[name] = json.loads(given_[name])
        assert MODELS[table].model_validate(given_) is not None
    assert {reject.line for reject in checked.rejects} == set(texts[LINE].filter(~checked.good))


@pytest.mark.parametrize("table", MODELS)
def test_a_table_has_the_columns_of_its_model(table: str):
    assert list(TABLES[TableName(table)].columns) == list(MODELS[table].model_fields)


@pytest.mark.parametrize("table", MODELS)
def test_a_column_is_required_where_the_model_requires_it(table: str):
    # A consent for every channel and a lead without a rep are said by an empty cell.
    by_empty_cell = {("consents", "channel"), ("assignments", "rep_id")}
    required = {name for name, column in TABLES[TableName(table)].columns.items() if column.required}
    of_model = {name for name, field in MODELS[table].model_fields.items() if field.is_required()}
    assert required == {name for name in of_model if (table, name) not in by_empty_cell}


@pytest.mark.parametrize("table", MODELS)
def test_defaults_are_those_of_the_model(table: str):
    columns = TABLES[TableName(table)].columns
    names = [name for name in columns if not MODELS[table].model_fields[name].is_required()]
    sample = pl.DataFrame({**{name: ["x"] for name in columns if name not in names}, LINE: [1], ROW: [1]})
    sample = sample.with_columns(
        pl.lit(columns[name].choices[0] if columns[name].choices else "2026-01-01" if columns[name].kind is Kind.TIME else "1").alias(name)
        for name in columns if name not in names
    )  # fmt: skip
    plan = bind(TABLES[TableName(table)], None, sample, file="a.csv")
    checked = validate(plan, sample, project(plan, sample), at=NOW)
    row = table_frame(plan, checked.values).row(0, named=True)
    given_ = {
        name: json.loads(row[name]) if name in OBJECT_COLUMNS else row[name] for name in names if row[name] is not None
    }
    required = {name: row[name] for name in columns if name not in names}
    assert MODELS[table].model_validate({**required, **given_}) == MODELS[table].model_validate(required)
