import re

import polars as pl
import pytest

from domain.errors import MappingError
from records.importing.batches import LINE, ROW
from records.importing.mapping import FieldType, Mapping
from records.importing.plan import Plan, bind, guess_field_type
from records.importing.tables import TABLES, Kind, TableName


def _sample(*names: str, **cells: str) -> pl.DataFrame:
    columns = dict.fromkeys(names, "x") | cells
    return pl.DataFrame({**{name: [cell] for name, cell in columns.items()}, LINE: [2], ROW: [1]})


def _bind(table: str, mapping: dict | None, sample: pl.DataFrame, market: str | None = None) -> Plan:
    chosen = None if mapping is None else Mapping.model_validate(mapping)
    return bind(TABLES[TableName(table)], chosen, sample, file="a.csv", market=market)


def _from(plan: Plan) -> dict[str, str | None]:
    return {target.name: target.source.from_ for target in plan.targets}


def test_columns_of_the_same_name_map_themselves():
    plan = _bind("products", None, _sample("id", "market", "name", "price"))
    assert {name: origin for name, origin in _from(plan).items() if origin} == {
        "id": "id", "market": "market", "name": "name", "price": "price",
    }  # fmt: skip


def test_prefixed_columns_become_fields():
    plan = _bind("leads", None, _sample("id", "market", "created_at", "source", "fields.age"))
    assert _from(plan)["fields.age"] == "fields.age"
    assert plan.unused == ()


def test_other_columns_become_fields_when_a_market_is_given():
    sample = _sample("id", "created_at", "source", "age")
    assert "fields.age" in _from(_bind("leads", None, sample, market="roofing"))


def test_other_columns_are_reported_when_no_market_is_given():
    plan = _bind("leads", None, _sample("id", "market", "created_at", "source", "age"))
    assert plan.unused == ("age",)


def test_other_columns_are_reported_when_a_mapping_is_given():
    plan = _bind("leads", {"columns": {"id": "key"}}, _sample("key", "created_at", "source", "age"), market="roofing")
    assert plan.unused == ("age",)


def test_an_excluded_column_is_not_taken_by_its_name():
    plan = _bind("products", {"exclude": {"price": "net"}}, _sample("id", "market", "name", "price"))
    assert "price" not in _from(plan)
    assert plan.unused == ()


def test_the_market_asked_for_beats_the_mapping():
    plan = _bind("products", {"market": "a"}, _sample("id", "name"), market="b")
    assert next(target.source.default for target in plan.targets if target.name == "market") == "b"


def test_events_without_ids_get_them_from_their_content():
    plan = _bind("interactions", None, _sample("lead_id", "kind", "at"))
    assert next(target.source.template for target in plan.targets if target.name == "id") == "{hash}"


@pytest.mark.parametrize(
    ("table", "mapping", "rule"),
    [
        ("products", {"columns": {"id": "prodct"}}, "is no column of a.csv (did you mean 'product'?); it has: product"),
        ("products", {"columns": {"nme": "product"}}, "did you mean 'name'?); it has: id, market, name"),
        ("products", {"columns": {"id": {"template": "p-{no}"}}}, "is no column of a.csv"),
        ("products", {"exclude": {"no": "x"}}, "is no column of a.csv"),
        ("products", {"only": {"no": ["x"]}}, "is no column of a.csv"),
        ("products", {"fields": {"product": {}}}, "the table products has no fields"),
        ("products", {"table": "reps"}, "is not the table products"),
        ("products", {"columns": {"id": "product"}}, "is required by the table products"),
        (
            "products",
            {"columns": {"id": "product", "name": "product"}, "market": "m", "levels": {"prise": {}}},
            "is not filled by this mapping",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_says_how(table: str, mapping: dict, rule: str):
    with pytest.raises(MappingError, match=re.escape(rule)):
        _bind(table, mapping, _sample("product"))


def test_a_lead_without_a_market_says_how_to_give_one():
    with pytest.raises(MappingError, match="give --market"):
        _bind("leads", None, _sample("id", "created_at", "source"))


def test_an_object_and_its_parts_are_refused():
    with pytest.raises(MappingError, match="filled twice"):
        _bind("leads", None, _sample("id", "market", "created_at", "source", "fields", "fields.age"))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "", None, "-3e4"], FieldType.NUMBER),
        (["true", "False", ""], FieldType.BOOL),
        (["01234", "12"], FieldType.CATEGORY),
        (["1", "x"], FieldType.CATEGORY),
        (["", None], FieldType.CATEGORY),
    ],
)
def test_the_type_of_an_undeclared_field_is_guessed(cells: list[str | None], kind: FieldType):
    assert guess_field_type(pl.Series(cells, dtype=pl.String), ("",)) == kind


def test_a_guessed_number_is_read_as_a_number():
    plan = _bind("leads", None, _sample("id", "market", "created_at", "source", **{"fields.age": "3"}))
    assert plan.targets[-1].column.kind == Kind.NUMBER


def test_an_entry_without_an_origin_reads_the_column_of_its_name():
    plan = _bind("products", {"columns": {"price": {"null": ["0"]}}}, _sample("id", "market", "name", "price"))
    assert _from(plan)["price"] == "price"
