"""Importing a large file of interactions into SQLite: rows per second and peak memory.

The peer is what one writes without an importer: `polars.read_csv`, a loop of pydantic models, `executemany`. It reports
no quality, lists no rejects, holds the file in memory and stops at the first bad row.
"""

import asyncio
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from rich.progress import track

from benchmarks.harness import Figure, Options, run
from domain.events import Channel, Interaction, InteractionKind
from records.bulk import BulkWriter
from records.database import open_database
from records.importing.importer import BulkSink, DryRunSink, Importer, ImportJob
from records.importing.tables import TableName

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_ROWS, _QUICK_ROWS = 1_000_000, 100_000
_MEMORY_BAR_MB = 500.0
_NO_DURATION = 0.5
_PEER = "read_csv + pydantic loop"


def measure(options: Options) -> list[Figure]:
    """Import a generated file with ours and with the peer, each in a fresh process."""
    n_rows = _QUICK_ROWS if options.quick else _ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "interactions.csv"
        _apart(partial(write_interactions, n_rows=n_rows, seed=options.seed), file)
        megabytes = file.stat().st_size / 1e6
        works = [check_only, import_file, import_file, import_plainly]
        checked, ours, again, peer = (_apart(work, file) for work in track(works, f"importing {n_rows:,} rows"))
    what = f"{n_rows:,} interactions, {megabytes:.0f} MB"
    bar = f"at most {_MEMORY_BAR_MB:.0f} MB"
    return [
        Figure(f"import into SQLite ({what})", n_rows / ours[0], "rows/s", _PEER, n_rows / peer[0]),
        Figure("the same again: nothing new", n_rows / again[0], "rows/s"),
        Figure("read, check and report only", n_rows / checked[0], "rows/s"),
        Figure("peak memory", ours[1], "MB", _PEER, peer[1], bar, ours[1] <= _MEMORY_BAR_MB),
    ]


def write_interactions(file: Path, *, n_rows: int, seed: int) -> None:
    """Write a plausible file: quoted texts, gaps, ISO times.

    Args:
        file: Where to.
        n_rows: Rows, > 0.
        seed: Seed of its randomness.
    """
    rng = np.random.default_rng(seed)
    kinds, channels = [kind.value for kind in InteractionKind], [channel.value for channel in Channel]
    start = datetime(2025, 1, 1, tzinfo=UTC)
    moments = pl.Series(np.sort(rng.integers(0, 365 * 86_400, n_rows))).cast(pl.Duration("ms")) * 1_000
    duration = pl.Series(np.round(rng.lognormal(3, 1, n_rows), 1))
    frame = pl.DataFrame(
        {
            "id": [f"interaction-{number:07d}" for number in range(n_rows)],
            "lead_id": [f"lead-{lead:06d}" for lead in rng.integers(0, max(1, n_rows // 20), n_rows)],
            "kind": rng.choice(kinds, n_rows),
            "at": (pl.Series([start]).new_from_index(0, n_rows) + moments).dt.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
            "channel": rng.choice(channels, n_rows),
            "rep_id": [f"rep-{rep:03d}" for rep in rng.integers(0, 200, n_rows)],
            "duration_s": duration.set(pl.Series(rng.random(n_rows) < _NO_DURATION), None),
            "text": rng.choice(["", "Call me on Friday, please", 'She said "maybe"', "Price?"], n_rows),
        }
    )
    frame.write_csv(file)


def check_only(file: Path) -> None:
    """Read, validate and report; write nothing."""
    asyncio.run(_import(file, DryRunSink()))


def import_file(file: Path) -> None:
    """Import with ours."""

    async def main() -> None:
        database = await open_database(f"sqlite:///{file.with_suffix('.db')}")
        try:
            await _import(file, BulkWriter(database))
        finally:
            await database.close()

    asyncio.run(main())


async def _import(file: Path, sink: BulkSink) -> None:
    job = ImportJob(TableName.INTERACTIONS, file, file.with_suffix(".rejects.jsonl"))
    report = await Importer(sink).run(job, at=_NOW, progress=lambda _done, _size: None)
    assert report.rejected == 0
    assert report.landed + report.unchanged == report.read


def import_plainly(file: Path) -> None:
    """Import with the peer."""
    columns = ("id", "lead_id", "kind", "at", "channel", "rep_id", "product_id", "duration_s", "text")
    with sqlite3.connect(file.with_suffix(".peer.db")) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute(f"create table interactions ({', '.join(columns)}, unique (id))")
        rows = (
            Interaction.model_validate(row).model_dump(mode="json")
            for row in pl.read_csv(file, infer_schema_length=None).iter_rows(named=True)
        )
        values = ", ".join(f":{name}" for name in columns)
        statement = f"insert or ignore into interactions values ({values})"  # noqa: S608 - names are the constants above
        connection.executemany(statement, ({name: row[name] for name in columns} for row in rows))
    connection.close()


def _apart(work: Callable[[Path], None], file: Path) -> tuple[float, float]:
    """Run in a fresh process; return its seconds and its peak memory in MB.

    A new process starts with the peak of the one that made it, so this one stays small and does no work itself.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_timed, work, file).result()


def _timed(work: Callable[[Path], None], file: Path) -> tuple[float, float]:
    start = time.perf_counter()
    work(file)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run("importing", measure)
