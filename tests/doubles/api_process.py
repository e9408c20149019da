"""The API as a process of its own, on loopback, that can be killed."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 120
_tick = threading.Event()
_OURS = {"LEADLINE_EMBEDDING": "none", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment without the settings of whoever runs the tests, and with these."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("LEADLINE_")}  # noqa: TID251 - handed on whole
    return {**inherited, "PYTHONPATH": str(ROOT), **_OURS, **{f"LEADLINE_{k.upper()}": v for k, v in settings.items()}}


@dataclass(frozen=True)
class ApiProcess:
    """A running API."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """Kill it as the kernel would: nothing is cleaned up."""
        self.process.kill()
        self.process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def api_process(home: Path, **settings: str) -> Iterator[ApiProcess]:
    """Serve the API over a home until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:app_from_environment", "--port", str(port)]
    log = home / f"api-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=home, env=clean_environment(home=str(home), **settings), stdout=out, stderr=out
        )
    api = ApiProcess(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(api)
        yield api
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            api.kill()


def _wait(api: ApiProcess) -> None:
    with httpx2.Client(timeout=2) as http:
        for _ in range(_PATIENCE_S * 10):
            assert api.process.poll() is None, api.log.read_text()
            try:
                if http.get(f"{api.url}/health").is_success:
                    return
            except httpx2.TransportError:
                _tick.wait(0.1)
    raise AssertionError(f"the API did not start: {api.log.read_text()}")
