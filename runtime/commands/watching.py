"""`leadline model-card`, `leadline drift`: what the model that scores is like, and whether it still fits."""

import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from runtime.running import run_program
from runtime.settings import load_settings

MarketOption = Annotated[str | None, typer.Option(help="Market; the default market if absent.")]


def model_card_command(
    market: MarketOption = None,
    to: Annotated[Path | None, typer.Option(help="File to write the page to; under the home folder if absent.")] = None,
    *,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Print the card of the model that serves, and write its page with plots."""
    from domain.errors import ModelNotFoundError
    from runtime.wiring import open_tools
    from tools.scoring.card import to_markdown

    async def main() -> Path:
        async with open_tools(load_settings()) as house:
            chosen = house.known_market(market)
            published = house.scorer.registry.current(chosen)
            if published is None:
                raise ModelNotFoundError(chosen)
            file = to or house.settings.home / "cards" / f"{chosen}-{published.version}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(house.scorer.registry.page(chosen, published.version), encoding="utf-8")
        Console().print(to_markdown(published.card), markup=False, highlight=False)
        return file.resolve()

    page = run_program(main())
    Console(soft_wrap=True).print(f"page with plots: [bold]{page}[/]", highlight=False)
    if show:
        webbrowser.open(page.as_uri())


def drift_command(market: MarketOption = None) -> None:
    """Say how far the leads of today are from those that the model learned from, and whether its word still holds."""
    from runtime.wiring import open_tools

    async def main() -> Any:
        async with open_tools(load_settings()) as house:
            return await house.trainer.detect_model_drift(house.known_market(market), now=house.clock.now())

    print_drift(run_program(main()), Console())


def print_drift(report: Any, console: Console) -> None:
    """Print a drift report: the verdict, why, and the columns that changed, the most changed first."""
    console.print(f"[bold]{report.verdict.value}[/]: {report.why}")
    changed = set(report.changed)
    if changed:
        table = Table(box=None, padding=(0, 2))
        for heading in ("column", "verdict", "PSI", "why"):
            table.add_column(heading)
        for column in report.columns:
            if column.name in changed:
                table.add_row(column.name, column.verdict.value, f"{column.psi:.2f}", column.why)
        console.print(table)
    if report.outcomes is not None:
        console.print(f"[dim]{report.outcomes.why}[/]")
