"""`leadline assign`, `leadline pool`, `leadline what-if`: hand leads out, see who waits, try a change. Shows what happened; decides nothing."""

from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from domain.errors import InvalidInputError
from domain.matches import Match
from domain.routing import PoolEntry
from domain.values import LeadId, Market, RepId
from runtime.running import run_program
from runtime.settings import Settings, load_settings

MOST_LEADS = 10_000

MarketOption = Annotated[str | None, typer.Option(help="Market; the default market if absent.")]


def assign_command(
    lead_ids: Annotated[list[str] | None, typer.Argument(help="Leads; all that no rep has if absent.")] = None,
    market: MarketOption = None,
    key: Annotated[
        str | None, typer.Option(help="Names the request: the same key again changes nothing. The time if absent.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only propose; hand out nothing.")] = False,
) -> None:
    """Give leads to reps, the best for the whole batch. Who finds nobody waits in the pool."""
    from runtime.wiring import open_tools

    settings = load_settings()

    async def main() -> tuple[Match, ...]:
        async with open_tools(settings) as house:
            chosen = [LeadId(lead_id) for lead_id in lead_ids or ()]
            if not chosen:
                unassigned = house.records.routed_leads.unassigned
                chosen = list(await unassigned(house.known_market(market), limit=MOST_LEADS))
            desk = await _desk(house, settings)
            name = key or house.clock.now().isoformat()
            matches: tuple[Match, ...] = await desk.assign(chosen, key=name, dry_run=dry_run)
            return matches

    print_matches(run_program(main()), Console(), dry_run=dry_run)


def pool_command(market: MarketOption = None) -> None:
    """List the leads that wait for a rep, the earliest deadline first."""
    from runtime.wiring import open_tools

    async def main() -> tuple[Market, tuple[PoolEntry, ...], Any]:
        async with open_tools(load_settings()) as house:
            chosen = house.known_market(market)
            return chosen, await house.records.pool.waiting(chosen), house.clock.now()

    chosen, waiting, now = run_program(main())
    console = Console()
    if not waiting:
        console.print(f"nobody waits in {chosen}")
        return
    table = Table("lead", "waits since", "deadline", "owner", "why", box=None, padding=(0, 2))
    for entry in waiting:
        deadline = f"{entry.deadline:%Y-%m-%d %H:%M}"
        table.add_row(
            entry.lead_id,
            f"{entry.since:%Y-%m-%d %H:%M}",
            f"[red]{deadline}[/]" if entry.deadline <= now else deadline,
            entry.owner,
            entry.reason,
        )
    console.print(table)


def what_if_command(
    market: MarketOption = None,
    leave: Annotated[list[str] | None, typer.Option(help="A rep who is no longer there; may be repeated.")] = None,
    capacity: Annotated[
        list[str] | None, typer.Option(help="Places added to a rep, as rep=+5 or rep=-2; may be repeated.")
    ] = None,
    fairness: Annotated[float | None, typer.Option(min=0, max=10, help="Fairness to try.")] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=90, help="Hand the last so many days out again; only the present if absent."),
    ] = None,
) -> None:
    """Say what would change if reps left, or capacities or rules were different. Touches nothing."""
    from runtime.commands.replaying import show_replay
    from runtime.wiring import open_tools
    from tools.matching.what_if import FloorChange

    places = dict(_places(text) for text in capacity or ())
    if days is not None:
        show_replay(market, days=days, leave=leave or [], places=places, fairness=fairness)
        return

    async def main() -> Any:
        async with open_tools(load_settings()) as house:
            rules = house.matcher.policy
            change = FloorChange(
                leave=frozenset(RepId(rep_id) for rep_id in leave or ()),
                capacity=places,
                policy=None if fairness is None else rules.model_copy(update={"fairness": fairness}),
            )
            return await house.matching_answers.what_if(house.known_market(market), change)

    print_comparison(run_program(main()), Console())


def print_comparison(found: Any, console: Console) -> None:
    """Print a what-if: both totals side by side, and the difference in a sentence."""
    table = Table("", "as it is", "as it would be", box=None, padding=(0, 2))
    for label, name, shown in (
        ("expected wins", "expected_wins", "{:,.2f}"),
        ("expected value", "expected_value", "{:,.2f}"),
        ("leads that wait", "n_waiting", "{:,}"),
        ("Gini of load", "gini", "{:.2f}"),
    ):
        table.add_row(label, *(shown.format(getattr(each, name)) for each in (found.before, found.after)))
    console.print(table)
    console.print(found.summary)


def _places(text: str) -> tuple[RepId, int]:
    rep_id, sign, number = text.rpartition("=")
    try:
        return (RepId(rep_id), int(number)) if sign and rep_id else _unreadable(text)
    except ValueError:
        return _unreadable(text)


def _unreadable(text: str) -> NoReturn:
    raise InvalidInputError("capacity", text, "must look like rep=+5")


def print_matches(matches: Sequence[Match], console: Console, *, dry_run: bool) -> None:
    """Print who gets what: leads by rep, and how many wait."""
    table = Table("rep", "leads", "expected wins", "first reason", box=None, padding=(0, 2))
    by_rep: dict[str, list[Match]] = {}
    for match in matches:
        if match.rep_id is not None:
            by_rep.setdefault(match.rep_name or match.rep_id, []).append(match)
    for name, given in sorted(by_rep.items()):
        wins = sum(match.p_convert or 0.0 for match in given)
        table.add_row(name, f"{len(given)}", f"{wins:.1f}", given[0].reason)
    console.print(table)
    assigned = sum(map(len, by_rep.values()))
    verb = "would be given to a rep" if dry_run else "given to a rep"
    console.print(f"{assigned:,} of {len(matches):,} leads {verb}, {len(matches) - assigned:,} wait in the pool")


async def _desk(house: Any, settings: Settings) -> Any:
    """Build the routing desk over open tools; journeys are told where a workflow server runs."""
    from runtime.routing_desk import RoutingDesk
    from runtime.routing_news import open_routing_news

    news = await open_routing_news(settings)
    return RoutingDesk(house.balancer, news.journeys, news)
