"""`leadline effectiveness`: what came of handing leads out, and what others would have won. Shows; judges nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runtime.running import run_program
from runtime.settings import load_settings

_MOST_REPS = 20
_COLOURS = {"adds": "green", "costs": "red"}


def effectiveness_command(
    market: Annotated[str | None, typer.Option(help="Market; the default market if absent.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Leads created within so many days until now.")] = 90,
    html: Annotated[Path | None, typer.Option(help="Also write the whole report with plots to this file.")] = None,
) -> None:
    """Say what came of handing leads out: who wins because of whom, and what people or other rules would have won."""
    from runtime.effectiveness import EffectivenessReader
    from runtime.wiring import open_tools
    from tools.matching.effectiveness.page import to_html

    async def main() -> Any:
        async with open_tools(load_settings()) as house:
            now = house.clock.now()
            reader = EffectivenessReader(house.records)
            return await reader.report(house.known_market(market), since=now - timedelta(days=days), before=now)

    report = run_program(main())
    print_effectiveness(report, Console())
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(to_html(report), encoding="utf-8")
        Console(soft_wrap=True).print(f"page with plots: [bold]{html.resolve()}[/]", highlight=False)


def print_effectiveness(report: Any, console: Console) -> None:
    """Print the report's sentences, then the ways of handing out and the reps as tables."""
    console.print(
        f"[bold]{report.market}[/], leads created from {report.since:%Y-%m-%d} until {report.before:%Y-%m-%d}"
    )
    for sentence in (*report.summary, *report.others.summary):
        console.print(f"- {escape(sentence)}", highlight=False)
    _print_policies(report.others.policies, console)
    _print_uplift(report.others.uplift, console)


def _print_policies(found: Any, console: Console) -> None:
    from tools.matching.effectiveness.wording_others import span

    if not any(line.beyond for line in found.policies):
        return
    table = _table("handed out", "wins per 100 leads", "beside what was won", "log bears on", "trimmed")
    for line in found.policies:
        table.add_row(
            line.policy,
            "" if line.value is None else f"{line.value.value:.1f} ({line.value.low:.1f} to {line.value.high:.1f})",
            "" if line.beyond is None else span(line.beyond),
            "" if line.support is None else f"{min(line.support, 1.0):.0%}",
            "" if line.beyond is None else f"{line.trimmed}",
        )
    console.print(table)


def _print_uplift(uplift: Any, console: Console) -> None:
    from tools.matching.effectiveness.wording_others import span

    if not uplift:
        return
    table = _table("rep", "ended", "won", "average", "because of the rep", "verdict")
    for line in uplift[:_MOST_REPS]:
        verdict = f"[{_COLOURS.get(line.verdict, 'dim')}]{line.verdict}[/]"
        expected = f"{line.expected_wins:.1f}"
        table.add_row(escape(line.name), f"{line.settled}", f"{line.wins}", expected, span(line.added_wins), verdict)
    console.print(table)
    if len(uplift) > _MOST_REPS:
        console.print(f"[dim]and {len(uplift) - _MOST_REPS} more reps; --html lists all[/]")


def _table(first: str, *headings: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "verdict" else "right", no_wrap=True)
    return table
