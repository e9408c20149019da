"""The whole product on one machine: bundled Temporal server, worker and API in one process group.

Each is a process of its own, kept running, and gone when this one goes. The real servers take the place of the bundled
ones by settings; the code that runs is the same.
"""

import asyncio
import fcntl
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from domain.errors import UnavailableError
from runtime.processes import Child
from runtime.settings import ADDRESS_FILE, Settings
from runtime.stores import open_records
from runtime.temporal import connect, embedded_temporal

_READY_PATIENCE_S = 120.0
_TEMPORAL_PATIENCE_S = 5.0
_POLL_S = 0.1


@dataclass(frozen=True)
class Stack:
    """A running stack.

    Attributes:
        url: Base URL of the API.
        temporal: Address of Temporal.
        children: The processes, by name.
    """

    url: str
    temporal: str
    children: dict[str, Child]


@asynccontextmanager
async def running_stack(settings: Settings) -> AsyncIterator[Stack]:
    """Run everything for the length of a block.

    Raises:
        UnavailableError: If another stack runs over the same home, or a part does not come up; names its log.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_only_one(settings.home))
        temporal = settings.temporal_address
        if not temporal:
            temporal = await stack.enter_async_context(embedded_temporal(settings.home / "temporal"))
            (settings.home / ADDRESS_FILE).write_text(temporal, encoding="utf-8")
            stack.callback((settings.home / ADDRESS_FILE).unlink, missing_ok=True)
        await _answering(settings, temporal)
        port = settings.api_port or _free_port(settings.api_host)
        environment = {
            "LEADLINE_HOME": str(settings.home.resolve()),
            "LEADLINE_TEMPORAL_ADDRESS": temporal,
            "LEADLINE_API_PORT": str(port),
            "LEADLINE_JOURNEY_TIME_SCALE": str(settings.journey_time_scale),
            # Two BLAS threads on a busy two-core machine are 80 times slower than one.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        program = str(Path(sys.executable).parent / "leadline")
        children = {
            name: Child(name, [program, name], environment, settings.home / "logs" / f"{name}.log")
            for name in ("worker", "api")
        }
        for child in children.values():
            await child.start()
            stack.push_async_callback(child.stop)
        running = Stack(f"http://{settings.api_host}:{port}", temporal, children)
        await _ready(running)
        yield running


async def _answering(settings: Settings, temporal: str) -> None:
    """Reach the servers once before anything depends on them: a wrong address is told at once, and by its name.

    The schema of the records is brought up to date here, by one process alone.
    """
    async with open_records(settings):
        await connect(temporal, namespace=settings.temporal_namespace, patience_s=_TEMPORAL_PATIENCE_S)


async def _ready(running: Stack) -> None:
    """Wait until the API says that all its parts answer."""
    last = "no answer"
    async with httpx2.AsyncClient(base_url=running.url, timeout=5.0) as client:
        try:
            async with asyncio.timeout(_READY_PATIENCE_S):
                while True:
                    for child in running.children.values():
                        if child.restarts > 1:
                            raise UnavailableError(f"{child.name} does not start; its log is {child.log_file}")
                    try:
                        answer = await client.get("/ready")
                        last = answer.text
                        if answer.is_success:
                            return
                    except httpx2.TransportError as error:
                        last = str(error) or type(error).__name__
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            log = running.children["api"].log_file
            raise UnavailableError(f"Leadline is not ready after {_READY_PATIENCE_S:g} s ({last}); see {log}") from None


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the home folder; the kernel lets go of it when this process dies."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        held = (home / "up.lock").open("w")
    except OSError as error:
        raise UnavailableError(f"the home folder cannot be used: {error}; set LEADLINE_HOME to another") from error
    with held as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError(
                f"another `leadline up` or `leadline demo` runs over {home}; stop it, or set LEADLINE_HOME to another folder"
            ) from None
        yield


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
