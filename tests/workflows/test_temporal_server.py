"""The bundled server: it answers, it keeps what it knows, and it never outlives the program that started it."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from domain.errors import WorkflowsUnavailableError
from runtime.temporal import connect, embedded_temporal, start_temporal

PARENT = """
import asyncio, sys
from pathlib import Path
from runtime.temporal import start_temporal

async def main():
    server = await start_temporal(Path(sys.argv[1]))
    print(server.process.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def has_ended(pid: int) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while _runs(pid):  # noqa: ASYNC110 - the process is not our child: there is nothing to await
                await asyncio.sleep(0.05)
    return not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_the_server_dies_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    server = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    assert _runs(server)
    parent.send_signal(how)
    await parent.wait()
    assert await has_ended(server)


async def test_the_server_is_gone_after_the_block(tmp_path: Path) -> None:
    async with embedded_temporal(tmp_path) as address:
        await connect(address)
    with pytest.raises(WorkflowsUnavailableError, match=address):
        await connect(address, patience_s=0.3)


async def test_what_the_server_knows_survives_kill_9(tmp_path: Path) -> None:
    first = await start_temporal(tmp_path)
    client = await connect(first.address)
    await client.start_workflow("Sleeper", id="kept", task_queue="nobody")
    os.killpg(first.process.pid, signal.SIGKILL)
    first.process.wait()
    async with embedded_temporal(tmp_path) as address:
        about = await (await connect(address)).get_workflow_handle("kept").describe()
    assert about.workflow_type == "Sleeper"


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "temporal.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(WorkflowsUnavailableError, match="not a database"):
        await start_temporal(tmp_path)


async def test_an_address_where_nobody_answers_is_a_clear_error() -> None:
    with pytest.raises(WorkflowsUnavailableError, match=r"does not answer at '127.0.0.1:1'.*check the address"):
        await connect("127.0.0.1:1", patience_s=0.3)
