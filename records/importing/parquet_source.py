"""Reads Parquet in slices as text, the number of the row standing for its line. Interprets no value."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import polars.selectors as cs
from polars.exceptions import PolarsError

from domain.errors import InvalidInputError
from records.importing.batches import LINE, ROW, RawBatch
from records.importing.tables import OBJECT_COLUMNS


@dataclass(frozen=True)
class ParquetSource:
    """A Parquet file. Make it with `open_parquet`."""

    path: Path
    columns: tuple[str, ...]
    n_rows: int
    batch_rows: int

    def batches(self) -> Iterator[RawBatch]:
        """Yield all rows, in order."""
        size = self.path.stat().st_size
        for start in range(0, self.n_rows, self.batch_rows):
            rows = _as_text(pl.scan_parquet(self.path).slice(start, self.batch_rows).collect())
            numbers = pl.int_range(start + 1, start + 1 + rows.height, dtype=pl.Int64, eager=True)
            done = size * min(start + self.batch_rows, self.n_rows) // self.n_rows
            yield RawBatch(rows.with_columns(numbers.alias(LINE), numbers.alias(ROW)), (), done)


def open_parquet(path: Path, *, batch_rows: int) -> ParquetSource:
    """Open a Parquet file.

    Args:
        path: The file.
        batch_rows: Rows per batch, > 0.

    Raises:
        InvalidInputError: If it is no Parquet file.
    """
    try:
        lazy = pl.scan_parquet(path)
        n_rows = lazy.select(pl.len()).collect().item()
        columns = _as_text(lazy.head(0).collect()).columns
    except PolarsError as error:
        rule = f"is not a Parquet file ({_first_line(error)}); give it the extension of its true format"
        raise InvalidInputError("FILE", path.name, rule) from error
    return ParquetSource(path, tuple(columns), n_rows, batch_rows)


def _first_line(error: Exception) -> str:
    """Return the first line of a library's message."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    while nested := [name for name, dtype in frame.schema.items() if dtype == pl.Struct and name not in OBJECT_COLUMNS]:
        frame = frame.unnest(nested, separator=".")
    aware = cs.datetime(time_zone="*")
    return frame.with_columns(
        aware.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"),
        (cs.datetime() - aware).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f"),
        cs.date().dt.strftime("%Y-%m-%d"),
        *(_json_text(name) for name, dtype in frame.schema.items() if dtype.is_nested()),
    ).with_columns(pl.all().cast(pl.String, strict=False))


def _json_text(name: str) -> pl.Expr:
    # json_encode takes structs only: {"v": ...} without its first five characters and its last one.
    wrapped = pl.struct(pl.col(name).alias("v")).struct.json_encode()
    return pl.when(pl.col(name).is_not_null()).then(wrapped.str.slice(5, wrapped.str.len_chars() - 6)).alias(name)
