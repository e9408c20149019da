"""`TemporalJourneys` against the real dev server: what callers get, also when there is nothing to talk to."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.errors import ConflictError, JourneyClosedError, JourneyNotFoundError, WorkflowsUnavailableError
from domain.events import OutcomeKind
from domain.journeys import (
    Approval,
    CloseReason,
    JourneyInput,
    JourneyPhase,
    OutcomeReached,
    RepAnswer,
    ReplyReceived,
)
from domain.values import LeadId, RepId
from runtime.temporal import connect
from runtime.worker import build_worker
from tests.workflows.driving import Driver
from tests.workflows.scripted import MARKET, SEND, Floor, add_lead, scripted_graph
from workflows import names
from workflows.journeys import TemporalJourneys

YES = RepAnswer(rep_id=RepId("ana"), accepted=True)


@pytest.fixture
async def journeys(client: Client, floor: Floor) -> AsyncIterator[TemporalJourneys]:
    queue = f"test-{uuid4().hex}"
    async with build_worker(client, floor.activities(), scripted_graph(SEND), task_queue=queue):
        yield TemporalJourneys(client, task_queue=queue)


@pytest.fixture
async def lead(floor: Floor) -> LeadId:
    return await add_lead(floor, f"lead-{uuid4().hex}")


async def close(journeys: TemporalJourneys, lead: LeadId) -> None:
    await journeys.stop(lead)
    await Driver(journeys.client.get_workflow_handle(names.journey_id(lead))).result()


async def until_offered(journeys: TemporalJourneys, lead: LeadId) -> None:
    await Driver(journeys.client.get_workflow_handle(names.journey_id(lead))).until_phase(JourneyPhase.OFFERED)


async def test_starting_twice_starts_once(journeys: TemporalJourneys, lead: LeadId) -> None:
    start = JourneyInput(lead_id=lead, market=MARKET)
    assert [await journeys.start(start), await journeys.start(start)] == [True, False]
    await close(journeys, lead)


async def test_an_ended_journey_can_be_started_again(journeys: TemporalJourneys, lead: LeadId) -> None:
    start = JourneyInput(lead_id=lead, market=MARKET)
    await journeys.start(start)
    await close(journeys, lead)
    assert await journeys.start(start)
    await close(journeys, lead)


async def test_an_accepted_offer_gives_the_new_state(journeys: TemporalJourneys, lead: LeadId) -> None:
    await journeys.start(JourneyInput(lead_id=lead, market=MARKET))
    await until_offered(journeys, lead)
    state = await journeys.answer_offer(lead, YES)
    assert (state.phase, state.rep_id) == (JourneyPhase.FOLLOWING_UP, "ana")
    await close(journeys, lead)


async def test_an_answer_that_contradicts_the_state_is_a_conflict(journeys: TemporalJourneys, lead: LeadId) -> None:
    await journeys.start(JourneyInput(lead_id=lead, market=MARKET))
    await until_offered(journeys, lead)
    with pytest.raises(ConflictError, match="waits for approval"):
        await journeys.approve(lead, Approval(key="k", approved=True, by="ana"))
    await close(journeys, lead)


async def test_an_ended_journey_tells_its_state(journeys: TemporalJourneys, lead: LeadId) -> None:
    await journeys.start(JourneyInput(lead_id=lead, market=MARKET))
    await until_offered(journeys, lead)
    await journeys.outcome_reached(lead, OutcomeReached(kind=OutcomeKind.WON))
    await Driver(journeys.client.get_workflow_handle(names.journey_id(lead))).result()
    state = await journeys.state(lead)
    assert (state.phase, state.close_reason) == (JourneyPhase.CLOSED, CloseReason.WON)


async def test_an_ended_journey_takes_no_answers_and_ignores_news(journeys: TemporalJourneys, lead: LeadId) -> None:
    await journeys.start(JourneyInput(lead_id=lead, market=MARKET))
    await close(journeys, lead)
    with pytest.raises(JourneyClosedError, match="has ended"):
        await journeys.answer_offer(lead, YES)
    await journeys.reply_received(lead, ReplyReceived(interaction_id="i"))
    await journeys.opted_out(lead)


async def test_a_lead_without_a_journey_is_not_found(journeys: TemporalJourneys) -> None:
    nobody = LeadId("nobody")
    for call in (
        journeys.state(nobody),
        journeys.opted_out(nobody),
        journeys.reply_received(nobody, ReplyReceived(interaction_id="i")),
        journeys.outcome_reached(nobody, OutcomeReached(kind=OutcomeKind.LOST)),
        journeys.answer_offer(nobody, YES),
        journeys.approve(nobody, Approval(key="k", approved=True, by="ana")),
    ):
        with pytest.raises(JourneyNotFoundError, match="nobody"):
            await call


async def test_without_a_server_every_call_says_where_it_looked() -> None:
    address = "127.0.0.1:1"
    journeys = TemporalJourneys(await connect(address, lazy=True), timeout_s=0.5)
    for call in (journeys.start(JourneyInput(lead_id=LeadId("x"), market=MARKET)), journeys.state(LeadId("x"))):
        with pytest.raises(WorkflowsUnavailableError, match=address):
            await call


async def test_without_a_worker_a_question_ends_in_a_clear_error(client: Client) -> None:
    queue = f"nobody-{uuid4().hex}"
    lead = LeadId(queue)
    journeys = TemporalJourneys(client, task_queue=queue, timeout_s=0.5)
    assert await journeys.start(JourneyInput(lead_id=lead, market=MARKET))
    with pytest.raises(WorkflowsUnavailableError, match="a worker runs"):
        await journeys.state(lead)
    await client.get_workflow_handle(names.journey_id(lead)).terminate()


async def test_many_journeys_run_side_by_side(journeys: TemporalJourneys, floor: Floor) -> None:
    leads = [await add_lead(floor, f"many-{uuid4().hex}") for _ in range(20)]
    await asyncio.gather(*(journeys.start(JourneyInput(lead_id=lead, market=MARKET)) for lead in leads))
    await asyncio.gather(*(until_offered(journeys, lead) for lead in leads))
    await asyncio.gather(*(journeys.answer_offer(lead, YES) for lead in leads))
    await asyncio.gather(*(close(journeys, lead) for lead in leads))
    states = await asyncio.gather(*(journeys.state(lead) for lead in leads))
    assert {state.close_reason for state in states} == {CloseReason.STOPPED}
