"""How a journey waits: for work, for people, for whatever comes first. Starts activities; decides nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.values import LeadId, Value
    from workflows.handlers import Ended, JourneyHandlers
    from workflows.payloads import JourneyRun
    from workflows.policies import RECORDS

T = TypeVar("T")
V = TypeVar("V", bound=Value)


class JourneyWaiting(JourneyHandlers):
    """The part of a journey that waits."""

    def __init__(self, start: JourneyRun) -> None:
        """Remember what the run starts from."""
        super().__init__(start)
        self._start = start
        self._stopping: asyncio.Task[Any] | None = None

    @property
    def _lead(self) -> LeadId:
        return self._start.lead_id

    async def _record(self, activity: str, request: Value, result: type[V]) -> V:
        answer: V = await workflow.execute_activity(activity, request, result_type=result, **RECORDS)
        return answer

    async def _do(self, work: Coroutine[Any, Any, T]) -> T:
        """Await work; when the journey ends meanwhile, cancel it and leave it to `_close` to see it off."""
        if self._ending is not None:
            work.close()
            raise Ended
        task = asyncio.create_task(work)
        try:
            await workflow.wait_condition(lambda: task.done() or self._ending is not None)
        finally:
            task.cancel()
        if self._ending is not None:
            self._stopping = task
            raise Ended
        return await task

    async def _until(self, condition: Callable[[], bool], patience: timedelta) -> bool:
        """Wait for people. Returns whether the condition came true in time; raises `Ended` when the journey ends."""
        try:
            await workflow.wait_condition(lambda: self._ending is not None or condition(), timeout=patience)
        except TimeoutError:
            return False
        self._raise_if_ending()
        return True
