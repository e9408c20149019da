"""Turns a batch as read into rows that can land and reasons for the others, and counts both. Writes nothing."""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from domain.people import Provenance
from records.importing.batches import LINE, RawBatch, Reject, shown
from records.importing.joins import Lookup
from records.importing.metering import QualityMeter
from records.importing.plan import Plan
from records.importing.projection import keep_wanted, project
from records.importing.rejects import RemarkCounts
from records.importing.repeats import SeenRows, hash_rows
from records.importing.validation import table_frame, validate

_CONTRADICTION = "says something else than an earlier row of the same key; keep one of them"


@dataclass(frozen=True)
class Prepared:
    """A batch that is ready to land.

    Attributes:
        frame: Good rows with every column of the table, each key once.
        rejects: Why the others do not land, in order of lines.
        bytes_done: How far into the file the batch reaches.
    """

    frame: pl.DataFrame
    rejects: list[Reject]
    bytes_done: int


@dataclass
class Preparation:
    """One file on its way. Batches go through it in order.

    Attributes:
        plan: How rows are filled.
        lookups: Joined files.
        file: Name of the file, noted as the source of each lead.
        at: Moment of the import.
        meter: Measures the quality of what passes.
        broken: Rules that cost rows.
        warned: Rules that cost cells.
        read: Rows so far, unreadable ones included.
        skipped: Rows that the mapping leaves out.
        repeated: Rows that say again what an earlier row said.
        rejected: Rows that do not land.
    """

    plan: Plan
    lookups: list[Lookup]
    file: str
    at: datetime
    meter: QualityMeter
    broken: RemarkCounts = field(default_factory=RemarkCounts)
    warned: RemarkCounts = field(default_factory=RemarkCounts)
    read: int = 0
    skipped: int = 0
    repeated: int = 0
    rejected: int = 0
    _seen: SeenRows = field(default_factory=SeenRows)

    def prepare(self, batch: RawBatch) -> Prepared:
        """Validate a batch and count what became of its rows."""
        self.meter.add_rows(batch.rows)
        wanted = keep_wanted(self.plan, join(batch.rows, self.lookups))
        texts = project(self.plan, wanted)
        checked = validate(self.plan, wanted, texts, at=self.at)
        self.meter.add_cells(texts, checked)
        values = checked.values.filter(checked.good)
        frame, contradictions = self._without_repeats(self._table_frame(values), values[LINE])
        rejects = sorted([*batch.faults, *checked.rejects, *contradictions], key=lambda reject: reject.line)
        for note in checked.notes:
            self.warned.add(note.field, note.rule, note.lines)
        for reject in rejects:
            self.broken.add(reject.field, reject.rule, [reject.line])
        self.read += batch.rows.height + len(batch.faults)
        self.skipped += batch.rows.height - wanted.height
        self.rejected += len({reject.line for reject in rejects})
        return Prepared(frame, rejects, batch.bytes_done)

    def _table_frame(self, values: pl.DataFrame) -> pl.DataFrame:
        frame = table_frame(self.plan, values)
        if "provenance" not in frame.columns:
            return frame
        origin = Provenance(source=self.file, recorded_at=self.at, recorded_by="import", basis=self.plan.mapping.basis)
        return frame.with_columns(pl.col("provenance").fill_null(f'{{"*":{origin.model_dump_json()}}}'))

    def _without_repeats(self, frame: pl.DataFrame, lines: pl.Series) -> tuple[pl.DataFrame, list[Reject]]:
        key = list(self.plan.table.key)
        judged = self._seen.judge(hash_rows(frame.select(key)), hash_rows(frame))
        self.repeated += int(judged.repeated.sum())
        contradicting = pl.Series(judged.contradicting)
        keys = frame.filter(contradicting).select(pl.concat_str(pl.col(key).cast(pl.String), separator=" "))
        rejects = [
            Reject(line, ", ".join(key), shown(value), _CONTRADICTION)
            for line, value in zip(lines.filter(contradicting), keys.to_series(), strict=True)
        ]
        return frame.filter(pl.Series(judged.new)), rejects


def join(rows: pl.DataFrame, lookups: list[Lookup]) -> pl.DataFrame:
    """Add the columns of joined files, one after the other."""
    for lookup in lookups:
        rows = lookup.apply(rows)
    return rows
