"""The command line.

Commands are named by module path: `evals` lies above this room, which may not import it (ADR 0001). Command modules
import heavy libraries inside their functions, so that `--help` stays quick.
"""

import os
import sys
from importlib import import_module

import typer
from rich.console import Console

from domain.errors import InvalidInputError, LeadlineError, MappingError

COMMANDS = {
    "demo": "runtime.commands.demonstrating:demo_command",
    "up": "runtime.commands.serving:up_command",
    "api": "runtime.commands.serving:api_command",
    "worker": "runtime.commands.serving:worker_command",
    "import": "runtime.commands.importing:import_command",
    "ingest": "runtime.commands.ingesting:ingest_command",
    "train": "runtime.commands.deciding:train_command",
    "score": "runtime.commands.deciding:score_command",
    "model-card": "runtime.commands.watching:model_card_command",
    "drift": "runtime.commands.watching:drift_command",
    "match": "runtime.commands.deciding:match_command",
    "assign": "runtime.commands.routing:assign_command",
    "pool": "runtime.commands.routing:pool_command",
    "what-if": "runtime.commands.routing:what_if_command",
    "tune-routing": "runtime.commands.replaying:tune_routing_command",
    "effectiveness": "runtime.commands.judging:effectiveness_command",
    "chat": "runtime.commands.chatting:chat_command",
    "eval": "evals.command:eval_command",
}
"""Where each command lives, in the order of `leadline --help`."""


def build_app() -> typer.Typer:
    """Build the command line over all commands."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(leadline)
    for name, place in COMMANDS.items():
        module, function = place.split(":")
        app.command(name)(getattr(import_module(module), function))
    return app


def leadline() -> None:
    """Leadline, the self-hosted sales co-pilot: score, match, talk, follow up, and prove it."""
    from runtime.logs import configure_logging
    from runtime.settings import load_settings

    configure_logging(load_settings())


def main() -> None:
    """Run a command. A mistake of the caller exits 2, anything that does not answer exits 1, both in one line."""
    # Two BLAS threads on a busy machine are many times slower than one; read when NumPy is loaded, which is later.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # noqa: TID251 - not ours to read, but to set
    try:
        build_app()()
    except LeadlineError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"[bold red]error:[/] {type(error).__name__}: ", end="")
        console.print(str(error), markup=False, highlight=False)
        sys.exit(2 if isinstance(error, InvalidInputError | MappingError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
