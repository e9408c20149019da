"""Reads JSON Lines: one object per line, nested objects under dotted names. Interprets no value."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

import orjson
import polars as pl

from domain.errors import InvalidInputError
from records.importing.batches import WHOLE_LINE, RawBatch, Reject, frame_of, shown
from records.importing.sniffing import sniff_encoding
from records.importing.tables import OBJECT_COLUMNS

_RULE = 'is not a JSON object; each line must hold one, such as {"id": "lead-1"}'


@dataclass(frozen=True)
class JsonlSource:
    """A JSON Lines file. Make it with `open_jsonl`."""

    path: Path
    encoding: str
    columns: tuple[str, ...]
    batch_chars: int

    def batches(self) -> Iterator[RawBatch]:
        """Yield all objects, in order; a line that is none becomes a fault."""
        row, line = 0, 0
        with self.path.open("rb") as raw, _text(raw, self.encoding) as file:
            while texts := file.readlines(self.batch_chars):
                cells: list[dict[str, str | None]] = []
                lines, rows, faults = [], [], []
                for text in texts:
                    line += 1
                    if not text.strip():
                        continue
                    row += 1
                    found = _object(text)
                    if found is None:
                        faults.append(Reject(line, WHOLE_LINE, _readable(text), _RULE))
                        continue
                    cells.append(found)
                    lines.append(line)
                    rows.append(row)
                yield RawBatch(self._frame(cells, lines, rows), tuple(faults), raw.tell())

    def _frame(self, cells: list[dict[str, str | None]], lines: list[int], rows: list[int]) -> pl.DataFrame:
        return frame_of({name: [found.get(name) for found in cells] for name in self.columns}, lines, rows)


def open_jsonl(path: Path, *, batch_chars: int, encoding: str | None = None) -> JsonlSource:
    """Open a JSON Lines file; one pass over it finds all names that its objects use.

    Args:
        path: The file.
        batch_chars: Characters read per batch, > 0, rounded up to whole lines.
        encoding: A codec name; sniffed when None.

    Raises:
        InvalidInputError: If the file holds no JSON object.
    """
    encoding = encoding or sniff_encoding(path)
    names: dict[str, None] = {}
    with path.open("rb") as raw, _text(raw, encoding) as file:
        for text in file:
            names.update(dict.fromkeys(_object(text) or ()))
    if not names:
        raise InvalidInputError("FILE", str(path), "holds no JSON object; give a file with one object per line")
    return JsonlSource(path, encoding, tuple(names), batch_chars)


def _object(text: str) -> dict[str, str | None] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return dict(_cells("", found)) if isinstance(found, dict) else None


def _cells(prefix: str, found: dict[str, object]) -> Iterator[tuple[str, str | None]]:
    for key, value in found.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name not in OBJECT_COLUMNS:
            yield from _cells(f"{name}.", value)
        elif value is None or isinstance(value, str):
            yield name, value
        else:
            yield name, orjson.dumps(value).decode()


def _readable(text: str) -> str:
    return shown(text.encode(errors="replace").decode())


def _text(raw: BinaryIO, encoding: str) -> TextIOWrapper:
    return TextIOWrapper(
        raw, encoding=encoding, errors="surrogateescape" if encoding.startswith("utf-8") else "replace"
    )
