from pathlib import Path

import pytest

from domain.errors import MappingError
from records.importing.mapping import FieldType, Mapping
from records.importing.mapping_file import load_mapping, parse_mapping

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = DOCS / "examples"


def _load(folder: Path, text: str) -> Mapping:
    path = folder / "map.yaml"
    path.write_text(text)
    return load_mapping(path)


def test_texts_stay_as_they_are_written(tmp_path: Path):
    mapping = _load(
        tmp_path,
        "columns:\n  kind: {from: y, map: {yes: won, no: lost}}\n  value: {from: v, null: [0, 01]}\n"
        "  at: {from: at, default: 2017-12-31}\n",
    )
    assert mapping.columns["kind"].map == {"yes": "won", "no": "lost"}
    assert mapping.columns["value"].null == ("0", "01")
    assert mapping.columns["at"].default == "2017-12-31"


def test_a_bare_name_is_a_column(tmp_path: Path):
    assert _load(tmp_path, "columns: {id: key}").columns["id"].from_ == "key"


def test_a_field_has_a_type(tmp_path: Path):
    mapping = _load(tmp_path, "fields: {age: {type: number}, job: {from: Job}}")
    assert (mapping.fields["age"].type, mapping.fields["job"].type) == (FieldType.NUMBER, FieldType.CATEGORY)


@pytest.mark.parametrize(
    ("text", "key", "rule"),
    [
        ("colums: {id: x}", "colums", "did you mean 'columns'?"),
        ("columns: {id: {form: x}}", "columns.id.form", "did you mean 'from'?"),
        ("table: lead", "table", "did you mean 'leads'?"),
        ("fields: {age: {type: numeric}}", "fields.age.type", "is not one of number, category, bool, text, date"),
        ("timezone: Europe/Pariss", "timezone", "did you mean 'Europe/Paris'?"),
        ("format: {encoding: utf-99}", "format.encoding", "is no encoding"),
        ("format: {delimiter: '::'}", "format.delimiter", "at most 1 character"),
        ("columns: {id: {from: a, template: b}}", "columns.id", "has both from and template; keep one"),
        ("columns: {id: {template: '{a'}}", "columns.id.template", "is no template"),
        ("columns: {id: {template: '{}'}}", "columns.id.template", "has empty braces"),
        ("columns: {at: {sequence: {start: soon, step_seconds: 1}}}", "columns.at.sequence.start", "is refused"),
        ("columns: [id]", "columns", "is refused"),
        ("- a", "--mapping", "is no mapping"),
        ("a: [", "--mapping", "is not YAML"),
    ],
)
def test_a_malformed_mapping_names_key_and_rule(tmp_path: Path, text: str, key: str, rule: str):
    with pytest.raises(MappingError) as caught:
        _load(tmp_path, text)
    assert caught.value.field == key
    assert rule in str(caught.value)


def test_the_value_is_named(tmp_path: Path):
    with pytest.raises(MappingError, match="'lead'"):
        _load(tmp_path, "table: lead")


def test_a_missing_mapping_is_named(tmp_path: Path):
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml")


def test_a_mapping_that_is_no_text_is_named(tmp_path: Path):
    (tmp_path / "map.yaml").write_bytes(b"table: caf\xe9")
    with pytest.raises(MappingError, match="is not UTF-8"):
        load_mapping(tmp_path / "map.yaml")


def test_a_document_that_is_empty_maps_nothing():
    assert parse_mapping({}) == Mapping()


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_example_is_a_mapping(path: Path):
    assert load_mapping(path).table is not None


def test_the_mapping_of_the_guide_is_a_mapping(tmp_path: Path):
    guide = (DOCS / "importing.md").read_text()
    blocks = [part.split("```")[0] for part in guide.split("```yaml\n")[1:]]
    assert [str(_load(tmp_path, block).table) for block in blocks] == ["leads"]
