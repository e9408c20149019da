"""Writes decisions about predictions in the background, in batches. Loses none silently and decides nothing.

An answer that waited for the database would take milliseconds where the score takes microseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.decisions import Decision
from domain.errors import RecordsUnavailableError, UnavailableError
from domain.ports import DecisionLog

QUEUE = 2_000
BATCH = 500
PATIENCE_S = 5.0
PAUSES_S = (0.1, 0.5, 2.0)


class PredictionLogStats(NamedTuple):
    """What became of the decisions so far.

    Attributes:
        written: Recorded, those included that were known already.
        waiting: In the queue or being written now.
        retries: Batches that had to be written again.
        refused: Handed to `on_refused`, because the log would not take them.
    """

    written: int
    waiting: int
    retries: int
    refused: int


@dataclass
class PredictionLog:
    """A bounded queue before the decision log. When it is full, callers wait; when that takes too long, they are told.

    Attributes:
        decisions: Where they are recorded. Recording one twice changes nothing, so a batch may be written again.
        queue_size: At most so many wait.
        batch: At most so many in one transaction.
        patience_s: How long a caller waits for room.
        pause: Waits between attempts, given seconds.
        on_refused: Is told of a decision that the log will not take at any time, with its error.
    """

    decisions: DecisionLog
    on_refused: Callable[[Decision, Exception], None]
    queue_size: int = QUEUE
    batch: int = BATCH
    patience_s: float = PATIENCE_S
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _queue: "asyncio.Queue[Decision]" = field(init=False)
    _writer: "asyncio.Task[None] | None" = field(default=None, init=False)
    _written: int = field(default=0, init=False)
    _retries: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _under_way: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._queue = asyncio.Queue(self.queue_size)

    async def log_prediction(self, decision: Decision) -> None:
        """Queue a decision; returns at once while there is room.

        Raises:
            RecordsUnavailableError: If there was no room for as long as the patience lasts; it is not queued.
        """
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        if not self._queue.full():
            self._queue.put_nowait(decision)
            return
        try:
            async with asyncio.timeout(self.patience_s):
                await self._queue.put(decision)
        except TimeoutError:
            raise RecordsUnavailableError(
                f"{self._queue.qsize()} decisions wait to be recorded and none got through for {self.patience_s:g} s; "
                "send the request again later"
            ) from None

    async def flush(self) -> None:
        """Return when everything queued so far is recorded."""
        await self._queue.join()

    async def aclose(self) -> None:
        """Record what waits and stop.

        Raises:
            RecordsUnavailableError: If the rest could not be recorded within the patience; says how many.
        """
        if self._writer is None:
            return
        try:
            async with asyncio.timeout(self.patience_s):
                await self._queue.join()
        except TimeoutError:
            lost = self.stats().waiting
            raise RecordsUnavailableError(f"{lost} decisions about scores could not be recorded at shutdown") from None
        finally:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
            self._writer = None

    def stats(self) -> PredictionLogStats:
        """Return what became of the decisions so far."""
        return PredictionLogStats(self._written, self._queue.qsize() + self._under_way, self._retries, self._refused)

    async def _write(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < self.batch and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            self._under_way = len(batch)
            try:
                await self._record(batch)
            except Exception:  # noqa: BLE001 - one decision must not take its batch with it; each is told of below
                await self._record_singly(batch)
            self._under_way = 0
            for _ in batch:
                self._queue.task_done()

    async def _record(self, batch: list[Decision]) -> None:
        attempt = 0
        while True:
            try:
                await self.decisions.record_many(batch)
            except UnavailableError:
                self._retries += 1
                await self.pause(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
                attempt += 1
            else:
                self._written += len(batch)
                return

    async def _record_singly(self, batch: list[Decision]) -> None:
        for decision in batch:
            try:
                await self._record([decision])
            except Exception as error:  # noqa: BLE001 - whatever it is, it is handed on, and the writer goes on
                self._refused += 1
                self.on_refused(decision, error)
