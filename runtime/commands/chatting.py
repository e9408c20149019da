"""`leadline chat`: the co-pilot in the terminal."""

import sys
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console

from domain.conversations import TurnEvent, TurnRequest
from domain.values import ConversationId, LeadId, Market, RepId, TurnId
from runtime.running import run_program
from runtime.settings import load_settings


def chat_command(
    question: Annotated[str | None, typer.Argument(help="Ask once and leave. Without it: a conversation.")] = None,
    lead: Annotated[str | None, typer.Option(help="Id of the lead in question.")] = None,
    rep: Annotated[str | None, typer.Option(help="Id of the rep who asks.")] = None,
    market: Annotated[str | None, typer.Option(help="Market; the default market if absent.")] = None,
) -> None:
    """Ask the co-pilot: about a lead's score, the right rep, the next step, products, objections, or for a text."""
    from runtime.wiring import open_leadline

    async def main() -> None:
        console = Console()
        async with open_leadline(load_settings()) as house:
            place = house.known_market(market)
            if lead is not None:
                place = (await house.records.leads.get(LeadId(lead))).market
            conversation = ConversationId(f"terminal-{uuid4().hex}")
            if question is None:
                console.print("[dim]Ask about a lead, a product, an objection. An empty line ends.[/]")
            while text := question or _ask():
                request = _request(text, conversation, place, lead, rep)
                await print_turn(house.turns.run(request), console)
                if question is not None:
                    return

    run_program(main())


def _request(text: str, conversation: ConversationId, market: Market, lead: str | None, rep: str | None) -> TurnRequest:
    return TurnRequest(
        turn_id=TurnId(f"turn-{uuid4().hex}"),
        conversation_id=conversation,
        market=market,
        lead_id=LeadId(lead) if lead else None,
        rep_id=RepId(rep) if rep else None,
        text=text,
    )


def _ask() -> str:
    try:
        return input("\nyou: " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


async def print_turn(events: AsyncIterator[TurnEvent], console: Console) -> None:
    """Print a turn as it happens: what is being done, then the checked reply with its sources."""
    async for event in events:
        if event.kind == "reply":
            console.print()
            console.print(str(event.data["text"]), markup=False, highlight=False)
            for citation in event.data.get("citations", []):
                console.print(f"  [dim]\\[{citation['marker']}] {citation['title']}[/]")
            if event.data.get("notice"):
                console.print(f"  [dim italic]{event.data['notice']}[/]")
        elif event.kind == "error":
            console.print(f"[bold red]error:[/] {event.data['message']}")
        elif event.kind not in {"delta", "done", "started"}:
            console.print(f"[dim]· {event.kind}[/]")
