"""Holds rows against the rules of their table: typed rows that keep them all, and a reason for every other. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from records.importing import cells
from records.importing.batches import LINE, Reject, shown
from records.importing.cleaning import COLUMN_CLEANERS, Cleaned, Finding, Reading, clean_each, lost
from records.importing.contacts import clean_email, clean_phone
from records.importing.plan import Plan, Target
from records.importing.tables import Kind
from records.importing.times import clean_date, clean_time, parse_times

_CELL_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.FLAG: cells.read_flag,
    Kind.LANGUAGE: cells.read_language,
    Kind.CURRENCY: cells.read_currency,
    Kind.TIMEZONE: cells.read_timezone,
    Kind.TEXTS: cells.read_texts,
    Kind.LANGUAGES: cells.read_languages,
    Kind.WEEKDAYS: cells.read_weekdays,
    Kind.SKILLS: cells.read_skills,
    Kind.PLACE: cells.read_place,
    Kind.OBJECT: cells.read_object,
    Kind.PROVENANCE: cells.read_provenance,
}
_COLUMN_CLEANERS: dict[Kind, Callable[[pl.Series, Reading], Cleaned]] = {
    **COLUMN_CLEANERS,
    Kind.TIME: clean_time,
    Kind.DATE: clean_date,
}
_TYPES: dict[Kind, pl.DataType] = {
    Kind.NUMBER: pl.Float64(),
    Kind.INTEGER: pl.Int64(),
    Kind.FLAG: pl.Boolean(),
    Kind.TIME: pl.Datetime("us", "UTC"),
}
_REQUIRED = "is required"


@dataclass(frozen=True)
class Note:
    """Cells of one column that break a rule and cost themselves only.

    Attributes:
        field: The column.
        rule: The rule.
        lines: Where, in order.
    """

    field: str
    rule: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Checked:
    """A batch after validation.

    Attributes:
        values: One typed column per target, and `LINE`; every row, with null where a cell broke a rule.
        good: Shape (n_rows,), Boolean. Rows that keep every rule.
        rejects: Why the other rows do not land, in order of lines.
        notes: What was changed in rows that land.
        impossible_dates: Cells with an impossible or unreadable date, by column.
    """

    values: pl.DataFrame
    good: pl.Series
    rejects: tuple[Reject, ...]
    notes: tuple[Note, ...]
    impossible_dates: dict[str, int]


def validate(plan: Plan, rows: pl.DataFrame, texts: pl.DataFrame, *, at: datetime) -> Checked:
    """Hold a batch against the rules of its table.

    Args:
        plan: The plan of the import.
        rows: The raw frame, for the columns that `not_before` names.
        texts: What `project` made of it.
        at: Moment of the import, aware.
    """
    lines = texts[LINE]
    good = pl.Series([True], dtype=pl.Boolean).new_from_index(0, texts.height)
    values: list[pl.Series] = []
    rejects: list[Reject] = []
    notes: list[Note] = []
    impossible: dict[str, int] = {}
    for target in plan.targets:
        raw = texts[target.name]
        cleaned = _clean(plan, target, raw, at)
        values.append(cleaned.values.alias(target.name))
        for fault in _faults(plan, target, raw, cleaned, rows):
            if not fault.mask.any():
                continue
            good &= ~fault.mask
            rejects += _rejects(target.name, raw, lines, fault)
            if fault.date:
                impossible[target.name] = impossible.get(target.name, 0) + int(fault.mask.sum())
        notes += [
            Note(target.name, note.rule, tuple(lines.filter(note.mask))) for note in cleaned.notes if note.mask.any()
        ]
    return Checked(
        pl.DataFrame([*values, lines]),
        good,
        tuple(sorted(rejects, key=lambda reject: reject.line)),
        tuple(notes),
        impossible,
    )


def table_frame(plan: Plan, values: pl.DataFrame) -> pl.DataFrame:
    """Give typed values the columns of their table, in its order.

    Args:
        plan: The plan of the import.
        values: Columns as in `Checked.values`.

    Returns:
        Every column of the table; those that nothing fills are null, objects are `{}`.
    """
    columns = []
    for name, column in plan.table.columns.items():
        if name in values.columns:
            columns.append(values[name])
        elif name == plan.table.open_column:
            columns.append(_object(name, [target for target in plan.targets if target.is_field], values))
        else:
            dtype = _TYPES.get(column.kind, pl.String())
            columns.append(pl.Series(name, [None], dtype=dtype).new_from_index(0, values.height))
    return pl.DataFrame(columns)


def _clean(plan: Plan, target: Target, raw: pl.Series, at: datetime) -> Cleaned:
    kind, settings = target.column.kind, plan.mapping
    if kind is Kind.EMAIL:
        return clean_email(raw)
    if kind is Kind.PHONE:
        return clean_phone(raw, settings.phone_region)
    if kind in _CELL_READERS:
        return clean_each(raw, _CELL_READERS[kind], dtype=_TYPES.get(kind, pl.String()))
    reading = Reading(
        column=target.column,
        at=at,
        timezone=settings.timezone,
        decimal=settings.format.decimal,
        date_format=target.source.date_format,
        scale=target.source.scale,
    )
    return _COLUMN_CLEANERS[kind](raw, reading)


def _faults(plan: Plan, target: Target, raw: pl.Series, cleaned: Cleaned, rows: pl.DataFrame) -> Iterator[Finding]:
    yield from cleaned.faults
    if target.column.required:
        yield Finding(raw.is_null(), _REQUIRED)
    limit = target.source.not_before
    if limit is not None:
        bound = rows[limit].str.strip_chars()
        bound = bound.set(bound.is_in(list(plan.null_values)).fill_null(value=False), None)
        moments = parse_times(bound, timezone=plan.mapping.timezone, date_format=target.source.date_format)
        early = (cleaned.values < moments).fill_null(value=False)
        yield Finding(early, f"lies before {limit}", date=True)
        yield Finding(lost(bound, moments), f"cannot be held against {limit}, which is no time", date=True)


def _rejects(field: str, raw: pl.Series, lines: pl.Series, fault: Finding) -> Iterator[Reject]:
    for line, value in zip(lines.filter(fault.mask), raw.filter(fault.mask), strict=True):
        yield Reject(line, field, None if value is None else shown(value), fault.rule)


def _object(name: str, fields: list[Target], values: pl.DataFrame) -> pl.Series:
    prefix = f"{name}."
    members = []
    for field in fields:
        # json_encode takes structs only: {"name": value} without its braces is a member of the object.
        key = field.name.removeprefix(prefix)
        text = pl.struct(pl.col(field.name).alias(key)).struct.json_encode()
        member = text.str.strip_prefix("{").str.strip_suffix("}")
        members.append(pl.when(pl.col(field.name).is_not_null()).then(member))
    if not members:
        return pl.Series(name, ["{}"], dtype=pl.String).new_from_index(0, values.height)
    joined = pl.concat_str(members, separator=",", ignore_nulls=True)
    return values.select(pl.concat_str(pl.lit("{"), joined, pl.lit("}")).alias(name)).to_series()
