"""Real child processes: killed ones come back, stopped ones stay away, and none outlives its parent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.processes import Child
from tests.doubles.api_process import ROOT

SLEEPS = [sys.executable, "-S", "-c", "import os, time; print(os.environ['WHO'], flush=True); time.sleep(600)"]
IGNORES_TERM = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not fact():  # noqa: ASYNC110 - a fact of the kernel, which sets no event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    await child.start()
    try:
        await until(lambda: child.log_file.read_text().endswith("\n"))
        yield child
    finally:
        await child.stop()


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def a_child(folder: Path, command: list[str] = SLEEPS) -> Child:
    return Child("sleeper", command, {"WHO": "sleeper-1"}, folder / "logs" / "sleeper.log")


async def test_what_a_child_says_goes_to_its_log(tmp_path: Path):
    async with running(a_child(tmp_path)) as child:
        assert child.log_file.read_text() == "sleeper-1\n"


async def test_a_killed_child_is_started_again(tmp_path: Path):
    async with running(a_child(tmp_path)) as child:
        first = pid_of(child)
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.log_file.read_text().count("sleeper-1\n") == 2)
        assert (child.restarts, alive(first), alive(pid_of(child))) == (1, False, True)
        assert pid_of(child) != first


async def test_a_stopped_child_stays_away(tmp_path: Path):
    async with running(a_child(tmp_path)) as child:
        pid = pid_of(child)
    assert (alive(pid), child.restarts) == (False, 0)


async def test_stopping_twice_is_harmless(tmp_path: Path):
    async with running(a_child(tmp_path)) as child:
        await child.stop()


async def test_a_child_stopped_between_its_death_and_its_restart_stays_away(tmp_path: Path):
    async with running(a_child(tmp_path)) as child:
        child.restarts = 2  # the longest pause
        os.kill(pid_of(child), signal.SIGKILL)
        await until(lambda: child.restarts == 3)
        await child.stop()
        assert alive(pid_of(child)) is False


async def test_a_child_that_ignores_the_polite_way_is_killed(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("runtime.processes._STOP_GRACE_S", 0.2)
    async with running(a_child(tmp_path, IGNORES_TERM)) as child:
        pid = pid_of(child)
    assert alive(pid) is False


async def test_a_child_dies_with_its_parent(tmp_path: Path):
    program = f"""
import asyncio, sys
from pathlib import Path
from runtime.processes import Child
async def main():
    child = Child("c", {SLEEPS!r}, {{"WHO": "orphan"}}, Path({str(tmp_path / "c.log")!r}))
    await child.start()
    print(child.process.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    await until(lambda: (tmp_path / "c.log").exists() and "orphan" in (tmp_path / "c.log").read_text())
    parent.kill()
    await parent.wait()
    await until(lambda: not alive(child))
    assert alive(child) is False
