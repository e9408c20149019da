"""`leadline import`: files into the system of record. Shows what happened; decides nothing."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from records.importing.tables import TableName
from runtime.clock import SystemClock
from runtime.running import run_program
from runtime.settings import load_settings

NOTHING_LANDED = 1


def import_command(
    table: Annotated[TableName, typer.Argument(help="What the rows of the file are.")],
    file: Annotated[Path, typer.Argument(help="CSV in any form, JSON Lines or Parquet.")],
    mapping: Annotated[
        Path | None, typer.Option(help="YAML file that says which column is what; see docs/importing.md.")
    ] = None,
    market: Annotated[str | None, typer.Option(help="Market of rows that name none.")] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rows that break a rule are listed; under the home folder if absent.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Also write the report as JSON to this file.")] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and report; write nothing to the database.")
    ] = False,
) -> None:
    """Import a file: good rows land, bad rows are listed with their reason, and running it twice changes nothing."""
    from records.importing.importer import BulkSink, DryRunSink, Importer, ImportJob
    from records.importing.mapping_file import load_mapping
    from records.importing.report import ImportReport
    from runtime.commands.import_tables import show_report

    settings = load_settings()
    chosen = None if mapping is None else load_mapping(mapping)
    job = ImportJob(
        table=table,
        file=file,
        rejects=rejects or settings.home / "rejects" / f"{file.stem}.{table.value}.jsonl",
        mapping=chosen,
        mapping_folder=None if mapping is None else mapping.parent,
        market=market or (None if chosen and chosen.market else settings.market),
    )

    async def main() -> ImportReport:
        async with AsyncExitStack() as stack:
            sink: BulkSink = DryRunSink()
            if not dry_run:
                from runtime.import_news import FloorWatch, tell_of_floors
                from runtime.stores import open_records

                records = await stack.enter_async_context(open_records(settings))
                sink = watch = FloorWatch(records.bulk, records.reps)
                # Also where the import breaks off: what has landed by then stays.
                stack.push_async_callback(tell_of_floors, watch.changed, settings)
            bar = stack.enter_context(_progress())
            task = bar.add_task(file.name, total=None)
            return await Importer(sink).run(
                job,
                at=SystemClock().now(),
                progress=lambda done, size: bar.update(task, completed=done, total=size),
            )

    found = run_program(main())
    if report is not None:
        report.write_text(found.model_dump_json(indent=2), encoding="utf-8")
    show_report(found, Console(), dry_run=dry_run)
    if found.nothing_landed:
        raise typer.Exit(NOTHING_LANDED)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        transient=True,
        console=Console(stderr=True),
    )
