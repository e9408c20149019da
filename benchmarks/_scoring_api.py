"""Real servers under load at 1, 64 and 1,000 connections, ours beside peers that serve the same LightGBM model."""

import json
import os
import pickle
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
from rich.progress import track

from benchmarks._load_client import Load, ask, client_name, pinned
from benchmarks._scoring_servers import MODEL, PEERS, SERVED, STATS, Server, own_servers, prepared
from benchmarks._served_model import Served, served_model
from benchmarks.harness import Figure, Options
from runtime import lifeline
from tools.scoring.serving.compiled import CompiledModel

CONNECTIONS = (1, 64, 1000)
_USUAL, _MANY = 64, 1000
_CORE = "0"
_BODIES = 12_000
"""More than the cache keeps: asked in turn, no body is ever answered from it."""

_START_S = 120.0
_FILES = 8_192
_PEER_BAR, _MLFLOW_BAR, _BARE_BAR, _P95_BAR_MS = 3.0, 20.0, 0.25, 300.0
_OURS, _REASONED, _BARE, _MLFLOW = "ours, reasons off", "ours, with reasons", "bare ASGI", "MLflow serve"
_OWN = (_OURS, _REASONED, "ours, decisions recorded", _BARE, "FastAPI + pydantic + C API")


@dataclass(frozen=True)
class _Asked:
    """A load and what it took.

    Attributes:
        load: What the client saw.
        cpu_s: Processor time of the server; None where the machine does not tell.
        explained: Of the answers that should say why, how many did and how many were sent without, to be in time.
    """

    load: Load
    cpu_s: float | None
    explained: tuple[int, int] | None = None


Loads = dict[tuple[str, int], list[_Asked]]


def measure(options: Options) -> list[Figure]:
    """Start all servers, ask them in turn, and stop them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(_FILES, hard)), hard))
    served = _without_gaps(served_model(seed=options.seed, rows=_BODIES))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        served.booster.save_model(folder / MODEL)
        (folder / SERVED).write_bytes(pickle.dumps(served))
        servers = own_servers(folder)
        if options.quick:
            print("peers: not measured in a quick run")
        else:
            for peer in PEERS:
                found = prepared(peer, folder)
                if isinstance(found, Server):
                    servers.append(found)
                else:
                    print(found)
        loads = _measured(servers, served, folder, rounds=1 if options.quick else 2, seconds=2 if options.quick else 4)
    return _figures(loads)


def _without_gaps(served: Served) -> Served:
    """Fill what is not measured: the peers' formats have no way to say it."""
    return replace(served, matrix=np.nan_to_num(served.matrix, nan=1.0))


# -- asking ------------------------------------------------------------------------------------------------------


def _measured(servers: Sequence[Server], served: Served, folder: Path, *, rounds: int, seconds: float) -> Loads:
    loads: Loads = {}
    ports: dict[str, tuple[int, int]] = {}
    bodies: dict[str, Path] = {}
    with ExitStack() as running:
        for number, server in enumerate(servers):
            bodies[server.name] = _bodies(server, served, folder / f"bodies-{number}")
            try:
                ports[server.name] = running.enter_context(_running(server, served, folder / f"log-{number}"))
            except RuntimeError as error:
                if server.name in _OWN:
                    raise
                print(error)
        asked = [
            (server, connections)
            for _ in range(rounds)
            for connections in CONNECTIONS
            for server in servers
            if server.name in ports
        ]
        for server, connections in track(asked, description=f"load ({client_name()})"):
            port, process = ports[server.name]
            before, told_before = _cpu_seconds(process), _explained(server, port)
            load = ask(port, server.path, bodies[server.name], connections=connections, seconds=seconds)
            after, told = _cpu_seconds(process), _explained(server, port)
            taken = None if before is None or after is None else after - before
            loads.setdefault((server.name, connections), []).append(
                _Asked(load, taken, told and told_before and (told[0] - told_before[0], told[1] - told_before[1]))
            )
    return loads


def _bodies(server: Server, served: Served, path: Path) -> Path:
    lines = (json.dumps(server.body(served, row)) for row in range(_BODIES))
    path.write_text("\n".join(lines), "utf-8")
    return path


@contextmanager
def _running(server: Server, served: Served, log: Path) -> Iterator[tuple[int, int]]:
    """Start a server; gives its port and its process."""
    port = _free_port()

    def filled(text: str) -> str:
        return text.replace("{port}", str(port)).replace("{port+1}", str(port + 1)).replace("{port+2}", str(port + 2))

    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, **threads, **{k: filled(v) for k, v in server.environment.items()}}  # noqa: TID251 - handed on
    # Dies with this process, however this one ends.
    alive = [sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid())]
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own servers and those of the peers
            pinned([*alive, *(filled(word) for word in server.command)], _CORE), env=environment, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for(server, served, port, process, log)
            yield port, process.pid
        finally:
            _stop(process)


def _explained(server: Server, port: int) -> tuple[int, int] | None:
    if server.name != _REASONED:
        return None
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{STATS}", timeout=10) as answer:
        reasons = json.load(answer)["reasons"]
    return reasons["in_time"], reasons["left_out"]


def _cpu_seconds(process: int) -> float | None:
    """Return the processor time so far of a process and all that it started, where the machine tells."""
    ticks: dict[int, int] = {}
    started: dict[int, list[int]] = {}
    for told in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = told.read_text("utf-8").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        number = int(told.parent.name)
        ticks[number] = int(fields[11]) + int(fields[12])
        started.setdefault(int(fields[1]), []).append(number)
    if process not in ticks:
        return None
    total, asked = 0, [process]
    while asked:
        number = asked.pop()
        total += ticks[number]
        asked += started.get(number, [])
    return total / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    """Return a port that was free, and whose next two probably are."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server with the processes that it started."""
    import signal

    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _wait_for(server: Server, served: Served, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it answers, and check that it serves the model."""
    body, until = json.dumps(server.body(served, 0)).encode(), time.monotonic() + _START_S
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{server.path}", body, {"Content-Type": "application/json"}
    )
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                told = server.answer(json.load(answer))
            break
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until:
                tail = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
                raise RuntimeError(f"{server.name} did not start: {error}; {' '.join(tail)}") from None
            time.sleep(0.2)  # noqa: TID251 - another process says nothing when it is ready
    if told is None:
        return
    row = served.matrix[0]
    expected = (
        CompiledModel.of(served.model).score(row.tolist()).p
        if server.is_calibrated
        else served.booster.predict(row[None])[0]
    )
    if abs(told - expected) > 1e-6:  # noqa: PLR2004 - some answer in single precision
        raise RuntimeError(f"{server.name} serves another model: it says {told}, the model {expected}")


# -- figures -----------------------------------------------------------------------------------------------------


def _figures(loads: Loads) -> list[Figure]:
    rates = {key: median(asked.load.rate for asked in each) for key, each in loads.items()}
    names = list(dict.fromkeys(name for name, _ in loads))
    figures = [_of_one(name, n, loads[name, n], rates) for n in CONNECTIONS for name in names]
    figures += [_cost(name, loads[name, _USUAL]) for name in names]
    figures += [_share(n, loads[_REASONED, n]) for n in CONNECTIONS]
    ours, peers = rates[_OURS, _USUAL], [name for name in names if name not in _OWN]
    if peers:
        best = max(peers, key=lambda name: rates[name, _USUAL])
        figures.append(_bar(f"ours beside the strongest peer, {_USUAL} connections", ours, best, rates, _PEER_BAR))
    if _MLFLOW in peers:
        figures.append(_bar(f"ours beside MLflow, {_USUAL} connections", ours, _MLFLOW, rates, _MLFLOW_BAR))
    figures.append(_bar(f"ours beside bare ASGI, {_USUAL} connections", ours, _BARE, rates, _BARE_BAR))
    many = [asked.load for asked in loads[_OURS, _MANY]]
    errors, p95 = sum(load.errors for load in many), median(load.p95_ms for load in many)
    return [
        *figures,
        Figure(f"ours, errors at {_MANY} connections", errors, bar="0", holds=errors == 0),
        Figure(f"ours, p95 at {_MANY} connections", p95, "ms", bar=f"< {_P95_BAR_MS:g} ms", holds=p95 < _P95_BAR_MS),
    ]


def _of_one(name: str, connections: int, each: Sequence[_Asked], rates: dict[tuple[str, int], float]) -> Figure:
    loads = [asked.load for asked in each]
    p50, p95, p99 = (median(getattr(load, field) for load in loads) for field in ("p50_ms", "p95_ms", "p99_ms"))
    errors = sum(load.errors for load in loads)
    label = f"{name}, {connections} connections (p50 {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f} ms, {errors} errors)"
    return Figure(label, rates[name, connections], "requests/s", _BARE, rates[_BARE, connections])


def _cost(name: str, each: Sequence[_Asked]) -> Figure:
    """Processor time a request: what stays when other work shares the machine."""
    costs = [asked.cpu_s / max(1, asked.load.requests) * 1e6 for asked in each if asked.cpu_s is not None]
    return Figure(f"{name}, processor time a request", median(costs) if costs else float("nan"), "microseconds")


def _share(connections: int, each: Sequence[_Asked]) -> Figure:
    told, left_out = (sum(asked.explained[i] for asked in each if asked.explained) for i in (0, 1))
    name = f"{_REASONED}, {connections} connections: share that had them within the budget"
    return Figure(name, told / max(1, told + left_out))


def _bar(name: str, ours: float, peer: str, rates: dict[tuple[str, int], float], bar: float) -> Figure:
    theirs = rates[peer, _USUAL]
    return Figure(name, ours, "requests/s", peer, theirs, f">= {bar:g}x", ours >= bar * theirs)


if __name__ == "__main__":
    from benchmarks.harness import run

    run("_scoring_api", measure)
