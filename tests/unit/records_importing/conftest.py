"""A small import without a database: a sink that remembers what landed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from records.importing.importer import Importer, ImportJob
from records.importing.mapping import Mapping
from records.importing.report import ImportReport
from records.importing.tables import TableName

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class FakeSink:
    """Keeps rows by key, as the bulk writer does."""

    rows: dict[tuple[str, str], dict] = field(default_factory=dict)
    frames: list[pl.DataFrame] = field(default_factory=list)

    async def insert_frame(self, table: str, frame: pl.DataFrame, *, at: datetime) -> int:
        self.frames.append(frame)
        written = 0
        for row in frame.iter_rows(named=True):
            key = (table, str(row.get("id") or (row["lead_id"], row["kind"], row["at"])))
            written += self.rows.get(key) != row
            self.rows[key] = row
        return written

    @property
    def landed(self) -> list[dict]:
        return list(self.rows.values())


@dataclass
class Desk:
    """Imports texts as files."""

    folder: Path
    sink: FakeSink = field(default_factory=FakeSink)
    ticks: list[tuple[int, int]] = field(default_factory=list)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @property
    def rejects(self) -> Path:
        return self.folder / "out" / "rejects.jsonl"

    def load(
        self,
        table: str,
        content: str | bytes,
        *,
        mapping: dict | Mapping | None = None,
        market: str | None = None,
        name: str = "file.csv",
        batch_chars: int = 1 << 20,
        at: datetime = NOW,
    ) -> ImportReport:
        if isinstance(mapping, dict):
            mapping = Mapping.model_validate(mapping)
        path = self.folder / name if content is None else self.write(name, content)
        job = ImportJob(TableName(table), path, self.rejects, mapping, None, market, batch_chars)
        return asyncio.run(
            Importer(self.sink).run(job, at=at, progress=lambda done, size: self.ticks.append((done, size)))
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def new_desk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Desk]:
    """Make desks for properties, whose examples share their fixtures."""
    return lambda: Desk(tmp_path_factory.mktemp("desk"))
