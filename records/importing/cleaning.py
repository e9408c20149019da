"""Turns cells of text into values, column by column, and says which break which rule. Pure; decides no row's fate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from records.importing.tables import MAX_LENGTHS, Column, Kind

_NUL = "\x00"
_GROUPED = r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$"
_MONEY_SIGNS = r"[$€£¥₹\s]"


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are to be read.

    Attributes:
        column: The rule of the table.
        at: Moment of the import, aware, in UTC.
        timezone: IANA zone of times that name none.
        decimal: What parts whole and fraction of a number.
        date_format: strftime form of times; None reads ISO 8601.
        scale: Factor of numbers.
    """

    column: Column
    at: datetime
    timezone: str = "UTC"
    decimal: str = "."
    date_format: str | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Finding:
    """Cells that break one rule.

    Attributes:
        mask: Shape (n_rows,), Boolean without nulls.
        rule: The rule, to be read after the value.
        date: Whether it is about an impossible date.
    """

    mask: pl.Series
    rule: str
    date: bool = False


@dataclass(frozen=True)
class Cleaned:
    """A column of values.

    Attributes:
        values: Shape (n_rows,). Null where the cell was empty or broke a rule.
        faults: Broken rules that cost the row.
        notes: Broken rules that cost the cell only.
    """

    values: pl.Series
    faults: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()


def lost(raw: pl.Series, values: pl.Series) -> pl.Series:
    """Mark cells that said something and have no value."""
    return raw.is_not_null() & values.is_null()


def clean_text(raw: pl.Series, reading: Reading) -> Cleaned:
    """Check the length of a text, and that a database can hold it."""
    limit = MAX_LENGTHS[reading.column.kind]
    too_long = (raw.str.len_chars() > limit).fill_null(value=False)
    nul = raw.str.contains(_NUL, literal=True).fill_null(value=False)
    return Cleaned(raw, (Finding(too_long, f"is longer than {limit:,} characters"), Finding(nul, "holds a NUL byte")))


def clean_number(raw: pl.Series, reading: Reading) -> Cleaned:
    """Read numbers, also with currency signs and thousands separators."""
    text = raw
    if reading.decimal == ",":
        text = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    values = text.cast(pl.Float64, strict=False)
    if lost(raw, values).any():
        bare = text.str.replace_all(_MONEY_SIGNS, "")
        grouped = bare.str.contains(_GROUPED).fill_null(value=False)
        bare = bare.zip_with(~grouped, bare.str.replace_all(",", "", literal=True))
        values = values.fill_null(bare.cast(pl.Float64, strict=False))
    if reading.scale is not None:
        values = values * reading.scale
    values = values.set(~values.is_finite().fill_null(value=True), None)
    faults = [Finding(lost(raw, values), "is not a number")]
    low, high = reading.column.low, reading.column.high
    if low is not None:
        faults.append(Finding((values < low).fill_null(value=False), f"is less than {low:g}"))
    if high is not None:
        faults.append(Finding((values > high).fill_null(value=False), f"is more than {high:g}"))
    return Cleaned(values, tuple(faults))


def clean_integer(raw: pl.Series, reading: Reading) -> Cleaned:
    """Read whole numbers."""
    number = clean_number(raw, reading)
    whole = number.values.set((number.values != number.values.round()).fill_null(value=False), None)
    fraction = Finding(number.values.is_not_null() & whole.is_null(), "is not a whole number")
    return Cleaned(whole.cast(pl.Int64, strict=False), (*number.faults, fraction))


def clean_choice(raw: pl.Series, reading: Reading) -> Cleaned:
    """Read one of a few words, whatever their case and however their parts are joined."""
    choices = list(reading.column.choices)
    values = raw.set(~raw.is_in(choices).fill_null(value=True), None)
    if lost(raw, values).any():
        words = raw.str.to_lowercase().str.replace_all(r"[\s-]+", "_")
        values = words.set(~words.is_in(choices).fill_null(value=True), None)
    rule = f"is not one of {', '.join(choices)}; give the mapping a map for it"
    return Cleaned(values, (Finding(lost(raw, values), rule),))


def clean_each(raw: pl.Series, read: Callable[[str], Any], *, dtype: pl.DataType, soft: bool = False) -> Cleaned:
    """Read each distinct cell once with a function that no expression can replace.

    Args:
        raw: Shape (n_rows,). Cells.
        read: Returns the value of a cell, or raises `ValueError` with the rule that it breaks.
        dtype: Type of the values.
        soft: Whether a broken rule costs the cell only.
    """
    values: dict[str | None, Any] = {None: None}
    rules: dict[str | None, str] = {}
    for cell in raw.unique():
        if cell is None:
            continue
        try:
            values[cell] = read(cell)
        except ValueError as error:
            values[cell], rules[cell] = None, str(error)
    cells = raw.to_list()
    cleaned = pl.Series(raw.name, [values[cell] for cell in cells], dtype=dtype)
    found = []
    for rule in sorted(set(rules.values())):
        mask = pl.Series([rules.get(cell) == rule for cell in cells], dtype=pl.Boolean)
        found.append(Finding(mask, rule))
    return Cleaned(cleaned, notes=tuple(found)) if soft else Cleaned(cleaned, tuple(found))


COLUMN_CLEANERS: dict[Kind, Callable[[pl.Series, Reading], Cleaned]] = {
    Kind.ID: clean_text,
    Kind.TEXT: clean_text,
    Kind.LABEL: clean_text,
    Kind.NUMBER: clean_number,
    Kind.INTEGER: clean_integer,
    Kind.CHOICE: clean_choice,
}
"""Cleaners that work on whole columns, by kind."""
