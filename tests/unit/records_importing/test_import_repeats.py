import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.importing import metering
from records.importing.levels import MAX_LEVELS, LevelCounts
from records.importing.mapping import Source
from records.importing.metering import SAMPLE_SIZE
from records.importing.plan import Target
from records.importing.rejects import RemarkCounts
from records.importing.repeats import SeenRows
from records.importing.suggestions import closest
from records.importing.tables import Column, Kind


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), max_size=9), max_size=9))
def test_rows_are_judged_as_one_dictionary_would(batches: list[list[tuple[int, int]]]):
    seen, first = SeenRows(), {}
    for batch in batches:
        keys = pl.Series([key for key, _ in batch], dtype=pl.UInt64)
        judged = seen.judge(keys, pl.Series([content for _, content in batch], dtype=pl.UInt64))
        found = list(zip(judged.new, judged.repeated, judged.contradicting, strict=True))
        expected = []
        for key, content in batch:
            is_new = key not in first
            same = first.setdefault(key, content) == content
            expected.append((is_new, not is_new and same, not is_new and not same))
        assert found == expected


def test_many_batches_are_merged_into_few_runs():
    seen = SeenRows()
    for start in range(0, 6_400, 100):
        hashes = pl.int_range(start, start + 100, dtype=pl.UInt64, eager=True)
        assert seen.judge(hashes, hashes).new.all()
    assert len(seen._runs) <= 8
    assert seen.judge(hashes, hashes).repeated.all()


def _numbers(n_rows: int):
    meter = metering._ColumnMeter(Target("value", Column(Kind.NUMBER), Source.model_validate("value")))
    for start in range(0, n_rows, 50_000):
        lines = pl.int_range(start, min(start + 50_000, n_rows), eager=True)
        # Uniform from 0 to 1, and one in a thousand far out.
        values = (lines * 7_919 % n_rows) / n_rows
        values = values.set(lines % 1_000 == 0, 50.0)
        meter.add(values.cast(pl.String), values, lines)
    return meter.report().numbers


def test_a_long_column_is_sampled_and_says_so():
    numbers = _numbers(3 * SAMPLE_SIZE)
    assert numbers.estimated
    assert numbers.median == pytest.approx(0.5, abs=0.01)
    assert numbers.outliers == pytest.approx(300, rel=0.5)
    assert (numbers.minimum, numbers.maximum) == (pytest.approx(0, abs=1e-4), 50.0)


def test_a_column_that_fits_is_exact():
    numbers = _numbers(20_000)
    assert not numbers.estimated
    assert numbers.outliers == 20


def test_equal_numbers_have_no_outliers():
    meter = metering._ColumnMeter(Target("value", Column(Kind.NUMBER), Source.model_validate("value")))
    values = pl.Series([1.0] * 99 + [2.0])
    meter.add(values.cast(pl.String), values, pl.int_range(100, eager=True))
    assert meter.report().numbers.outliers == 0


def test_a_column_of_free_text_has_no_levels():
    counts = LevelCounts()
    counts.add(pl.Series([f"word {number}" for number in range(MAX_LEVELS + 1)]))
    counts.add(pl.Series(["word"]))
    assert counts.report() == {}


def test_words_that_differ_in_a_number_are_no_misspellings():
    counts = LevelCounts()
    counts.add(pl.Series(["region-10", "region-10", "region-11", "Surburban", "Suburban", "Suburban"]))
    assert [(level.value, level.suggestion) for level in counts.report()["lookalikes"]] == [("Surburban", "Suburban")]


def test_remarks_keep_the_first_lines_only():
    counts = RemarkCounts()
    counts.add("at", "is no date", range(2, 1_000))
    counts.add("id", "is required", [7])
    assert [(remark.field, remark.count, remark.lines) for remark in counts.report()] == [
        ("at", 998, (2, 3, 4, 5, 6)), ("id", 1, (7,)),
    ]  # fmt: skip


@pytest.mark.parametrize(("word", "meant"), [("emial", "email"), ("xyz", None)])
def test_the_word_that_was_probably_meant(word: str, meant: str | None):
    assert closest(word, ["email", "phone"]) == meant
