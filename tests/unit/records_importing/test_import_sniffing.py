from pathlib import Path

import pytest

from domain.errors import InvalidInputError
from records.importing.sniffing import SAMPLE_BYTES, sniff_delimiter, sniff_encoding

TEXT = "name;city\nJosé;Zürich\nÉmile;Orléans\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_reads_back_text_in_any_encoding(tmp_path: Path, encoding: str):
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert path.read_bytes().decode(sniff_encoding(path)) == TEXT


def test_ascii_is_utf8(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    assert sniff_encoding(path) == "utf-8"


def test_looks_past_the_first_bytes_for_an_accent(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" * SAMPLE_BYTES + "é,1\n".encode("cp1252"))
    assert sniff_encoding(path) == "cp1252"


def test_bytes_that_windows_does_not_know_are_latin1(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"caf\xe9 \x81 x\n")
    assert sniff_encoding(path) == "latin-1"


def test_one_damaged_cell_leaves_a_file_utf8(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes("José\nZürich\nÉmile\n".encode() + b"caf\xe9 x\n")
    assert sniff_encoding(path) == "utf-8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_finds_the_delimiter(tmp_path: Path, delimiter: str):
    path = tmp_path / "a.csv"
    rows = [["id", "note, with comma", "value"], ["1", "x;y", "2,5"], ["2", "z", "3,5"]]
    path.write_text("\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows))
    assert sniff_delimiter(path, "utf-8") == delimiter


def test_more_columns_on_more_lines_win(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id;price;note\n1;2,50;a\n2;3,50;b\n")
    assert sniff_delimiter(path, "utf-8") == ";"


def test_a_stray_quote_does_not_hide_the_delimiter(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text('id;note\n1;fine\n2;"never closed\n' + "3;x\n" * 40_000)
    assert sniff_delimiter(path, "utf-8") == ";"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="is empty"):
        sniff_delimiter(path, sniff_encoding(path))
