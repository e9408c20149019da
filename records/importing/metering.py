"""Measures a file batch by batch for its quality report; memory does not grow with the file. Changes no row."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from records.importing.batches import LINE, ROW
from records.importing.joins import Lookup
from records.importing.levels import LevelCounts
from records.importing.plan import Plan, Target
from records.importing.quality import ColumnQuality, Extreme, Numbers, QualityReport
from records.importing.repeats import SeenRows, hash_rows
from records.importing.tables import Kind
from records.importing.validation import Checked

SAMPLE_SIZE = 100_000
"""Numbers kept per column. Quartiles and outliers of a file with fewer rows are exact."""

_SHOWN = 5
_NUMERIC = frozenset({Kind.NUMBER, Kind.INTEGER})
_LEVELLED = frozenset({Kind.LABEL, Kind.CHOICE, Kind.LANGUAGE, Kind.CURRENCY, Kind.TIMEZONE})
_FENCE = 1.5


@dataclass
class QualityMeter:
    """Collects what `report` says. One meter per file."""

    plan: Plan
    rows: int = 0
    repeated: int = 0
    _seen: SeenRows = field(default_factory=SeenRows)
    _columns: dict[str, "_ColumnMeter"] = field(default_factory=dict)

    def add_rows(self, rows: pl.DataFrame) -> None:
        """Count rows as they stand in the file.

        Args:
            rows: A raw frame, before joins.
        """
        hashes = hash_rows(rows.drop(LINE, ROW))
        self.repeated += int(self._seen.judge(hashes, hashes).repeated.sum())
        self.rows += rows.height

    def add_cells(self, texts: pl.DataFrame, checked: Checked) -> None:
        """Measure cells.

        Args:
            texts: What `project` made of a batch.
            checked: What `validate` made of that.
        """
        for target in self.plan.targets:
            if target.source.is_constant:
                continue  # it says nothing about the file
            meter = self._columns.setdefault(target.name, _ColumnMeter(target))
            meter.add(texts[target.name], checked.values[target.name], texts[LINE])
            meter.impossible_dates += checked.impossible_dates.get(target.name, 0)

    def report(self, lookups: list[Lookup]) -> QualityReport:
        """Say what the file is like, so far.

        Args:
            lookups: The joins that were applied.
        """
        return QualityReport(
            rows=self.rows,
            repeated_rows=self.repeated,
            columns=tuple(meter.report() for meter in self._columns.values()),
            unused_columns=self.plan.unused,
            excluded_columns=dict(self.plan.mapping.exclude),
            unmatched_joins={lookup.join.file: lookup.unmatched for lookup in lookups if lookup.unmatched},
        )


class _ColumnMeter:
    def __init__(self, target: Target) -> None:
        self._name = target.name
        self._missing = 0
        self._numbers = _NumberSample() if target.column.kind in _NUMERIC else None
        levelled = target.column.kind in _LEVELLED or target.levels.allowed
        self._levels = LevelCounts(target.levels.allowed or target.column.choices) if levelled else None
        self.impossible_dates = 0

    def add(self, texts: pl.Series, values: pl.Series, lines: pl.Series) -> None:
        self._missing += texts.null_count()
        if self._numbers is not None:
            self._numbers.add(values, lines)
        if self._levels is not None:
            # A word that is refused is counted as it was written, one that is read as it was understood.
            self._levels.add(values.fill_null(texts))

    def report(self) -> ColumnQuality:
        levels = self._levels.report() if self._levels is not None else {}
        return ColumnQuality(
            name=self._name,
            missing=self._missing,
            numbers=self._numbers.report() if self._numbers is not None else None,
            impossible_dates=self.impossible_dates,
            **levels,
        )


class _NumberSample:
    """The numbers with the lowest priorities, a fixed pseudo-random function of the line: a uniform sample.

    Source:
        Bottom-k sampling; Cohen and Kaplan, "Summarizing Data Using Bottom-k Sketches", PODC 2007.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._low, self._high = np.inf, -np.inf
        self._values: NDArray[np.float64] = np.empty(0, dtype=np.float64)
        self._lines: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def add(self, values: pl.Series, lines: pl.Series) -> None:
        known = values.is_not_null()
        numbers = values.filter(known).cast(pl.Float64).to_numpy()
        if not len(numbers):
            return
        self._seen += len(numbers)
        self._low, self._high = min(self._low, float(numbers.min())), max(self._high, float(numbers.max()))
        self._values = np.concatenate([self._values, numbers])
        self._lines = np.concatenate([self._lines, lines.filter(known).to_numpy()])
        if len(self._values) > SAMPLE_SIZE:
            kept = np.argpartition(_priorities(self._lines), SAMPLE_SIZE)[:SAMPLE_SIZE]
            self._values, self._lines = self._values[kept], self._lines[kept]

    def report(self) -> Numbers | None:
        if not self._seen:
            return None
        lower, median, upper = (float(value) for value in np.quantile(self._values, [0.25, 0.5, 0.75]))
        reach = _FENCE * (upper - lower)
        beyond = np.maximum(lower - reach - self._values, self._values - upper - reach)
        # Where half of the numbers are equal the fences have no width and every other number would be an outlier.
        outside = np.flatnonzero((beyond > 0) & (reach > 0))
        ranked = outside[np.argsort(-beyond[outside], kind="stable")]
        _, first = np.unique(self._values[ranked], return_index=True)
        farthest = ranked[np.sort(first)][:_SHOWN]
        return Numbers(
            minimum=self._low,
            lower_quartile=lower,
            median=median,
            upper_quartile=upper,
            maximum=self._high,
            outliers=round(len(outside) * self._seen / len(self._values)),
            extremes=tuple(
                Extreme(line=int(self._lines[place]), value=float(self._values[place])) for place in farthest
            ),
            estimated=self._seen > len(self._values),
        )


def _priorities(lines: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Scatter line numbers over 64 bits (the finaliser of SplitMix64)."""
    mixed = lines.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(27))
