"""`leadline eval`: one command, one scorecard over scorer, matcher, retriever, conversation and replies."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from runtime.running import run_program
from runtime.settings import load_settings


def eval_command(
    suite: Annotated[
        list[str] | None, typer.Option(help="Only this suite: scorer, matcher, retriever, conversation or replies.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the reports; `scorecard` under the home if absent.")
    ] = None,
) -> None:
    """Run the golden suite; exit 1 when a figure is below its bar.

    Runs over the business in the home folder when `leadline demo` made it, else over one built for the occasion.
    """
    from evals.gate import failures
    from evals.report import print_scorecard, write_reports
    from evals.runner import TITLES, run_suites

    settings = load_settings()
    console = Console()
    card = run_program(run_suites(settings, tuple(suite or TITLES), console))
    files = write_reports(card, out or settings.home / "scorecard")
    print_scorecard(card, console)
    closed = failures(card)
    for failure in closed:
        console.print(f"[bold red]below the bar:[/] {failure}", highlight=False)
    console.print(f"The gate is [bold]{'closed' if closed else 'open'}[/]. Report: {files['html']}", highlight=False)
    if closed:
        raise typer.Exit(1)
