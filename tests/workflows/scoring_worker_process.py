"""A scoring worker in its own process, to be killed: `… ADDRESS HOME QUEUE [--die-before|--die-after]`."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.rescoring import Rescored
from domain.scoring_ports import LeadRescorer
from domain.values import LeadId
from runtime.scoring_worker import build_scoring_worker
from runtime.temporal import connect
from runtime.worker import run_worker
from tests.doubles.scoring import RecordingTrainer
from tests.workflows.scoring_floor import open_scoring_floor
from workflows.scoring_activities import ScoringActivities


@dataclass(frozen=True)
class DyingRescorer:
    """Kills its own process once: before it has scored a batch, or after, before anybody is told."""

    rescorer: LeadRescorer
    home: Path
    when: str

    async def rescore(self, lead_ids: Sequence[LeadId], *, as_of: datetime) -> Rescored:
        if self.when == "--die-before":
            self._die()
        done = await self.rescorer.rescore(lead_ids, as_of=as_of)
        if self.when == "--die-after":
            self._die()
        return done

    def _die(self) -> None:
        mark = self.home / "died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


async def main(address: str, home: Path, queue: str, when: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with open_scoring_floor(home) as floor:
        activities = ScoringActivities(DyingRescorer(floor.rescorer, home, when), RecordingTrainer())
        worker = build_scoring_worker(await connect(address), activities, task_queue=queue)
        await run_worker(worker, stopped=stopped)
    await asyncio.sleep(0.05)  # https://github.com/temporalio/sdk-python/issues/300


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], (sys.argv[4:] or [""])[0]))
