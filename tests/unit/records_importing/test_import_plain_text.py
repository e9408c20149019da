"""The fast way through well-formed text splits as Python's strict reader does, or not at all."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.importing.plain_text import split_plain

CELLS = st.text(alphabet='a", ;\t\x00é#\\\ufeff', max_size=5)
QUOTED = CELLS.map(lambda text: '"' + text.replace('"', '""') + '"')
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n"])


def lines_of(text: str) -> list[str]:
    return io.StringIO(text, newline="").readlines()


@settings(max_examples=500, deadline=None)
@given(
    rows=st.lists(st.tuples(st.lists(CELLS | QUOTED, min_size=1, max_size=3), ENDS), min_size=1, max_size=3),
    width=st.integers(1, 3),
)
def test_what_is_split_is_split_as_by_the_strict_reader(rows, width):
    lines = lines_of("".join(",".join(cells) + end for cells, end in rows))
    split = split_plain(lines, ",", width)
    if split is not None:
        assert [list(cells) for cells in split.rows()] == list(csv.reader(lines, strict=True))
        assert split.height == len(lines)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(QUOTED, QUOTED), min_size=1, max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    delimiter=st.sampled_from(",;\t|"),
)
def test_quoted_cells_are_split_whatever_they_hold(rows, end, delimiter):
    lines = lines_of(end.join(delimiter.join(cells) for cells in rows))
    split = split_plain(lines, delimiter, 2)
    assert split is not None
    assert split.rows() == [tuple(cell[1:-1].replace('""', '"') for cell in cells) for cells in rows]


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n\nc,d\n",
        "\na,b\n",
        "a,b,c\nd\n",
        "a\n",
        'a,5" tall\n',
        '"5" tall,b\n',
        '"a\nb",c\n',
        '"a,b\n',
        "a,b\rc,d\n",
        "\udcff,b\n",
        f"{'a' * (csv.field_size_limit() + 1)},b\n",
    ],
)
def test_what_needs_care_is_not_split(text: str):
    assert split_plain(lines_of(text), ",", 2) is None


def test_a_delimiter_of_several_bytes_is_not_split():
    assert split_plain(["a§b\n"], "§", 2) is None
