import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from workflows.heartbeats import HeartbeatInterceptor


class Working(ActivityInboundInterceptor):
    """Works until three beats were heard, or for a moment when there is nothing to hear."""

    def __init__(self, beats: list[tuple[Any, ...]]) -> None:
        self.beats = beats
        self.heard = asyncio.Event()

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        if activity.info().heartbeat_timeout:
            await self.heard.wait()
        return "done"


@pytest.mark.parametrize(("timeout", "expected"), [(timedelta(milliseconds=30), 3), (None, 0)])
async def test_an_activity_with_a_heartbeat_timeout_beats_by_itself(timeout: timedelta | None, expected: int) -> None:
    beats: list[tuple[Any, ...]] = []
    working = Working(beats)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_timeout=timeout)

    def on_heartbeat(*details: Any) -> None:
        beats.append(details)
        if len(beats) == 3:
            working.heard.set()

    environment.on_heartbeat = on_heartbeat
    intercepted = HeartbeatInterceptor().intercept_activity(working)
    order = ExecuteActivityInput(fn=working.execute_activity, args=[], executor=None, headers={})
    result = await environment.run(intercepted.execute_activity, order)
    assert (result, len(beats)) == ("done", expected)
