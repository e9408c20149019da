"""Builds the demo's business: a simulated floor, written to files, imported, learned from and read up on."""

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from domain.values import Market, content_hash
from knowledge.opening import corpus_folder
from records.importing.importer import Importer, ImportJob
from records.importing.tables import TableName
from runtime.settings import Settings
from runtime.wiring import Tools, open_tools
from simulation.catalogue import load_market
from simulation.export import write_csv
from simulation.floor import SalesFloor, simulate
from tools.scoring.card import ModelCard

MARKET = Market("insurance_partners")
N_LEADS, N_REPS, DAYS, SEED = 8_000, 24, 540, 2026
_NOTE = "floor.json"
_MAKERS = ("simulation", "records", "tools/scoring", "knowledge", "runtime/demo")
_SOURCES = {".py", ".yaml", ".md"}
_ORDER = ("products", "reps", "leads", "assignments", "interactions", "consents", "outcomes")


def simulate_business(now: datetime) -> SalesFloor:
    """Simulate the business up to the last midnight."""
    midnight = _midnight(now)
    return simulate(
        load_market(MARKET), n_leads=N_LEADS, seed=SEED, start=midnight - timedelta(days=DAYS), days=DAYS, n_reps=N_REPS
    )


async def import_business(tools: Tools, floor: SalesFloor, folder: Path, console: Console) -> None:
    """Write the floor to CSV files and bring them in through the importer, as any team would."""
    files = write_csv(floor, folder)
    table = Table(box=None, padding=(0, 2))
    for column in ("file", "rows", "landed", "rejected"):
        table.add_column(column, justify="left" if column == "file" else "right")

    def show(task: TaskID) -> Callable[[int, int], None]:
        return lambda done, size: bar.update(task, completed=done, total=size)

    with _progress(console) as bar:
        for name in _ORDER:
            task = bar.add_task(f"importing {name}.csv", total=None)
            job = ImportJob(
                table=TableName(name),
                file=files[name],
                rejects=folder / f"{name}.rejects.jsonl",
                mapping=None,
                mapping_folder=None,
                market=MARKET,
            )
            report = await Importer(tools.records.bulk).run(
                job,
                at=tools.clock.now(),
                progress=show(task),
            )
            table.add_row(files[name].name, f"{report.read:,}", f"{report.landed:,}", f"{report.rejected:,}")
    console.print(table)


async def learn(tools: Tools, console: Console) -> ModelCard:
    """Train the scorer on what was imported."""
    with console.status("training the scorer"):
        return await tools.trainer.train_model(MARKET, now=tools.clock.now())


async def read_up(tools: Tools, console: Console) -> int:
    """Index the documents that come with the market. Returns the number of passages."""
    with _progress(console) as bar:
        task = bar.add_task("reading the playbook", total=None)
        report = await asyncio.to_thread(
            tools.knowledge.ingest,
            [corpus_folder(MARKET)],
            MARKET,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    return report.passages


async def build_business(settings: Settings, now: datetime, console: Console) -> SalesFloor:
    """Build everything in the home folder: records, scorer, knowledge, and a note of which floor it is."""
    floor = simulate_business(now)
    async with open_tools(settings) as tools:
        await import_business(tools, floor, settings.home / "files", console)
        await learn(tools, console)
        await read_up(tools, console)
    note_floor(settings.home, floor)
    return floor


async def prepare_business(settings: Settings, kept: Path, now: datetime, console: Console, *, fresh: bool) -> None:
    """Put the business into the home folder: a copy of the one kept, or a new one, which is kept then.

    Args:
        settings: Its home must not exist.
        kept: Folder of the business that is kept.
        now: The present.
        console: Where progress is shown.
        fresh: Build it anew in any case.
    """
    if fresh or _noted(kept) != _note(_midnight(now)):
        shutil.rmtree(kept, ignore_errors=True)
        await build_business(settings.model_copy(update={"home": kept}), now, console)
    else:
        console.print(f"the business in {kept} is up to date; `leadline demo --fresh` builds it anew")
    shutil.copytree(kept, settings.home)


def note_floor(home: Path, floor: SalesFloor) -> None:
    """Write down which floor the home holds, so that an evaluation can know its truth."""
    (home / _NOTE).write_text(json.dumps(_note(floor.end)), encoding="utf-8")


def _note(end: datetime) -> dict[str, str]:
    """Name a floor by its last midnight and by the code and data that make it."""
    root = Path(__file__).parents[2]
    files = sorted(path for room in _MAKERS for path in (root / room).rglob("*") if path.suffix in _SOURCES)
    made_by = content_hash([(str(path.relative_to(root)), path.stat().st_mtime_ns) for path in files])
    return {"end": end.isoformat(), "made_by": made_by}


def _noted(home: Path) -> dict[str, str] | None:
    try:
        note: dict[str, str] = json.loads((home / _NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return note


def load_floor(home: Path) -> SalesFloor | None:
    """Return the floor that a home folder holds, None where it holds none."""
    note = _noted(home)
    return simulate_business(datetime.fromisoformat(note["end"])) if note else None


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)
