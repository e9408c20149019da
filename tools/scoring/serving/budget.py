"""Lets an answer take so long and no longer: past the budget a cheaper answer goes out. Knows nothing of scores."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

BUDGET_S = 0.25
MAX_WAITING = 64
"""Work that may be under way at once; with more, an answer would only queue until it is too late."""

T = TypeVar("T")


class BudgetStats(NamedTuple):
    """What became of the answers so far.

    Attributes:
        in_time: Answered by the work itself.
        late: Answered by the fallback because the budget was over.
        crowded: Answered by the fallback at once because too much work was under way.
        late_failed: Work that failed after its fallback had answered.
        under_way: Work that runs or waits now.
    """

    in_time: int
    late: int
    crowded: int
    late_failed: int
    under_way: int

    @property
    def fallbacks(self) -> int:
        """How often the fallback answered."""
        return self.late + self.crowded


@dataclass
class Budget:
    """Runs work in threads and waits for it so long.

    Attributes:
        executor: Where work runs.
        seconds: The budget, >= 0.
        max_waiting: At most so much work under way; more is refused at once.
    """

    executor: Executor
    seconds: float = BUDGET_S
    max_waiting: int = MAX_WAITING
    _counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("in_time", "late", "crowded", "late_failed"), 0), init=False
    )
    _under_way: int = field(default=0, init=False)

    async def answer(
        self, work: Callable[[], T], fallback: Callable[[], T], *, on_late: Callable[[T], object] | None = None
    ) -> tuple[T, bool]:
        """Return the work's result, or the fallback's when it is not there in time.

        Args:
            work: Runs in a thread. Its error is raised if it comes in time.
            fallback: Runs here; must be quick.
            on_late: Is given the result that came too late, for instance to remember it.

        Returns:
            The answer, and whether it is the work's own.
        """
        if self._under_way >= self.max_waiting:
            self._counts["crowded"] += 1
            return fallback(), False
        self._under_way += 1
        future = asyncio.get_running_loop().run_in_executor(self.executor, work)
        future.add_done_callback(self._ended)
        done, _ = await asyncio.wait((future,), timeout=self.seconds)
        if done:
            result = future.result()
            self._counts["in_time"] += 1
            return result, True
        self._counts["late"] += 1
        future.add_done_callback(lambda ended: self._came_late(ended, on_late))
        return fallback(), False

    def stats(self) -> BudgetStats:
        """Return what became of the answers so far."""
        return BudgetStats(**self._counts, under_way=self._under_way)

    def _ended(self, _future: "asyncio.Future[T]") -> None:
        self._under_way -= 1

    def _came_late(self, future: "asyncio.Future[T]", on_late: Callable[[T], object] | None) -> None:
        if future.cancelled() or future.exception() is not None:
            self._counts["late_failed"] += 1
        elif on_late is not None:
            on_late(future.result())
