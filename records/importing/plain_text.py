"""Splits well-formed delimited text into columns at once. Pure; it leaves to others whatever is not well-formed."""

import csv
import re
from functools import cache

import polars as pl

_LONGEST_LINE = csv.field_size_limit()
"""Python's reader refuses longer cells; where a line is longer, it has to decide."""

_BYTE_ORDER_MARK = "\ufeff"


def split_plain(lines: list[str], delimiter: str, width: int) -> pl.DataFrame | None:
    r"""Split lines into cells, as a strict `csv.reader` would.

    Args:
        lines: Lines of a file with their ends, at least one.
        delimiter: One character.
        width: Cells that each line has to have, > 0.

    Returns:
        One String column per cell; None where a line is blank, has more or fewer cells, quotes or ends its line in an
        unusual way, or holds what is no text.

    Example:
        >>> split_plain(['1,"a, ""b"" c"\n', "2,\n"], ",", 2).rows()
        [('1', 'a, "b" c'), ('2', '')]
    """
    text = "".join(lines).replace("\r\n", "\n")
    if not text.endswith("\n"):
        text += "\n"
    if not delimiter.isascii() or "\r" in text or "\n\n" in text or text.startswith(("\n", _BYTE_ORDER_MARK)):
        return None
    unquoted = _quoted_cells(delimiter).sub("", f"\n{text}")[1:] if '"' in text else text
    if '"' in unquoted or max(map(len, lines)) > _LONGEST_LINE:
        return None
    if {line.count(delimiter) for line in unquoted[:-1].split("\n")} != {width - 1}:
        return None
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return None
    schema = {str(position): pl.String() for position in range(width)}
    return pl.read_csv(content, has_header=False, schema=schema, separator=delimiter, empty_string_is_null=False)


@cache
def _quoted_cells(delimiter: str) -> re.Pattern[str]:
    """Match quoted cells from end to end, within a line.

    Where no quote is left without them, each match is a cell: before the first there is no quote, so it starts where a
    cell does, and so on.
    """
    end = f"[{re.escape(delimiter)}\n]"
    return re.compile(f'"(?<={end}")[^"\n]*+(?:""[^"\n]*+)*+"(?={end})')
