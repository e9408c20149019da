"""The floor that is evaluated: a simulated business whose truth is known, built afresh or taken from a demo's home."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from domain.ports import Listener
from evals.overheard import OverheardLog
from graphs.turns import CopilotTurns
from runtime.clock import SystemClock
from runtime.demo.business import build_business, load_floor
from runtime.settings import Settings
from runtime.wiring import Tools, copilot_turns, open_listener, open_tools
from simulation.floor import SalesFloor


@dataclass(frozen=True)
class Testbed:
    """Everything that the suites measure.

    Attributes:
        tools: The capabilities over the floor's records.
        floor: The floor with its truth. Only evaluations look at it.
        listener: Reads messages.
        turns: Runs chat turns.
    """

    tools: Tools
    floor: SalesFloor
    listener: Listener
    turns: CopilotTurns

    def turns_where_lead_says(self, text: str) -> CopilotTurns:
        """Return chat turns over a log in which every lead has said this last."""
        log = OverheardLog(self.tools.records.interactions, text)
        records = dataclasses.replace(self.tools.records, interactions=log)
        return copilot_turns(dataclasses.replace(self.tools, records=records), self.listener)


@asynccontextmanager
async def open_testbed(settings: Settings, console: Console) -> AsyncIterator[Testbed]:
    """Open the floor in the home folder, or build one in a temporary folder where the home has none.

    Args:
        settings: Its home is used when `leadline demo` made it, and left as it is.
        console: Where progress is shown.
    """
    async with AsyncExitStack() as stack:
        floor = load_floor(settings.home)
        if floor is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="leadline-eval-")))
            settings = settings.model_copy(update={"home": folder, "database_url": ""})
            floor = await build_business(settings, SystemClock().now(), console)
        tools = await stack.enter_async_context(open_tools(settings))
        listener = await asyncio.to_thread(open_listener, tools)
        yield Testbed(tools, floor, listener, copilot_turns(tools, listener))
