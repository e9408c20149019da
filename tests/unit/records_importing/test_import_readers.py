import csv
import io
import json
import shutil
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from records.importing.batches import LINE, ROW, WHOLE_LINE, RawBatch, Source
from records.importing.csv_source import open_csv
from records.importing.jsonl_source import open_jsonl
from records.importing.mapping import FormatHints
from records.importing.parquet_source import open_parquet
from records.importing.sources import open_source


def _read(source: Source) -> tuple[list[dict], list[tuple[int, str]]]:
    batches: list[RawBatch] = list(source.batches())
    rows = [row for batch in batches for row in batch.rows.to_dicts()]
    return rows, [(fault.line, fault.rule) for batch in batches for fault in batch.faults]


def _csv(folder: Path, content: str | bytes, chars: int = 1 << 20) -> Source:
    path = folder / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_csv(path, batch_chars=chars)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_reads_any_line_ending(tmp_path: Path, end: str):
    rows, faults = _read(_csv(tmp_path, end.join(["a,b", "1,x", "", "2,y"])))
    assert (rows, faults) == (
        [{"a": "1", "b": "x", LINE: 2, ROW: 1}, {"a": "2", "b": "y", LINE: 4, ROW: 2}],
        [],
    )


@pytest.mark.parametrize("chars", [1, 20, 1 << 20])
def test_quoted_line_breaks_keep_true_line_numbers(tmp_path: Path, chars: int):
    rows, faults = _read(_csv(tmp_path, 'a,b\n1,"two\nlines"\n2,plain\n3,"three\n\nlines"\n4,end\n', chars))
    assert [(row["a"], row["b"], row[LINE], row[ROW]) for row in rows] == [
        ("1", "two\nlines", 2, 1),
        ("2", "plain", 4, 2),
        ("3", "three\n\nlines", 5, 3),
        ("4", "end", 8, 4),
    ]
    assert faults == []


@pytest.mark.parametrize("chars", [1, 1 << 20])
def test_a_ragged_row_costs_itself_only(tmp_path: Path, chars: int):
    rows, faults = _read(_csv(tmp_path, "a,b\n1,x\n2\n3,y,z\n4,w\n", chars))
    assert [row["a"] for row in rows] == ["1", "4"]
    assert [row[ROW] for row in rows] == [1, 4]
    assert [line for line, _ in faults] == [3, 4]
    assert "has 1 cells where the header has 2" in faults[0][1]


@pytest.mark.parametrize("chars", [1, 1 << 20])
def test_a_quote_that_never_closes_costs_its_line_only(tmp_path: Path, chars: int):
    lines = ["a,b", '1,"open', *(f"{number},x" for number in range(2, 30_000))]
    rows, faults = _read(_csv(tmp_path, "\n".join(lines), chars))
    assert [row["a"] for row in rows] == [str(number) for number in range(2, 30_000)]
    assert [row[LINE] for row in rows] == list(range(3, 30_001))
    assert [line for line, _ in faults] == [2]


def test_a_quote_inside_a_quoted_cell_costs_its_line_only(tmp_path: Path):
    rows, faults = _read(_csv(tmp_path, 'a,b\n1,"5" tall"\n2,x\n'))
    assert [row["a"] for row in rows] == ["2"]
    assert [line for line, _ in faults] == [2]


def test_a_cell_in_another_encoding_costs_its_row_only(tmp_path: Path):
    content = "a,b\n1,José\n2,Zoë\n3,Æsa\n".encode() + b"4,caf\xe9\n5,x\n"
    rows, faults = _read(_csv(tmp_path, content))
    assert [row["a"] for row in rows] == ["1", "2", "3", "5"]
    assert [line for line, _ in faults] == [5]
    assert "are not utf-8" in faults[0][1]


def test_damaged_utf16_is_named(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="cannot be read as utf-16"):
        _read(_csv(tmp_path, "a,b\n1,x\n".encode("utf-16") + b"\x00\xd8\x00"))


def test_the_separator_line_of_spreadsheets_is_no_header(tmp_path: Path):
    source = _csv(tmp_path, "sep=;\na;b\n1;x\n")
    rows, _ = _read(source)
    assert source.columns == ("a", "b")
    assert rows == [{"a": "1", "b": "x", LINE: 3, ROW: 1}]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path):
    assert _csv(tmp_path, b"\xef\xbb\xbfid,b\n1,x\n").columns == ("id", "b")


def test_a_name_that_the_header_has_twice_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="names two columns"):
        _csv(tmp_path, "id,id\n1,2\n")


def test_a_column_without_a_name_gets_one(tmp_path: Path):
    assert _csv(tmp_path, "id,,b\n1,2,3\n").columns == ("id", "column_2", "b")


def test_a_header_alone_has_no_rows(tmp_path: Path):
    assert _read(_csv(tmp_path, "id,b\n")) == ([], [])


_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=12), st.sampled_from([1, 30, 10_000]))
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]], chars: int):
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("first", "second"), *rows])
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "a.csv"
        path.write_text(written.getvalue(), encoding="utf-8", newline="")
        found, faults = _read(open_csv(path, batch_chars=chars, encoding="utf-8", delimiter=","))
    finally:
        shutil.rmtree(folder)
    assert [(row["first"], row["second"]) for row in found] == rows
    assert faults == []


def test_json_lines_are_flattened_and_bad_lines_named(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    lines = [
        '{"id": "a", "n": 1.5, "ok": true, "who": {"mail": "x@y.com"}, "fields": {"k": 1}, "tags": ["u"]}',
        "{broken",
        "",
        "[1]",
        '{"id": "b", "late": null, "n": "0042"}',
    ]
    path.write_text("\n".join(lines))
    source = open_jsonl(path, batch_chars=10)
    rows, faults = _read(source)
    assert source.columns == ("id", "n", "ok", "who.mail", "fields", "tags", "late")
    assert rows[0] == {
        "id": "a", "n": "1.5", "ok": "true", "who.mail": "x@y.com", "fields": '{"k":1}', "tags": '["u"]',
        "late": None, LINE: 1, ROW: 1,
    }  # fmt: skip
    assert (rows[1]["n"], rows[1][LINE], rows[1][ROW]) == ("0042", 5, 4)
    assert [line for line, _ in faults] == [2, 4]


def test_json_lines_without_an_object_are_refused(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text("1\n2\n")
    with pytest.raises(InvalidInputError, match="holds no JSON object"):
        open_jsonl(path, batch_chars=100)


def test_parquet_becomes_text(tmp_path: Path):
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame(
        {
            "n": [1, None],
            "x": [1.5, None],
            "aware": [datetime(2026, 1, 1, 5, tzinfo=UTC), None],
            "naive": [datetime(2026, 1, 1, 5), None],  # noqa: DTZ001 - the file has no zone
            "day": [date(2026, 1, 2), None],
            "ok": [True, None],
            "tags": [["a", 'b"'], None],
            "who": [{"mail": "x@y.com"}, None],
            "fields": [{"k": 1}, None],
        }
    )
    frame.write_parquet(path)
    rows, _ = _read(open_parquet(path, batch_rows=1))
    assert rows[0] == {
        "n": "1", "x": "1.5", "aware": "2026-01-01T05:00:00.000000+00:00", "naive": "2026-01-01T05:00:00.000000",
        "day": "2026-01-02", "ok": "true", "tags": json.dumps(["a", 'b"'], separators=(",", ":")),
        "who.mail": "x@y.com", "fields": '{"k":1}', LINE: 1, ROW: 1,
    }  # fmt: skip
    assert {name: value for name, value in rows[1].items() if value is not None} == {LINE: 2, ROW: 2}


def test_what_is_no_parquet_is_named(tmp_path: Path):
    path = tmp_path / "a.parquet"
    path.write_text("id,b\n")
    with pytest.raises(InvalidInputError, match="is not a Parquet file"):
        open_source(path, FormatHints())


@pytest.mark.parametrize(("name", "rule"), [("a.xlsx", "save it as .csv"), ("missing.csv", "does not exist")])
def test_a_file_that_cannot_be_imported_is_named(tmp_path: Path, name: str, rule: str):
    (tmp_path / "a.xlsx").write_text("x")
    with pytest.raises(InvalidInputError, match=rule):
        open_source(tmp_path / name, FormatHints())


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path):
    content = "a,b\n" + "1,x\n" * 1000
    assert list(_csv(tmp_path, content, 100).batches())[-1].bytes_done == len(content)


def test_a_fault_shows_the_line(tmp_path: Path):
    fault = next(iter(_csv(tmp_path, "a,b\nonly\n").batches())).faults[0]
    assert (fault.line, fault.field, fault.value) == (2, WHOLE_LINE, "only")
