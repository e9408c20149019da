"""The budget of an answer: in time, late, crowded. Nothing here is timed: work waits for a gate, budgets are 0 or ample."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.scoring.serving.budget import Budget

AMPLE = 60.0


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


async def came(late: list[str], n: int) -> None:
    async with asyncio.timeout(AMPLE):
        while len(late) < n:  # noqa: ASYNC110 - the list is filled by a callback of this loop
            await asyncio.sleep(0)


async def test_work_that_is_in_time_answers(pool):
    budget = Budget(pool, seconds=AMPLE)
    assert await budget.answer(lambda: "model", lambda: "rules") == ("model", True)
    assert budget.stats()._asdict() == {"in_time": 1, "late": 0, "crowded": 0, "late_failed": 0, "under_way": 0}


async def test_past_the_budget_the_fallback_answers_and_the_late_result_is_handed_over(pool):
    gate, late = threading.Event(), []

    def slow() -> str:
        gate.wait(AMPLE)
        return "model"

    budget = Budget(pool, seconds=0)
    assert await budget.answer(slow, lambda: "rules", on_late=late.append) == ("rules", False)
    assert (late, budget.stats().fallbacks, budget.stats().under_way) == ([], 1, 1)
    gate.set()
    await came(late, 1)
    assert (late, budget.stats().under_way) == (["model"], 0)


async def test_an_error_in_time_is_raised(pool):
    def broken() -> str:
        raise ZeroDivisionError

    budget = Budget(pool, seconds=AMPLE)
    with pytest.raises(ZeroDivisionError):
        await budget.answer(broken, lambda: "rules")
    assert budget.stats().under_way == 0


async def test_an_error_that_comes_late_is_counted(pool):
    gate, seen = threading.Event(), []

    def broken() -> str:
        gate.wait(AMPLE)
        raise ZeroDivisionError

    budget = Budget(pool, seconds=0)
    assert await budget.answer(broken, lambda: "rules", on_late=seen.append) == ("rules", False)
    gate.set()
    async with asyncio.timeout(AMPLE):
        while budget.stats().under_way:  # noqa: ASYNC110 - falls in a callback of this loop
            await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert (seen, budget.stats().late_failed) == ([], 1)


async def test_when_too_much_is_under_way_the_fallback_answers_at_once(pool):
    gate, late = threading.Event(), []

    def slow() -> str:
        gate.wait(AMPLE)
        return "model"

    budget = Budget(pool, seconds=0, max_waiting=2)
    answers = [await budget.answer(slow, lambda: "rules", on_late=late.append) for _ in range(5)]
    assert answers == [("rules", False)] * 5
    assert budget.stats()._asdict() == {"in_time": 0, "late": 2, "crowded": 3, "late_failed": 0, "under_way": 2}
    gate.set()
    await came(late, 2)
    patient = Budget(pool, seconds=AMPLE, max_waiting=2)
    assert await patient.answer(slow, lambda: "rules") == ("model", True)
