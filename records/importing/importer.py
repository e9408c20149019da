"""Runs an import: read, bind, prepare, land, report. Decides no rule and knows no database."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Protocol

import polars as pl

from records.importing.batches import RawBatch, frame_of
from records.importing.joins import load_lookups
from records.importing.mapping import Mapping
from records.importing.metering import QualityMeter
from records.importing.plan import bind
from records.importing.preparation import Preparation, Prepared, join
from records.importing.rejects import RejectsFile
from records.importing.report import ImportReport
from records.importing.sources import BATCH_CHARS, open_source
from records.importing.tables import TABLES, TableName

Progress = Callable[[int, int], None]
"""Told the bytes read and the bytes of the file, after each batch."""


class BulkSink(Protocol):
    """Where good rows land."""

    async def insert_frame(self, table: str, frame: pl.DataFrame, *, at: datetime) -> int:
        """Write rows in one transaction and return how many were new."""
        ...


class DryRunSink:
    """Writes nothing and calls every row new."""

    async def insert_frame(self, table: str, frame: pl.DataFrame, *, at: datetime) -> int:
        """Count rows."""
        return frame.height


@dataclass(frozen=True)
class ImportJob:
    """What to import.

    Attributes:
        table: The table to fill.
        file: The file.
        rejects: Where rejects are written, if there are any.
        mapping: How columns are filled; None where the file's columns are named as the table's.
        mapping_folder: Where joined files are looked for after the folder of the file.
        market: Market of rows that name none.
        batch_chars: Characters of text read at once; memory grows with it.
    """

    table: TableName
    file: Path
    rejects: Path
    mapping: Mapping | None = None
    mapping_folder: Path | None = None
    market: str | None = None
    batch_chars: int = BATCH_CHARS


@dataclass(frozen=True)
class Importer:
    """Imports files into a sink."""

    sink: BulkSink

    async def run(self, job: ImportJob, *, at: datetime, progress: Progress) -> ImportReport:
        """Import a file. Importing it again changes nothing.

        Each batch lands in a transaction of its own: after a crash, the same import goes on where it ended.

        Args:
            job: What to import.
            at: Moment of the import, aware. Events after it are impossible.
            progress: Told how far the file is read.

        Raises:
            InvalidInputError: If the file cannot be read at all.
            MappingError: If the mapping does not fit the table or the file.
        """
        preparation, batches = await asyncio.to_thread(_open, job, at)
        size = job.file.stat().st_size
        landed = unchanged = 0
        with RejectsFile(job.rejects) as rejects:
            while (prepared := await asyncio.to_thread(_next, preparation, batches)) is not None:
                rejects.add(prepared.rejects)
                if prepared.frame.height:
                    written = await self.sink.insert_frame(job.table.value, prepared.frame, at=at)
                    landed += written
                    unchanged += prepared.frame.height - written
                progress(min(prepared.bytes_done, size), size)
        progress(size, size)
        return ImportReport(
            table=job.table,
            file=job.file.name,
            read=preparation.read,
            landed=landed,
            unchanged=unchanged,
            repeated=preparation.repeated,
            rejected=preparation.rejected,
            skipped=preparation.skipped,
            rejects=preparation.broken.report(),
            rejects_file=str(job.rejects) if rejects.written else None,
            warnings=preparation.warned.report(),
            quality=preparation.meter.report(preparation.lookups),
        )


def _open(job: ImportJob, at: datetime) -> tuple[Preparation, Iterator[RawBatch]]:
    mapping = job.mapping or Mapping()
    source = open_source(job.file, mapping.format, batch_chars=job.batch_chars)
    folders = (job.file.parent, *(() if job.mapping_folder is None else (job.mapping_folder,)))
    lookups = load_lookups(mapping, folders)
    batches = source.batches()
    first = next(batches, None)
    head = [] if first is None else [first]
    sample = frame_of(dict.fromkeys(source.columns, ()), [], []) if first is None else first.rows
    sample = join(sample, lookups)
    for lookup in lookups:
        lookup.unmatched = 0  # the sample comes again as the first batch
    plan = bind(TABLES[job.table], job.mapping, sample, file=job.file.name, market=job.market)
    return Preparation(plan, lookups, job.file.name, at, QualityMeter(plan)), chain(head, batches)


def _next(preparation: Preparation, batches: Iterator[RawBatch]) -> Prepared | None:
    batch = next(batches, None)
    return None if batch is None else preparation.prepare(batch)
