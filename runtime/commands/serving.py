"""`leadline up`, `leadline api`, `leadline worker`: run until stopped."""

import asyncio
import signal
from contextlib import AsyncExitStack

from rich.console import Console

from runtime.running import run_program
from runtime.settings import Settings, load_settings


def up_command() -> None:
    """Serve Leadline on this machine: bundled Temporal server, worker and API, until Ctrl-C."""
    from runtime.stack import running_stack

    settings = load_settings()
    console = Console()

    async def main() -> None:
        stopped = _stop_on_signals()
        async with AsyncExitStack() as everything:
            with console.status("starting"):
                stack = await everything.enter_async_context(running_stack(settings))
            console.print(f"Leadline serves [bold]{stack.url}[/]  (docs: {stack.url}/docs)")
            console.print(
                f"[dim]temporal {stack.temporal}, data in {settings.home}, logs in {settings.home / 'logs'}[/]"
            )
            console.print("[dim]Ctrl-C stops everything.[/]")
            await stopped.wait()

    run_program(main())


def api_command() -> None:
    """Serve the API alone, against the servers in the settings."""
    import uvicorn

    settings = load_settings()
    run_program(_opens(settings))
    # By name, because `api` lies above this room.
    uvicorn.run(
        "api.app:app_from_environment",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
    )


def worker_command() -> None:
    """Run a worker of journeys, of scoring and of routing alone, against the servers in the settings."""
    settings = load_settings()
    run_program(_work(settings))


async def _opens(settings: Settings) -> None:
    """Open what the API needs once beforehand: uvicorn would tell of a failure with a traceback."""
    from runtime.wiring import open_tools

    async with open_tools(settings):
        pass


async def _work(settings: Settings) -> None:
    from graphs.follow_up import build_follow_up_graph
    from runtime.outboxes import open_outbox
    from runtime.routing_news import RoutingMessenger
    from runtime.routing_worker import build_routing_worker
    from runtime.scoring_worker import build_scoring_worker
    from runtime.settings import temporal_address
    from runtime.temporal import connect
    from runtime.training_process import ProcessTrainer
    from runtime.training_schedule import keep_trainings_scheduled
    from runtime.wiring import open_tools
    from runtime.worker import build_worker, run_worker
    from workflows.activities import JourneyActivities
    from workflows.journeys import TemporalJourneys
    from workflows.routing_activities import RoutingActivities
    from workflows.routing_keepers import TemporalRoutingKeeper
    from workflows.scoring_activities import ScoringActivities
    from workflows.sending import Sender
    from workflows.trainings import TemporalTrainings

    stopped = _stop_on_signals()
    async with open_tools(settings) as tools:
        client = await connect(temporal_address(settings), namespace=settings.temporal_namespace)
        records = tools.records
        sender = Sender(
            leads=records.leads,
            consents=records.consents,
            sends=records.sends,
            interactions=records.interactions,
            decisions=records.decisions,
            outbox=open_outbox(settings),
            clock=tools.clock,
        )
        news = RoutingMessenger(TemporalJourneys(client), TemporalRoutingKeeper(client))
        activities = JourneyActivities(
            scorer=tools.scorer,
            matcher=tools.matcher,
            offers=tools.matching_desk,
            news=news,
            assignments=records.assignments,
            results=records.nudge_results,
            sender=sender,
        )
        nodes = tools.follow_up_nodes()
        scoring = ScoringActivities(rescorer=tools.rescorer, trainer=ProcessTrainer())
        await keep_trainings_scheduled(TemporalTrainings(client), settings, tools.markets)
        await run_worker(
            build_worker(client, activities, lambda: build_follow_up_graph(nodes)),
            build_scoring_worker(client, scoring),
            build_routing_worker(client, RoutingActivities(tools.balancer, news)),
            stopped=stopped,
        )


def _stop_on_signals() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped
