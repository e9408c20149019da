"""`leadline what-if --days` and `leadline tune-routing`: the last days handed out again. Shows what came of it; decides nothing."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from domain.values import RepId
from runtime.running import run_program
from runtime.settings import load_settings

_MOST_DAYS = 90
"""As in `runtime.replaying`, which is too heavy for `--help`."""


def show_replay(
    market: str | None, *, days: int, leave: list[str], places: dict[RepId, int], fairness: float | None
) -> None:
    """Hand the last days out again and print what came of it."""
    from runtime.wiring import open_tools
    from tools.matching.what_if import FloorChange

    async def main() -> tuple[Any, dict[RepId, str]]:
        async with open_tools(load_settings()) as house:
            rules, chosen = house.matcher.policy, house.known_market(market)
            change = FloorChange(
                leave=frozenset(RepId(rep_id) for rep_id in leave),
                capacity=places,
                policy=None if fairness is None else rules.model_copy(update={"fairness": fairness}),
            )
            with _bar(Console(stderr=True)) as bar:
                found = await house.replayer.replay(chosen, change, days=days, progress=_shown(bar))
            return found, {rep.id: rep.name for rep in await house.records.reps.in_market(chosen)}

    found, names = run_program(main())
    print_replay(found, names, Console())


def tune_routing_command(
    market: Annotated[str | None, typer.Option(help="Market; the default market if absent.")] = None,
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="The last so many days.")] = 28,
    trials: Annotated[int, typer.Option(min=4, max=200, help="Settings to try.")] = 16,
) -> None:
    """Search the fairness that would have brought most in the last days, evenly enough. Sets nothing."""
    from runtime.wiring import open_tools

    async def main() -> Any:
        async with open_tools(load_settings()) as house:
            chosen = house.known_market(market)
            with _bar(Console(stderr=True)) as bar:
                return await house.replayer.tune(chosen, days=days, n_trials=trials, progress=_shown(bar))

    print_tuning(run_program(main()), Console())


def print_replay(found: Any, names: dict[RepId, str], console: Console) -> None:
    """Print a replay: three columns, the leads of each rep, and the difference in a sentence."""
    columns = (found.real, found.present, found.draft)
    console.print(f"{found.leads:,} leads from {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC")
    table = Table("", box=None, padding=(0, 2))
    for title in ("really", "present rules", "draft"):
        table.add_column(title, justify="right")
    for label, name, shown in (
        ("expected wins", "expected_wins", "{:,.1f}"),
        ("expected value", "expected_value", "{:,.0f}"),
        ("never got a rep", "never_served", "{:,}"),
        ("hours waited, mean", "mean_hours_waited", "{:,.1f}"),
        ("hours waited, one in twenty longer", "p95_hours_waited", "{:,.1f}"),
        ("waited beyond the deadline", "overdue", "{:,}"),
        ("Gini of load", "gini", "{:.2f}"),
    ):
        values = [getattr(each, name) for each in columns]
        table.add_row(label, *("unknown" if value is None else shown.format(value) for value in values))
    table.add_section()
    by_rep = {rep_id for each in columns for rep_id in each.leads_by_rep}
    for rep_id in sorted(by_rep, key=lambda rep_id: (-found.present.leads_by_rep.get(rep_id, 0), rep_id)):
        leads = [f"{each.leads_by_rep.get(rep_id, 0):,}" for each in columns]
        table.add_row(f"leads of {escape(names.get(rep_id, rep_id))}", *leads)
    console.print(table)
    console.print(f"Really won so far: {found.won:,}; still open: {found.still_open:,}.")
    if found.no_signal is not None:
        console.print(found.no_signal)
    console.print(found.summary)


def print_tuning(found: Any, console: Console) -> None:
    """Print a search over settings: every trial, what it found, and the line that would set it."""
    reserves = found.present.vip_reserve is not None
    table = Table(
        "fairness", *(["VIP reserve"] if reserves else []), "expected wins", "expected value", "never got a rep",
        "Gini of load", "", box=None, padding=(0, 2),
    )  # fmt: skip
    for column in table.columns[:-1]:
        column.justify = "right"

    def cells(totals: Any) -> list[str]:
        value = "unknown" if totals.expected_value is None else f"{totals.expected_value:,.0f}"
        return [f"{totals.expected_wins:,.1f}", value, f"{totals.never_served:,}", f"{totals.gini:.2f}"]

    for trial in found.trials:
        marks = [
            text
            for text, holds in (
                ("in force", trial == found.present),
                ("best", trial == found.best),
                ("less even than in turn", not trial.even),
            )
            if holds
        ]
        reserve = [f"{trial.vip_reserve:.3g}"] if reserves else []
        table.add_row(f"{trial.fairness:.3g}", *reserve, *cells(trial.totals), ", ".join(marks))
    table.add_row("in turn", *([""] if reserves else []), *cells(found.turns), "round-robin")
    console.print(table)
    console.print(found.summary)
    if found.best != found.present:
        console.print("To set it:" if found.pays else "To try it all the same:")
        settings = {"FAIRNESS": found.best.fairness} | ({"VIP_RESERVE": found.best.vip_reserve} if reserves else {})
        for name, value in settings.items():
            console.print(f"LEADLINE_ROUTING_{name}={value:g}", highlight=False)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def _shown(bar: Progress) -> Callable[[str, float], None]:
    """Show the stages of some work one after the other on one line."""
    task = bar.add_task("", total=1.0)
    return lambda stage, share: bar.update(task, description=stage, completed=share)
