"""What every reader yields: rows as text under their line numbers, and the lines that could not be read. Reads nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

LINE = "\N{SECTION SIGN}line"
"""Column of a raw frame: the line of the file where the row starts, from 1 (Parquet: the row)."""

ROW = "\N{SECTION SIGN}row"
"""Column of a raw frame: the number of the row among the file's rows, from 1, unreadable rows included."""

WHOLE_LINE = "(line)"
"""The field of a reject that concerns a line and no single cell."""

_SHOWN = 200


@dataclass(frozen=True)
class Reject:
    """One reason why a line did not land.

    Attributes:
        line: Line of the file, from 1.
        field: The column of the table, or `WHOLE_LINE`.
        value: What the file has there.
        rule: The rule that it breaks.
    """

    line: int
    field: str
    value: str | None
    rule: str


@dataclass(frozen=True)
class RawBatch:
    """Some rows of a file, in order.

    Attributes:
        rows: One String column per column of the file, and `LINE` and `ROW`.
        faults: Lines that are no rows.
        bytes_done: How far into the file the reader is.
    """

    rows: pl.DataFrame
    faults: tuple[Reject, ...]
    bytes_done: int


class Source(Protocol):
    """A file opened for reading, batch by batch; memory holds one batch."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the file's columns, in order."""
        ...

    def batches(self) -> Iterator[RawBatch]:
        """Yield all rows, in order. Raises `InvalidInputError` when the file turns out unreadable."""
        ...


def shown(text: str) -> str:
    """Cut a long text for a message or a reject."""
    text = text.rstrip("\r\n")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def frame_of(columns: Mapping[str, Iterable[str | None]], lines: list[int], rows: list[int]) -> pl.DataFrame:
    """Build a raw frame from cells by column.

    Args:
        columns: Cells by column name, each shape (n_rows,).
        lines: Shape (n_rows,). Line numbers.
        rows: Shape (n_rows,). Row numbers.

    Raises:
        UnicodeEncodeError: If a cell holds a byte that its encoding does not know.
    """
    series = [pl.Series(name, cells, dtype=pl.String) for name, cells in columns.items()]
    return pl.DataFrame([*series, pl.Series(LINE, lines, dtype=pl.Int64), pl.Series(ROW, rows, dtype=pl.Int64)])


def gather(source: Source) -> pl.DataFrame:
    """Read a small file whole, leaving out the lines that are no rows."""
    empty = frame_of(dict.fromkeys(source.columns, ()), [], [])
    return pl.concat([empty, *(batch.rows for batch in source.batches())])
