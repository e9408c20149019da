"""Trains a market's model in a process of its own: `python -m runtime.training_process MARKET MOMENT`.

Minutes of sums in the worker's own process would hold up every journey and every new score there, and a training that
needs more memory than there is would take them all down. The process dies with the worker that started it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain import errors
from domain.rescoring import ModelUpdate
from domain.values import Market
from runtime import lifeline
from runtime.running import run_program

_NICE = 10
_LOG_TAIL_CHARS = 600


@dataclass(frozen=True)
class ProcessTrainer:
    """`domain.scoring_ports.ModelTrainer` that starts this module as a program.

    Attributes:
        command: The program, which is given market and moment, and answers with one line of JSON.
    """

    command: Sequence[str] = field(default=(sys.executable, "-m", "runtime.training_process"))

    async def update_model(self, market: Market, *, now: datetime) -> ModelUpdate:
        """Train, wait, and return what became of it.

        Raises:
            LeadlineError: What the training raised, by its name.
            RuntimeError: If the process ends without an answer, for instance for want of memory.
        """
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid())],
            *[*self.command, market, now.isoformat()],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:  # the activity was cancelled
                process.kill()
                await process.wait()
        said = out.decode(errors="replace").strip().rpartition("\n")[2]
        if process.returncode != 0 or not said:
            tail = err.decode(errors="replace").strip()[-_LOG_TAIL_CHARS:]
            raise RuntimeError(f"the training of {market!r} ended with status {process.returncode}: {tail or said}")
        answer = json.loads(said)
        if "error" in answer:
            raise _error(answer["error"], answer["message"])
        return ModelUpdate.model_validate(answer)


def _error(name: str, message: str) -> Exception:
    kind = getattr(errors, name, None)
    if kind in {errors.NotEnoughDataError, errors.RecordsUnavailableError, errors.UnavailableError}:
        error: Exception = kind(message)
        return error
    return errors.LeadlineError(f"{name}: {message}")


async def _train(market: Market, now: datetime) -> str:
    from runtime.settings import load_settings
    from runtime.wiring import open_tools

    async with open_tools(load_settings()) as tools:
        update = await tools.trainer.update_model(market, now=now)
    answer = ModelUpdate(market=market, promoted=update.promoted, version=update.version, why=update.why)
    return answer.model_dump_json()


def main() -> None:
    """Train as the arguments say and print the answer as the last line."""
    os.nice(_NICE)  # whoever waits for a score comes first
    market, moment = Market(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    try:
        answer = run_program(_train(market, moment))
    except errors.LeadlineError as error:
        answer = json.dumps({"error": type(error).__name__, "message": str(error)})
    sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    main()
