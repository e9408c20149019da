"""Binds a mapping to the columns that a file really has: the plan of one import. Pure; reads no file."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from domain.errors import MappingError
from records.importing.batches import LINE, ROW
from records.importing.mapping import NULL_VALUES, FieldSource, FieldType, Levels, Mapping, Source
from records.importing.mapping_file import placeholders
from records.importing.suggestions import did_you_mean
from records.importing.tables import Column, Kind, Table

ROW_PLACEHOLDER = "row"
HASH_PLACEHOLDER = "hash"

_FIELD_COLUMNS = {
    FieldType.NUMBER: Column(Kind.NUMBER),
    FieldType.CATEGORY: Column(Kind.LABEL),
    FieldType.BOOL: Column(Kind.FLAG),
    FieldType.TEXT: Column(Kind.TEXT),
    FieldType.DATE: Column(Kind.DATE),
}
_ANY_LEVEL = Levels()
_NUMBER = r"^[-+]?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$"  # no leading zero: 01234 is a postcode


@dataclass(frozen=True)
class Target:
    """One column to fill.

    Attributes:
        name: Column of the table; a market-specific field has its name after `fields.`.
        column: Its rule.
        source: Where its cells come from.
        levels: Allowed words and corrections.
        is_field: Whether it is a part of the table's open column.
    """

    name: str
    column: Column
    source: Source
    levels: Levels = _ANY_LEVEL
    is_field: bool = False

    @property
    def names_hash(self) -> bool:
        """Whether its template asks for the hash of the row."""
        return self.source.template is not None and HASH_PLACEHOLDER in placeholders(self.name, self.source.template)


@dataclass(frozen=True)
class Plan:
    """What becomes of each row of a file.

    Attributes:
        table: The table to fill.
        targets: Columns to fill, each once.
        mapping: The mapping, for its settings.
        unused: Columns of the file that fill nothing and are not excluded.
    """

    table: Table
    targets: tuple[Target, ...]
    mapping: Mapping
    unused: tuple[str, ...]

    @property
    def null_values(self) -> tuple[str, ...]:
        """Texts that mean "not measured" in every column."""
        return (*NULL_VALUES, *self.mapping.format.null_values)


def bind(table: Table, mapping: Mapping | None, sample: pl.DataFrame, *, file: str, market: str | None = None) -> Plan:
    """Decide how each column of a table is filled from a file.

    A column with an entry in the mapping follows it; another takes the column of its own name; columns named
    `fields.x` become market-specific fields. Without a mapping but with a market, so do all columns left over.

    Args:
        table: The table to fill.
        mapping: The mapping; None where the file's columns are named as the table's.
        sample: First rows of the file after joins, as text; types of undeclared fields are guessed from them.
        file: Name of the file, for messages.
        market: Market of rows that name none; beats the mapping's.

    Raises:
        MappingError: If the mapping names what the table or the file does not have, or a required column has no
            origin.
    """
    names = tuple(name for name in sample.columns if name not in {LINE, ROW})
    takes_rest = mapping is None and market is not None and table.name == "leads"
    settings = mapping or Mapping()
    if settings.table not in {None, table.name}:
        raise MappingError("table", str(settings.table), f"is not the table {table.name} that was asked for")
    _check_names(table, settings, names, file)
    sources = dict(_column_sources(table, settings, names, market or settings.market))
    _check_required(table, sources, names, file)
    targets = [Target(name, table.columns[name], source) for name, source in sources.items()]
    targets += _field_targets(table, settings, sample, names, takes_rest=takes_rest and "fields" not in sources)
    _check_open_column(table, targets)
    targets = [_with_levels(target, settings) for target in targets]
    _check_levels(settings, targets)
    used = {name for target in targets for name in needed_columns(target)}
    used |= {*settings.exclude, *settings.only, *(join.on for join in settings.joins)}
    return Plan(table, tuple(targets), settings, tuple(name for name in names if name not in used))


def needed_columns(target: Target) -> tuple[str, ...]:
    """Return the columns of the file that a target reads."""
    source = target.source
    named = () if source.template is None else placeholders(target.name, source.template)
    columns = [name for name in named if name not in {ROW_PLACEHOLDER, HASH_PLACEHOLDER}]
    return tuple(filter(None, [source.from_, *columns, source.not_before]))


def guess_field_type(cells: pl.Series, null_values: tuple[str, ...]) -> FieldType:
    """Guess what an undeclared field holds from some of its cells: truth values, numbers, else words.

    Args:
        cells: Shape (n_rows,). Texts.
        null_values: Texts that mean "not measured".
    """
    known = cells.str.strip_chars()
    known = known.filter(~known.is_in(list(null_values)).fill_null(value=True))
    if known.is_empty():
        return FieldType.CATEGORY
    if known.str.to_lowercase().is_in(["true", "false"]).all():
        return FieldType.BOOL
    return FieldType.NUMBER if known.str.contains(_NUMBER).all() else FieldType.CATEGORY


def _check_names(table: Table, mapping: Mapping, names: tuple[str, ...], file: str) -> None:
    for target in mapping.columns:
        if target not in table.columns:
            rule = f"is no column of the table {table.name}{did_you_mean(target, table.columns)}"
            raise MappingError(f"columns.{target}", target, f"{rule}; it has: {', '.join(table.columns)}")
    if mapping.fields and table.open_column is None:
        raise MappingError("fields", sorted(mapping.fields), f"cannot be kept: the table {table.name} has no fields")
    for key, name in _named_columns(mapping):
        if name not in names:
            rule = f"is no column of {file}{did_you_mean(name, names)}"
            raise MappingError(key, name, f"{rule}; it has: {', '.join(names)}")


def _named_columns(mapping: Mapping) -> Iterator[tuple[str, str]]:
    entries = [(f"columns.{name}", name, source.or_from(name)) for name, source in mapping.columns.items()]
    entries += [(f"fields.{name}", name, source.or_from(name)) for name, source in mapping.fields.items()]
    for key, name, source in entries:
        for column in needed_columns(Target(name, Column(Kind.TEXT), source)):
            yield key, column
    for name in mapping.exclude:
        yield "exclude", name
    for name in mapping.only:
        yield "only", name


def _column_sources(
    table: Table, mapping: Mapping, names: tuple[str, ...], market: str | None
) -> Iterator[tuple[str, Source]]:
    for name, column in table.columns.items():
        default = market if name == "market" else column.default
        if name == "id" and table.hashed_id and name not in names:
            source = mapping.columns.get(name, Source(template="{hash}"))
        elif name in mapping.columns:
            source = mapping.columns[name].or_from(name)
        elif name in names and name not in mapping.exclude:
            source = Source(**{"from": name})
        elif default is not None and default != "{}":
            source = Source()
        else:
            continue
        yield name, source if source.default is not None else source.model_copy(update={"default": default})


def _check_required(table: Table, sources: dict[str, Source], names: tuple[str, ...], file: str) -> None:
    for name, column in table.columns.items():
        if column.required and name not in sources:
            advice = "give --market or name a column" if name == "market" else "name a column or a default for it"
            rule = f"is required by the table {table.name} and not in {file}; {advice} in the mapping"
            raise MappingError(f"columns.{name}", None, f"{rule}; the file has: {', '.join(names)}")


def _field_targets(
    table: Table, mapping: Mapping, sample: pl.DataFrame, names: tuple[str, ...], *, takes_rest: bool
) -> list[Target]:
    if table.open_column is None:
        return []
    declared = {name: source.or_from(name) for name, source in mapping.fields.items()}
    prefix = f"{table.open_column}."
    null_values = (*NULL_VALUES, *mapping.format.null_values)
    for name in names:
        prefixed = name.startswith(prefix)
        field = name.removeprefix(prefix)
        if field in declared or name in mapping.exclude or not (prefixed or (takes_rest and name not in table.columns)):
            continue
        declared[field] = FieldSource(**{"from": name}, type=guess_field_type(sample[name], null_values))
    return [
        Target(f"{prefix}{name}", _FIELD_COLUMNS[source.type], source, is_field=True)
        for name, source in declared.items()
    ]


def _check_open_column(table: Table, targets: list[Target]) -> None:
    field = next((target.name for target in targets if target.is_field), None)
    if field is not None and any(target.name == table.open_column for target in targets):
        raise MappingError(f"columns.{table.open_column}", field, "would be filled twice; map the object or its parts")


def _with_levels(target: Target, mapping: Mapping) -> Target:
    return Target(
        target.name, target.column, target.source, mapping.levels.get(target.name, _ANY_LEVEL), target.is_field
    )


def _check_levels(mapping: Mapping, targets: list[Target]) -> None:
    names = [target.name for target in targets]
    for name in mapping.levels:
        if name not in names:
            rule = f"is not filled by this mapping{did_you_mean(name, names)}"
            raise MappingError(f"levels.{name}", name, f"{rule}; filled are: {', '.join(names)}")
