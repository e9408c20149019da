"""Reads a column of any type as numbers, moments or levels, and cuts it into cells. Pure: no clock, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
import polars as pl

from tools.scoring.arrays import BoolVector, FloatVector, IntVector

MAX_CELLS = 200
"""Cells that numbers are cut into where they have more distinct values."""

_ROWS_A_CELL = 25
_MIN_CELLS = 8
_SAMPLE = 500
_DATE_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y",
)  # fmt: skip
_FLAGS = {"true": 1.0, "false": 0.0}
_EPOCH_FROM, _EPOCH_TO = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2000, 2100))


@dataclass(frozen=True)
class Reading:
    """A column as the rules read it. Exactly one of `numbers` and `levels` is there.

    Attributes:
        name: Name of the column.
        numbers: Shape (n_rows,). Values of a number, flag or moment (seconds since 1970), NaN where missing.
        levels: The values of a text column, null where missing or blank.
        missing: Shape (n_rows,).
        is_moment: Whether the numbers are moments.
        is_day: Whether the moments are whole days.
    """

    name: str
    numbers: FloatVector | None
    levels: pl.Series | None
    missing: BoolVector
    is_moment: bool = False
    is_day: bool = False

    def take(self, rows: IntVector) -> "Reading":
        """Return the reading of some rows."""
        return Reading(
            self.name,
            None if self.numbers is None else self.numbers[rows],
            None if self.levels is None else self.levels.gather(rows),
            self.missing[rows],
            self.is_moment,
            self.is_day,
        )

    def n_distinct(self) -> int:
        """Count distinct values, missing not among them."""
        values = pl.Series(self.numbers[~self.missing]) if self.numbers is not None else self.levels.drop_nulls()  # type: ignore[union-attr]  # one of the two is there
        return int(values.n_unique())

    def cells(self) -> IntVector:
        """Cut the values into cells of equal mass, or one for each value where there are few; -1 where missing.

        Cells of one value each find a target that is hidden in odd and even numbers as well as one that is hidden in
        high and low ones.
        """
        if self.levels is not None:
            codes = self.levels.rank("dense").fill_null(0).to_numpy().astype(np.int64)
            return codes - 1
        assert self.numbers is not None, "a column is numbers or levels"
        known = self.numbers[~self.missing]
        cells = np.full(len(self.numbers), -1, dtype=np.int64)
        if len(known) == 0:
            return cells
        n_cells = int(np.clip(len(known) // _ROWS_A_CELL, _MIN_CELLS, MAX_CELLS))
        distinct = np.unique(known)
        if len(distinct) <= n_cells:
            cells[~self.missing] = np.searchsorted(distinct, known)
            return cells
        edges = np.unique(np.quantile(known, np.linspace(0, 1, n_cells + 1)[1:-1], method="lower"))
        cells[~self.missing] = np.searchsorted(edges, known, side="left")
        return cells


def read_column(series: pl.Series) -> Reading:
    """Read a column: numbers and flags as they are, text as numbers or dates where all of it reads so.

    Blank text is missing. Numbers that all lie between the years 2000 and 2100 as seconds or milliseconds since 1970
    are moments.
    """
    kind = series.dtype
    if kind == pl.Date:
        return _moments(series, series.cast(pl.Datetime("us")), is_day=True)
    if isinstance(kind, pl.Datetime):
        return _moments(series, series, is_day=False)
    if kind == pl.Boolean or kind.is_numeric():
        return _numbers(series.name, series.cast(pl.Float64))
    return _read_text(series)


def _read_text(series: pl.Series) -> Reading:
    text = series.cast(pl.Utf8).str.strip_chars()
    text = text.set(text == "", None)
    sample = text.drop_nulls().head(_SAMPLE)
    if len(sample):
        if (values := _parsed(text, sample, _as_numbers)) is not None:
            return _numbers(series.name, values)
        for form in _DATE_FORMATS:
            if (dates := _parsed(text, sample, partial(_as_dates, form=form))) is not None:
                return _moments(series, dates, is_day="%H" not in form)
    return Reading(series.name, None, text, np.asarray(text.is_null()))


def _numbers(name: str, values: pl.Series) -> Reading:
    numbers = values.fill_null(float("nan")).to_numpy().astype(np.float64)
    missing = ~np.isfinite(numbers)
    known = numbers[~missing]
    for unit in (1.0, 1e3) if len(known) else ():
        if known.min() >= _EPOCH_FROM * unit and known.max() <= _EPOCH_TO * unit:
            return Reading(name, np.where(missing, np.nan, numbers / unit), None, missing, is_moment=True)
    return Reading(name, np.where(missing, np.nan, numbers), None, missing)


def _moments(series: pl.Series, dates: pl.Series, *, is_day: bool) -> Reading:
    seconds = dates.dt.epoch("us").cast(pl.Float64).fill_null(float("nan")).to_numpy() / 1e6
    return Reading(series.name, seconds, None, np.isnan(seconds), is_moment=True, is_day=is_day)


def _parsed(text: pl.Series, sample: pl.Series, parse: Callable[[pl.Series], pl.Series]) -> pl.Series | None:
    """Return the parsed column where every value reads so; a sample is tried first, because most columns fail it."""
    if parse(sample).null_count():
        return None
    values = parse(text)
    return values if values.null_count() == text.null_count() else None


def _as_numbers(text: pl.Series) -> pl.Series:
    values = text.cast(pl.Float64, strict=False)
    return (
        values
        if values.null_count() < len(values)
        else text.replace_strict(_FLAGS, default=None, return_dtype=pl.Float64)
    )


def _as_dates(text: pl.Series, form: str) -> pl.Series:
    if "%H" not in form:
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    dates = text.str.to_datetime(form, strict=False, time_unit="us")
    return dates.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if "%:z" in form else dates
