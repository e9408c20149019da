"""Asks one URL over many connections for some seconds, and tells rates and latencies: `wrk` where it is installed.

`python -m benchmarks._load_client PORT PATH CONNECTIONS SECONDS BODIES` is our own client, for machines without it.
Both are closed loops: each connection sends its next request when the answer to the last one is there.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

_TIMEOUT_S = 10
_CORE = "1"
_SCRIPT = """
local requests, n, i = {}, 0, 0
function init(args)
  for line in io.lines(args[1]) do
    n = n + 1
    requests[n] = wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Content-Length"] = #line}, line)
  end
end
function request()
  i = i % n + 1
  return requests[i]
end
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p95_ms": %f, "p99_ms": %f, "errors": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What a server did under load.

    Attributes:
        requests: Answered with 200.
        seconds: How long it was asked.
        p50_ms: Median latency, and so on.
        p95_ms: See above.
        p99_ms: See above.
        errors: Connections refused or broken, answers that were not 200, timeouts after 10 s.
    """

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def client_name() -> str:
    """Name the client that `ask` uses."""
    return "wrk" if shutil.which("wrk") else "own client"


def ask(port: int, path: str, bodies: Path, *, connections: int, seconds: float) -> Load:
    """Ask a local server; each line of `bodies` is one body, sent in turn."""
    if shutil.which("wrk"):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(_SCRIPT)
            script.flush()
            command = [
                "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={_TIMEOUT_S}s",
                "-s", script.name, f"http://127.0.0.1:{port}{path}", "--", str(bodies),
            ]  # fmt: skip
            said = _run(command)
    else:
        module = [sys.executable, "-m", "benchmarks._load_client"]
        said = _run([*module, str(port), path, str(connections), str(seconds), str(bodies)])
    return Load(**json.loads(said.strip().rpartition("\n")[2]))


def pinned(command: Sequence[str], core: str) -> list[str]:
    """Return a command bound to one core, so that servers and client do not take turns."""
    return ["taskset", "-c", core, *command] if shutil.which("taskset") else list(command)


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(pinned(command, _CORE), capture_output=True, text=True, check=False)  # noqa: S603 - the client
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class _Connection(asyncio.Protocol):
    """Sends a request, waits for its answer, sends the next."""

    def __init__(self, requests: Sequence[bytes], first: int, until: float) -> None:
        self._requests, self._next, self._until = requests, first, until
        self._buffer, self._sent = b"", 0.0
        self.latencies: list[float] = []
        self.errors = 0
        self.ended = asyncio.get_running_loop().create_future()
        self._transport: Any = None  # uvloop's is no asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        if self._sent >= self._until:
            self._transport.close()
            return
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._buffer = body[_length(head) :]
        if head.startswith(b"HTTP/1.1 200"):
            self.latencies.append(time.perf_counter() - self._sent)
        else:
            self.errors += 1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self.errors += exc is not None
        if not self.ended.done():
            self.ended.set_result(None)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def _ask(port: int, path: str, connections: int, seconds: float, lines: Sequence[bytes]) -> Load:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    requests = [head.encode() + str(len(line)).encode() + b"\r\n\r\n" + line for line in lines]
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    made, refused = [], 0
    for i in range(connections):
        first = i * len(requests) // connections
        try:
            _, protocol = await loop.create_connection(
                partial(_Connection, requests, first, began + seconds), "127.0.0.1", port
            )
            made.append(protocol)
        except OSError:
            refused += 1
    late = (await asyncio.wait([each.ended for each in made], timeout=seconds + _TIMEOUT_S))[1] if made else set()
    times = np.concatenate([each.latencies for each in made]) if made else np.zeros(0)
    p50, p95, p99 = np.percentile(times, [50, 95, 99]) * 1e3 if len(times) else (np.inf,) * 3
    errors = refused + len(late) + sum(each.errors for each in made)
    return Load(len(times), time.perf_counter() - began, float(p50), float(p95), float(p99), errors)


def _main(arguments: Sequence[str]) -> None:
    import uvloop

    port, path, connections, seconds, bodies = arguments
    load = uvloop.run(_ask(int(port), path, int(connections), float(seconds), Path(bodies).read_bytes().splitlines()))
    print(json.dumps(asdict(load)))


if __name__ == "__main__":
    _main(sys.argv[1:])
