"""Reads delimited text with true line numbers; one malformed line costs that line only. Interprets no cell."""

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import polars as pl

from domain.errors import InvalidInputError
from records.importing.batches import LINE, ROW, WHOLE_LINE, RawBatch, Reject, frame_of, shown
from records.importing.plain_text import split_plain
from records.importing.sniffing import sniff_delimiter, sniff_encoding

T = TypeVar("T")


@dataclass(frozen=True)
class CsvSource:
    """A delimited text file. Make it with `open_csv`."""

    path: Path
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    batch_chars: int

    def batches(self) -> Iterator[RawBatch]:
        """Yield all rows, in order; a row that does not fit the header becomes a fault."""
        with self.path.open("rb") as raw, _text(raw, self.encoding) as file:
            records = _Records(file, self.path, self.delimiter)
            records.header()
            while chunk := records.chunk(self.batch_chars):
                yield RawBatch(chunk.frame(self.columns, self.encoding), tuple(chunk.faults), raw.tell())


def open_csv(path: Path, *, batch_chars: int, encoding: str | None = None, delimiter: str | None = None) -> CsvSource:
    """Open a delimited text file, finding out how it is written where it is not told.

    Args:
        path: The file.
        batch_chars: Characters read per batch, > 0, rounded up to whole lines.
        encoding: A codec name; sniffed when None.
        delimiter: One character; sniffed when None.

    Raises:
        InvalidInputError: If the file is empty or its header cannot be used.
    """
    encoding = encoding or sniff_encoding(path)
    delimiter = delimiter or sniff_delimiter(path, encoding)
    try:
        with path.open("rb") as raw, _text(raw, encoding) as file:
            header = _Records(file, path, delimiter).header()
    except csv.Error as error:
        raise InvalidInputError("header", path.name, f"is not delimited text ({error}); check its quotes") from error
    if header is None:
        raise InvalidInputError("FILE", str(path), "is empty; give a file with a header line and rows")
    names = tuple(name.strip() or f"column_{position}" for position, name in enumerate(header, start=1))
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InvalidInputError("header", repeated, f"names two columns of {path.name}; rename one")
    return CsvSource(path, encoding, delimiter, names, batch_chars)


class _Lines:
    """Lines of a file that can be taken back, so that a stray quote does not swallow the lines after it."""

    def __init__(self, file: TextIOWrapper, path: Path) -> None:
        self._file = file
        self._path = path
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._read(self._file.readline)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line

    def ahead(self, chars: int) -> list[str]:
        """Take whole lines of about so many characters; none at the end of the file."""
        if self._returned:
            lines = list(self._returned)
            self._returned.clear()
        else:
            lines = self._read(lambda: self._file.readlines(chars))
        self.number += len(lines)
        return lines

    def give_back(self, lines: list[str]) -> None:
        """Return the lines that were taken last, in their order."""
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)

    @property
    def all_used(self) -> bool:
        """Whether no line that was given back is waiting."""
        return not self._returned

    def _read(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except UnicodeDecodeError as error:
            rule = f"cannot be read as {error.encoding} after line {self.number}; set format.encoding in the mapping"
            raise InvalidInputError("FILE", self._path.name, rule) from error


@dataclass
class _Chunk:
    """Rows that were read together, and the lines among them that are no rows.

    Attributes:
        width: Cells of a row.
        plain: The rows, where each line is one and nothing about them needs care.
        cells: The rows otherwise, and what follows.
        lines: Their lines.
        rows: Their numbers.
        faults: Lines that are no rows.
    """

    width: int
    plain: pl.DataFrame | None = None
    cells: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    faults: list[Reject] = field(default_factory=list)

    def add(self, line: int, row: int, cells: list[str], text: str) -> bool:
        """Take a row, or fault it if its width is not the header's; say which."""
        if len(cells) == self.width:
            self.cells.append(cells)
            self.lines.append(line)
            self.rows.append(row)
            return True
        rule = f"has {len(cells)} cells where the header has {self.width}; check its quotes and delimiters"
        self.faults.append(Reject(line, WHOLE_LINE, shown(text), rule))
        return False

    def frame(self, columns: tuple[str, ...], encoding: str) -> pl.DataFrame:
        """Build the raw frame; rows with bytes that are no text become faults."""
        if self.plain is not None:
            return self.plain.rename(dict(zip(map(str, range(self.width)), columns, strict=True)))
        try:
            return self._build(columns)
        except UnicodeEncodeError:
            self._set_undecodable_aside(encoding)
            return self._build(columns)

    def _build(self, columns: tuple[str, ...]) -> pl.DataFrame:
        by_column = zip(*self.cells, strict=True) if self.cells else ([] for _ in columns)
        return frame_of(dict(zip(columns, by_column, strict=True)), self.lines, self.rows)

    def _set_undecodable_aside(self, encoding: str) -> None:
        rule = f"holds bytes that are not {encoding}; save the file in one encoding or set format.encoding"
        good = [position for position, cells in enumerate(self.cells) if _is_text("".join(cells))]
        for position in sorted(set(range(len(self.cells))).difference(good)):
            readable = ",".join(self.cells[position]).encode(errors="replace").decode()
            self.faults.append(Reject(self.lines[position], WHOLE_LINE, shown(readable), rule))
        self.cells = [self.cells[position] for position in good]
        self.lines = [self.lines[position] for position in good]
        self.rows = [self.rows[position] for position in good]


class _Records:
    """Records of a file. Blank lines are passed over and are no rows."""

    def __init__(self, file: TextIOWrapper, path: Path, delimiter: str) -> None:
        self._lines = _Lines(file, path)
        self._delimiter = delimiter
        # Strict: `"5" tall"` is a fault rather than a cell that quietly lost its quotes.
        self._reader: Any = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._width = 0
        self._row = 0

    def header(self) -> list[str] | None:
        """Read the header; None in an empty file. Raises `csv.Error` where it is not delimited text."""
        # Spreadsheets write `sep=;` above the header.
        header = next((cells for cells in self._reader if cells and not cells[0].lower().startswith("sep=")), None)
        self._width = len(header or ())
        return header

    def chunk(self, chars: int) -> _Chunk | None:
        """Read the next rows, about so many characters of them; None at the end."""
        first = self._lines.number + 1
        lines = self._lines.ahead(chars)
        if not lines:
            return None
        plain = split_plain(lines, self._delimiter, self._width)
        if plain is not None:
            row = self._row + 1
            self._row += plain.height
            numbers = pl.int_range(plain.height, dtype=pl.Int64, eager=True)
            return _Chunk(self._width, plain.with_columns((numbers + first).alias(LINE), (numbers + row).alias(ROW)))
        chunk = _Chunk(self._width)
        rows = _rows_of(lines, self._delimiter)
        if rows is None:
            self._lines.give_back(lines)
            self._read_one_by_one(chunk)
            return chunk
        for line, cells in enumerate(rows, start=first):
            if cells:
                self._row += 1
                chunk.add(line, self._row, cells, lines[line - first])
        return chunk

    def _read_one_by_one(self, chunk: _Chunk) -> None:
        while not self._lines.all_used:
            self._lines.taken.clear()
            first = self._lines.number + 1
            try:
                cells = next(self._reader)
            except csv.Error as error:
                rule = f"is not delimited text ({error}); check its quotes"
                self._row += 1
                chunk.faults.append(Reject(first, WHOLE_LINE, shown(self._lines.taken[0]), rule))
                self._lines.give_back(self._lines.taken[1:])
                continue
            if cells:
                self._row += 1
                if not chunk.add(first, self._row, cells, self._lines.taken[0]):
                    self._lines.give_back(self._lines.taken[1:])


def _rows_of(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """Split lines into cells; None where a cell spans lines or a line breaks the rules of quoting."""
    if any(line.count('"') % 2 for line in lines):
        return None
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) else None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(raw: BinaryIO, encoding: str) -> TextIOWrapper:
    # newline="": quoted cells keep their line breaks, and \n, \r\n and \r all end a line.
    # surrogateescape: a damaged cell costs its row, not the file. UTF-16 and UTF-32 cannot: they raise.
    errors = "strict" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return TextIOWrapper(raw, encoding=encoding, errors=errors, newline="")
