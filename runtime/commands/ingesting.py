"""`leadline ingest`: documents into the knowledge base. Shows what happened; decides nothing."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from domain.errors import UnknownMarketError
from domain.knowledge import IngestReport
from domain.values import Market
from runtime.settings import load_settings


def ingest_command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders: Markdown, HTML, PDF, DOCX, text. None: the market's own corpus."),
    ] = None,
    market: Annotated[str | None, typer.Option(help="Whose knowledge it is; see docs/knowledge.md.")] = None,
    report: Annotated[Path | None, typer.Option(help="Also write the report as JSON to this file.")] = None,
) -> None:
    """Put documents into the knowledge base: a bad file changes nothing, and running it twice changes nothing."""
    from knowledge.opening import corpus_folder
    from runtime.stores import open_knowledge
    from tools.nudges.catalogue import load_catalogues

    settings = load_settings()
    chosen = Market(market or settings.market)
    known = tuple(sorted(load_catalogues()))
    if chosen not in known:  # a misspelt market would be a corpus that nobody searches
        raise UnknownMarketError(chosen, known)
    sources = paths or [corpus_folder(chosen)]
    knowledge = open_knowledge(settings)
    try:
        with _progress() as bar:
            task = bar.add_task("reading", total=None)
            found = knowledge.ingest(
                sources,
                chosen,
                progress=lambda done, total: bar.update(task, description="encoding", completed=done, total=total),
            )
    finally:
        knowledge.close()
    if report is not None:
        report.write_text(found.model_dump_json(indent=2), encoding="utf-8")
    _show(found, chosen)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("passages"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _show(report: IngestReport, market: Market) -> None:
    table = Table("documents", "passages", "added or rewritten", "removed", "unchanged", title=f"knowledge of {market}")
    counts = (report.documents, report.passages, report.added, report.removed, report.unchanged)
    table.add_row(*(f"{count:,}" for count in counts))
    console = Console()
    console.print(table)
    console.print(f"corpus version {report.corpus_version}")
