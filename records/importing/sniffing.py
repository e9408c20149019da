"""How a text file is written: its encoding and its delimiter. Reads the head of the file and interprets no row."""

import codecs
import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from domain.errors import InvalidInputError

SAMPLE_BYTES = 64 * 1024
DELIMITERS = (",", ";", "\t", "|")

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark starts with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_UTF8_TAIL = 3  # bytes that may follow the first byte of a character: a sample may cut its last one
_UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_NUL_SHARE_OF_UTF16 = 0.2


def sniff_encoding(path: Path) -> str:
    """Say in which encoding a file is written: by its mark, else by its first bytes beyond ASCII.

    A file that is ASCII to the end is UTF-8. The runs of bytes beyond ASCII vote: few of them are UTF-8 by accident,
    and a UTF-8 file with a damaged cell remains one. Bytes that are not UTF-8 are Windows-1252, or Latin-1 where they use
    the five codes which Windows-1252 leaves undefined.

    Args:
        path: The file.

    Returns:
        A codec name for `open`.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return encoding
        if head.count(0) > _NUL_SHARE_OF_UTF16 * len(head):
            return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        sample = head
        while sample.isascii():
            sample = file.read(SAMPLE_BYTES)
            if not sample:
                return "utf-8"
        sample += file.read(_UTF8_TAIL)
    return _encoding_of(sample)


def _encoding_of(sample: bytes) -> str:
    runs = _BEYOND_ASCII.findall(sample)
    if len(runs) > 1 and sample.endswith(runs[-1]):
        runs.pop()  # perhaps cut
    if 2 * sum(_is_utf8(run) for run in runs) > len(runs):
        return "utf-8"
    return "latin-1" if any(byte in _UNDEFINED_IN_CP1252 for byte in sample) else "cp1252"


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def sniff_delimiter(path: Path, encoding: str) -> str:
    """Say which character parts the columns: the one that gives the most columns on the most lines.

    Args:
        path: The file.
        encoding: Its encoding.

    Raises:
        InvalidInputError: If the file is empty.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    whole_file = len(head) < SAMPLE_BYTES
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head, final=whole_file)
    lines = text.splitlines()
    if not whole_file and len(lines) > 1:
        lines.pop()  # cut somewhere
    if not any(line.strip() for line in lines):
        raise InvalidInputError("FILE", str(path), "is empty; give a file with a header line and rows")
    sample = "\n".join(lines)
    return max(DELIMITERS, key=lambda delimiter: _consistency(sample, delimiter))


def _consistency(sample: str, delimiter: str) -> tuple[float, int]:
    widths = [len(row) for row in _rows(sample, delimiter) if row]
    width = widths[0]
    if width == 1:
        return 0.0, 0
    return sum(other == width for other in widths) / len(widths), width


def _rows(sample: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(StringIO(sample, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error:  # a stray quote far down the sample: what was read decides
        return
