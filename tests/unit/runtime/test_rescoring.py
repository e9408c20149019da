"""The rescorer over real records, with a scorer that records and does no sums."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.decisions import Decision, DecisionKind
from domain.rescoring import Rescored
from domain.scores import Temperature
from tests.workflows.scoring_floor import LONG_AGO, ScoringFloor, open_scoring_floor

NOW = LONG_AGO + timedelta(days=30)


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[ScoringFloor]:
    async with open_scoring_floor(tmp_path) as opened:
        yield opened


async def test_the_new_score_is_the_newest_one_on_record(floor: ScoringFloor):
    (dana,) = await floor.add_leads("dana")
    for at in (NOW, NOW + timedelta(seconds=1)):
        assert await floor.rescorer.rescore([dana], as_of=at) == Rescored(scored=1)
    assert (await floor.records.scores.of_lead(dana, limit=1))[0].at == NOW + timedelta(seconds=1)


async def test_the_same_again_records_nothing_new(floor: ScoringFloor):
    (dana,) = await floor.add_leads("dana")
    for _ in range(2):
        await floor.rescorer.rescore([dana], as_of=NOW)
    assert len(await floor.records.scores.of_lead(dana, limit=9)) == 1


async def test_a_lead_that_ended_is_left_alone(floor: ScoringFloor):
    dana, won = await floor.add_leads("dana", "won")
    await floor.end(won)
    assert await floor.rescorer.rescore([dana, won], as_of=NOW) == Rescored(scored=1, ended=1)
    assert await floor.records.scores.of_lead(won, limit=9) == ()


async def test_a_lead_that_ends_later_is_still_open_as_of_now(floor: ScoringFloor):
    (dana,) = await floor.add_leads("dana")
    await floor.end(dana, NOW)
    assert await floor.rescorer.rescore([dana], as_of=NOW) == Rescored(scored=1)


async def test_leads_that_are_not_there_are_counted_and_cost_nobody_a_score(floor: ScoringFloor):
    (dana,) = await floor.add_leads("dana")
    await floor.add_leads("unborn", created_at=NOW + timedelta(days=1))
    assert await floor.rescorer.rescore(["erased", dana, "unborn"], as_of=NOW) == Rescored(scored=1, missing=2)


async def test_nobody_to_score_is_no_work(floor: ScoringFloor):
    assert await floor.rescorer.rescore([], as_of=NOW) == Rescored()


async def test_the_temperature_before_is_handed_on(floor: ScoringFloor):
    (dana,) = await floor.add_leads("dana")
    numbers = {"points": 9.0, "p_convert": 0.09, "p_low": 0.05, "p_high": 0.2, "base_points": 12.0}
    warm = Decision(
        id="earlier",
        kind=DecisionKind.SCORE,
        subject_id=dana,
        at=NOW - timedelta(days=1),
        inputs_hash="x",
        chosen="warm",
        considered=(numbers,),
    )
    await floor.records.decisions.record(warm)
    await floor.rescorer.rescore([dana], as_of=NOW)
    assert (await floor.records.scores.of_lead(dana, limit=1))[0].temperature is Temperature.WARM
