"""A worker in its own process, to be killed: `python -m tests.workflows.worker_process ADDRESS HOME [--die-after-send]`."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from connectors.folder_outbox import FolderOutbox
from domain.outreach import OutboundMessage, SendReceipt
from runtime.temporal import connect
from runtime.worker import build_worker, run_worker
from tests.workflows.scripted import SEND, STOP, Scripted, open_floor, scripted_graph

WAIT_AFTER_SEND = timedelta(seconds=3)
SCRIPT = (Scripted(SEND.action, wait=WAIT_AFTER_SEND), STOP)


@dataclass(frozen=True)
class DyingOutbox:
    """Delivers for real, then kills its own process before anybody can write that down. Once."""

    outbox: FolderOutbox
    name: str = "folder"

    async def send(self, message: OutboundMessage, *, at: datetime) -> SendReceipt:
        receipt = await self.outbox.send(message, at=at)
        mark = self.outbox.path.parent / "died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt

    async def receipt_of(self, key: str) -> SendReceipt | None:
        return await self.outbox.receipt_of(key)


async def main(address: str, home: Path, *, die_after_send: bool) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    folder = FolderOutbox(home / "outbox")
    outbox = DyingOutbox(folder) if die_after_send else folder
    async with open_floor(home, outbox=outbox) as floor:
        client = await connect(address)
        await run_worker(build_worker(client, floor.activities(), scripted_graph(*SCRIPT)), stopped=stopped)
    await asyncio.sleep(0.05)  # https://github.com/temporalio/sdk-python/issues/300


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), die_after_send="--die-after-send" in sys.argv[3:]))
