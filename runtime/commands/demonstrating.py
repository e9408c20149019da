"""`leadline demo`: the whole main job, once, on the real components."""

import shutil
import time
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from rich.console import Console
from rich.rule import Rule

from runtime.running import run_program
from runtime.settings import Settings, load_settings

_TIME_SCALE = 2e-5


def demo_command(
    home: Annotated[
        Path | None, typer.Option(help="Folder of the demo. `demo` under the home folder if absent.")
    ] = None,
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Build the business anew, even where it is up to date.")
    ] = False,
) -> None:
    """Build a simulated insurance-partner business; let a lead arrive, be scored, matched, discussed, followed up.

    The business is kept, and built again only when it is a day old or the code that makes it has changed.
    """
    settings = load_settings()
    folder = home or settings.home / "demo"
    demo = settings.model_copy(
        update={
            "home": folder / "run",
            "database_url": "",
            "qdrant_url": "",
            "temporal_address": "",
            "outbox": "folder",
            "market": "insurance_partners",
            "journey_time_scale": _TIME_SCALE,
            "api_port": 0,
        }
    )
    console = Console(width=None if Console().is_terminal else 130)
    begin = time.monotonic()
    passed = run_program(_demonstrate(demo, folder / "business", console, fresh=fresh))
    console.print(
        f"\nThe demo took {time.monotonic() - begin:.0f} s. What it made is in {folder}; nothing is left running."
    )
    console.print("Next: [bold]make up[/] serves Leadline on localhost; README.md says how to bring your own leads.")
    if not passed:
        raise typer.Exit(1)


async def _demonstrate(settings: Settings, business_folder: Path, console: Console, *, fresh: bool) -> bool:
    from runtime.clock import SystemClock
    from runtime.demo import business, story
    from runtime.demo.client import DemoClient
    from runtime.stack import running_stack

    console.print(Rule("1  A business: a year and a half of leads, from files", align="left"))
    shutil.rmtree(settings.home, ignore_errors=True)
    await business.prepare_business(settings, business_folder, SystemClock().now(), console, fresh=fresh)
    outbox = settings.home / "outbox"
    outbox.mkdir()
    console.print(Rule("2  Servers: Temporal, a worker, the API", align="left"))
    async with AsyncExitStack() as everything:
        with console.status("starting"):
            stack = await everything.enter_async_context(running_stack(settings))
        console.print(f"API {stack.url}, Temporal {stack.temporal}")
        async with httpx2.AsyncClient(base_url=stack.url, timeout=60.0) as http:
            client = DemoClient(http)
            console.print(Rule("3  A lead arrives and is scored", align="left"))
            await story.lead_arrives(client, console)
            console.print(Rule("4  Who should take it", align="left"))
            await story.lead_is_matched(client, console)
            console.print(Rule("5  The rep asks the co-pilot", align="left"))
            await story.rep_asks(client, console)
            console.print(Rule("6  A journey: send, wait, reply, end (a day takes 1.7 seconds here)", align="left"))
            await story.lead_is_followed_up(client, console, outbox)
            console.print(Rule("7  Another lead says no", align="left"))
            await story.lead_says_no(client, console, outbox)
    console.print(Rule("8  Is what it says right? The scorecard, against the planted truth", align="left"))
    # By name, because `evals` lies above this room.
    runner, report, gate = (import_module(f"evals.{name}") for name in ("runner", "report", "gate"))
    card = await runner.run_suites(settings, tuple(runner.TITLES), console)
    report.print_scorecard(card, console)
    files = report.write_reports(card, settings.home / "scorecard")
    closed = gate.failures(card)
    for failure in closed:
        console.print(f"[bold red]below the bar:[/] {failure}", highlight=False)
    console.print(f"The gate is [bold]{'closed' if closed else 'open'}[/]. Report: {files['html']}", highlight=False)
    return not closed
