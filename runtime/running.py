"""Runs a coroutine as a program."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_LET_TEMPORAL_FINISH_S = 0.05


def run_program(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, on a fresh event loop.

    A process that used a Temporal client may crash at its exit unless the loop turns once more
    (https://github.com/temporalio/sdk-python/issues/300), hence the pause.
    """

    async def with_pause() -> T:
        try:
            return await main
        finally:
            await asyncio.sleep(_LET_TEMPORAL_FINISH_S)

    return asyncio.run(with_pause())
