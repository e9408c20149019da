"""`leadline train`, `leadline score`, `leadline match`: decisions from the terminal."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from domain.matches import Match
from domain.scores import LeadScore
from domain.values import LeadId
from runtime.running import run_program
from runtime.settings import load_settings

LeadArgument = Annotated[str, typer.Argument(help="Id of the lead.")]


def train_command(
    market: Annotated[str | None, typer.Option(help="Market to train; the default market if absent.")] = None,
    tune: Annotated[
        float, typer.Option(min=0, max=86_400, help="Seconds to search better settings of the trees for; 0: none.")
    ] = 0.0,
) -> None:
    """Train the scorer on the outcomes there are, and publish the model with its card."""
    from runtime.wiring import open_tools
    from tools.scoring.card import to_markdown
    from tools.scoring.learning.tuning import TuningBudget

    async def main() -> None:
        async with open_tools(load_settings()) as house:
            chosen = house.known_market(market)
            with _training_bar(Console(stderr=True)) as bar:
                task = bar.add_task(f"training the scorer of {chosen}", total=1.0)
                card = await house.trainer.train_model(
                    chosen,
                    now=house.clock.now(),
                    tuning=TuningBudget(seconds=tune) if tune else None,
                    progress=lambda stage, share: bar.update(task, description=stage, completed=share),
                )
            Console().print(to_markdown(card), markup=False, highlight=False)

    run_program(main())


def _training_bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def score_command(lead_id: LeadArgument) -> None:
    """Score a lead now, with reasons."""
    from runtime.wiring import open_tools

    async def main() -> LeadScore:
        async with open_tools(load_settings()) as house:
            return await house.scorer.score_lead(LeadId(lead_id))

    print_score(run_program(main()), Console())


def match_command(lead_id: LeadArgument) -> None:
    """Say who should take a lead, and why. Assigns nobody."""
    from runtime.wiring import open_tools

    async def main() -> Match:
        async with open_tools(load_settings()) as house:
            return await house.matcher.propose(LeadId(lead_id))

    print_match(run_program(main()), Console())


def print_score(score: LeadScore, console: Console) -> None:
    """Print a score as a rep would want to read it."""
    console.print(
        f"[bold]{score.lead_id}[/]  [bold]{score.points:.0f}[/]/100 "
        f"({score.p_low:.0%} to {score.p_high:.0%})  {score.temperature.value}"
        + (f"  worth {score.expected_value:,.0f} {score.currency}" if score.expected_value is not None else "")
    )
    if score.no_signal:
        console.print(f"  [yellow]no signal:[/] {score.no_signal}")
    if score.abstains:
        console.print(f"  [yellow]too little is known:[/] {score.abstains}")
    if score.override:
        said = score.override
        points = "" if said.points is None else f"{said.points:.0f}"
        word = " ".join(part for part in (points, said.temperature) if part)
        console.print(f"  [yellow]{escape(said.by)} says {word}:[/] {escape(said.reason)}")
    if score.days_to_close:
        days = score.days_to_close
        console.print(f"  if won, in {days.p50:.0f} days ({days.p10:.0f} to {days.p90:.0f})")
    for flag in score.flags:
        console.print(f"  [dim]{flag.text}[/]")
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row("", f"{score.base_points:.1f}", "the average lead")
    for reason in score.reasons:
        table.add_row("", f"{reason.points:+.1f}", reason.text)
    table.add_row("", f"{score.other_points:+.1f}", "everything else")
    console.print(table)
    console.print(f"  [dim]{score.rung.value} model {score.model_version}, decision {score.decision_id}[/]")


def print_match(match: Match, console: Console) -> None:
    """Print a match: who, why, who else, and who not by which rule."""
    console.print(
        f"[bold]{match.lead_id}[/] -> [bold]{match.rep_name or match.rep_id or 'the pool'}[/]: {match.reason}"
    )
    if match.no_signal:
        console.print(f"  [yellow]no signal:[/] {match.no_signal}")
    table = Table(box=None, padding=(0, 2))
    for column in ("considered", "p(convert)", "utility"):
        table.add_column(column)
    for candidate in match.considered[:5]:
        table.add_row(candidate.rep_id, f"{candidate.p_convert:.1%}", f"{candidate.utility:,.2f}")
    console.print(table)
    rules: dict[str, int] = {}
    for exclusion in match.excluded:
        rules[exclusion.rule] = rules.get(exclusion.rule, 0) + 1
    if rules:
        console.print("  excluded: " + ", ".join(f"{count} by {rule}" for rule, count in sorted(rules.items())))
