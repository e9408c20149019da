"""A day that cannot be planned, because the process that does the sums hangs or dies, is an error that says so."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from domain.errors import UnavailableError
from domain.values import Place
from runtime.territory import Driver, Stop, TerritoryDesk
from tools.matching.territory.day import DayPlan

HERE = Place(latitude=50.0, longitude=7.0)
NOBODY: Any = None
Work = Callable[[], DayPlan]


async def plan(run: Callable[[Work], Awaitable[DayPlan]]) -> DayPlan:
    desk = TerritoryDesk(NOBODY, NOBODY, NOBODY, run=run, patience_s=0.0)
    return await desk.plan([Stop("visit", place=HERE)], [Driver("ana", on_record=False, place=HERE)], seconds=0.05)


async def test_a_plan_that_takes_for_ever_is_given_up() -> None:
    ended = asyncio.Event()

    async def hang(work: Work) -> DayPlan:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return work()

    with pytest.raises(UnavailableError, match="ask for fewer appointments"):
        await plan(hang)
    assert ended.is_set()


async def test_a_process_that_dies_is_named_as_the_cause() -> None:
    async def die(_: Work) -> DayPlan:
        raise anyio.BrokenWorkerProcess("killed")

    with pytest.raises(UnavailableError, match="the process that plans routes ended: killed"):
        await plan(die)


async def test_what_is_wrong_with_the_sums_themselves_is_not_hidden() -> None:
    async def fail(_: Work) -> DayPlan:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await plan(fail)


async def test_what_the_sums_say_is_the_answer() -> None:
    async def here(work: Work) -> DayPlan:
        return await asyncio.to_thread(work)

    desk = TerritoryDesk(NOBODY, NOBODY, NOBODY, run=here)
    day = await desk.plan([Stop("visit", place=HERE)], [Driver("ana", on_record=False, place=HERE)], seconds=1)
    assert [visit.appointment_id for route in day.routes for visit in route.visits] == ["visit"]
