"""A rep declines a lead while its journey runs: the answer says whether what he said is on record."""

import asyncio

import pytest

from domain.journeys import JourneyInput
from domain.people import RejectReason
from runtime.routing_desk import RoutingDesk
from tests.doubles.journeys import RecordingJourneys
from tests.doubles.routing import RecordingRoutingNews
from tools.matching.balancing import Balancer
from tools.matching.desk import MatchingDesk

PATIENT, IMPATIENT = 30.0, 0.0


@pytest.fixture
async def place(make, floor, open_floor):
    """A lead on offer to a rep who declined it once before, and a journey that writes down what it hears."""
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a"), make.rep("b")]))
    said = {"reason": RejectReason.NO_CAPACITY, "note": None, "decision_id": None, "at": floor.moment}
    await desk.rejected("lead-1", "a", key="before", **said)
    journeys = RecordingJourneys(started={"lead-1": JourneyInput(lead_id="lead-1", market="roofing")})

    async def record(rep_id, *, meanwhile):
        await meanwhile
        await desk.rejected("lead-1", rep_id, key="journey", **said)

    def routing(patience_s):
        return RoutingDesk(Balancer(desk), journeys, RecordingRoutingNews(), patience_s=patience_s)

    return routing, journeys, record


async def _decline(routing):
    return await routing.reject("lead-1", "a", reason=RejectReason.CONFLICT, note=None, key="k")


async def test_the_answer_waits_until_the_journey_has_recorded_it(place, floor):
    routing, journeys, record = place
    recording = []

    async def later(_, answer):
        recording.append(asyncio.create_task(record(answer.rep_id, meanwhile=asyncio.sleep(0.2))))

    journeys.recorder = later
    declined = await _decline(routing(PATIENT))
    assert (declined.match, declined.pending) == (None, False)
    assert len(await floor.records.rejections.of_lead("lead-1")) == 2
    await asyncio.gather(*recording)


async def test_what_another_rep_said_meanwhile_is_not_his_answer(place):
    routing, journeys, record = place
    journeys.recorder = lambda _, __: record("b", meanwhile=asyncio.sleep(0))
    assert (await _decline(routing(IMPATIENT))).pending


async def test_an_answer_that_is_not_on_record_in_time_is_called_pending(place):
    routing, journeys, _ = place
    declined = await _decline(routing(IMPATIENT))
    assert (declined.match, declined.pending, journeys.told("lead-1")) == (None, True, ["rejected by a"])


async def test_what_a_rep_says_without_a_journey_is_on_record_at_once(place, floor):
    routing, journeys, _ = place
    journeys.started.clear()
    declined = await _decline(routing(IMPATIENT))
    assert (declined.match.rep_id, declined.pending) == ("b", False)
    assert {said.reason for said in await floor.records.rejections.of_lead("lead-1")} >= {RejectReason.CONFLICT}
