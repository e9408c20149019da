"""Starts child processes, keeps them running, and stops them for sure. Knows nothing of what they do."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from runtime import lifeline

_log = structlog.get_logger(__name__)

_STOP_GRACE_S = 10.0
_BACKOFF_S = (0.2, 1.0, 5.0)


@dataclass
class Child:
    """A process that is kept running: when it dies, it is started again, with growing pauses. It dies with this one.

    Attributes:
        name: For the log.
        command: Absolute path of the program, and its arguments.
        environment: Variables on top of our own.
        log_file: What it says goes to the end of this file.
        restarts: How often it was started again.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    restarts: int = 0
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)
    _keeper: asyncio.Task[None] | None = field(default=None, init=False)

    async def start(self) -> None:
        """Start the process and a task that keeps it running."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop it: politely, then for sure."""
        self._stopping = True
        process = self.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_GRACE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    async def _spawn(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *[sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid()), *self.command],
                env={**os.environ, **self.environment},  # noqa: TID251 - handed on whole, nothing is read from it
                stdout=log,
                stderr=log,
            )

    async def _keep(self) -> None:
        while self.process is not None:
            code = await self.process.wait()
            if self._stopping:
                return
            pause = _BACKOFF_S[min(self.restarts, len(_BACKOFF_S) - 1)]
            self.restarts += 1
            _log.warning("process_died", name=self.name, code=code, restarts=self.restarts, log=str(self.log_file))
            await asyncio.sleep(pause)
            await self._spawn()
