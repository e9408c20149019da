"""Opens a file in the format that its extension names. Reads no row."""

from pathlib import Path

from domain.errors import InvalidInputError
from records.importing.batches import Source
from records.importing.csv_source import open_csv
from records.importing.jsonl_source import open_jsonl
from records.importing.mapping import FormatHints
from records.importing.parquet_source import open_parquet

BATCH_CHARS = 4 * 1024 * 1024
BATCH_ROWS = 32_768

_DELIMITED = frozenset({".csv", ".tsv", ".txt", ".psv", ""})
_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_PARQUET = frozenset({".parquet", ".pq"})


def open_source(path: Path, hints: FormatHints, *, batch_chars: int = BATCH_CHARS) -> Source:
    """Open a file of rows.

    Args:
        path: The file; `.jsonl` and `.ndjson` are JSON Lines, `.parquet` and `.pq` Parquet, others delimited text.
        hints: What the mapping says of its form.
        batch_chars: Characters of text read at once.

    Raises:
        InvalidInputError: If it does not exist, cannot be read, or is of no format that can be imported.
    """
    suffix = path.suffix.lower()
    try:
        if not path.is_file():
            raise InvalidInputError("FILE", str(path), "does not exist or is no file; check the path")
        if suffix in _JSON_LINES:
            return open_jsonl(path, batch_chars=batch_chars, encoding=hints.encoding)
        if suffix in _PARQUET:
            return open_parquet(path, batch_rows=BATCH_ROWS)
        if suffix in _DELIMITED:
            return open_csv(path, batch_chars=batch_chars, encoding=hints.encoding, delimiter=hints.delimiter)
    except OSError as error:
        raise InvalidInputError("FILE", str(path), f"cannot be read ({error.strerror}); check the path") from error
    rule = "has no extension that can be imported; save it as .csv, .tsv, .txt, .jsonl, .ndjson or .parquet"
    raise InvalidInputError("FILE", path.name, rule)
