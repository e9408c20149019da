"""Counts the words of a column and points out those that look wrong. Pure but for its memory, which is bounded."""

import re
from typing import TypedDict

import polars as pl

from records.importing.quality import Level
from records.importing.suggestions import closest

MAX_LEVELS = 500
"""Distinct words counted per column; a column with more is free text."""

PLACEHOLDERS = frozenset(
    {
        "unknown",
        "select",
        "select one",
        "none",
        "null",
        "nil",
        "na",
        "n/a",
        "nan",
        "undefined",
        "not set",
        "-",
        "--",
        "?",
    }
)
"""Words, in lower case, by which forms and exports mean that nothing was said."""

_SHOWN = 10
_MOST_SHOWN = 20
_ALIKE = 90.0
_SHORTEST_ALIKE = 6
_DIGITS = re.compile(r"\d+")


class LevelReport(TypedDict, total=False):
    """The part of a `ColumnQuality` that is about levels."""

    distinct: int
    levels: tuple[Level, ...]
    unknown_levels: tuple[Level, ...]
    lookalikes: tuple[Level, ...]
    placeholders: tuple[Level, ...]


class LevelCounts:
    """Counts of the words of one column."""

    def __init__(self, allowed: tuple[str, ...] = ()) -> None:
        self._allowed = allowed
        self._counts: dict[str, int] = {}
        self._too_many = False

    def add(self, words: pl.Series) -> None:
        """Count the words of a batch; null is none."""
        if self._too_many:
            return
        counted = words.drop_nulls().value_counts(name="count")
        for word, count in counted.iter_rows():
            self._counts[word] = self._counts.get(word, 0) + count
        if len(self._counts) > MAX_LEVELS:
            self._too_many = True
            self._counts.clear()

    def report(self) -> LevelReport:
        """Say which words there are, most frequent first, and which of them look wrong."""
        if self._too_many:
            return {}
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        placeholders = [(word, count) for word, count in ranked if word.lower() in PLACEHOLDERS]
        unknown = [(word, count) for word, count in ranked if self._allowed and word not in self._allowed]
        return {
            "distinct": len(ranked),
            "levels": tuple(Level(value=word, count=count) for word, count in ranked[:_SHOWN]),
            "placeholders": tuple(Level(value=word, count=count) for word, count in placeholders),
            "unknown_levels": tuple(
                Level(value=word, count=count, suggestion=closest(word, self._allowed))
                for word, count in unknown[:_MOST_SHOWN]
            ),
            "lookalikes": () if self._allowed else tuple(_lookalikes(ranked))[:_MOST_SHOWN],
        }


def _lookalikes(ranked: list[tuple[str, int]]) -> list[Level]:
    found = []
    for place, (word, count) in enumerate(ranked):
        if len(word) < _SHORTEST_ALIKE:
            continue
        # Words that differ in a number, such as region-1 and region-2, are meant to be alike.
        numbers = _DIGITS.findall(word)
        others = [other for other, _ in ranked[:place] if _DIGITS.findall(other) == numbers]
        meant = closest(word, others, at_least=_ALIKE)
        if meant is not None:
            found.append(Level(value=word, count=count, suggestion=meant))
    return found
