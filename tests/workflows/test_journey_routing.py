"""A journey and the routing around it: answers are kept, managers are followed, and the pool is not a dead end."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.journeys import CloseReason, JourneyInput, JourneyPhase, JourneyResult, JourneySettings, RepChanged
from domain.people import RejectReason, Rep
from domain.routing import PoolEntry, RoutingPolicy
from domain.values import RepId
from records.database import open_database
from records.repositories import Records
from runtime.routing_desk import RoutingDesk
from runtime.routing_news import RoutingMessenger
from runtime.routing_worker import build_routing_worker
from runtime.worker import build_worker
from tests.doubles.routing import RecordingRoutingNews
from tests.workflows.driving import LEAD, Driver, journey
from tests.workflows.scripted import ASK, SEND, STOP, WAIT, Floor, Scripted, ServerClock, open_floor
from tests.workflows.whole_house import MARKET, build_house, populate
from workflows import names
from workflows.journeys import TemporalJourneys
from workflows.routing_activities import RoutingActivities
from workflows.routing_keepers import TemporalRoutingKeeper

FULL = {"capacity": 0}


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - a server whose time is real


async def decide(driver: Driver, rep: str | None) -> None:
    await driver.handle.signal(names.REP_CHANGED, RepChanged(rep_id=rep, by="boss", decided=True))


async def move(driver: Driver, rep: str | None = None) -> None:
    await driver.handle.signal(names.REP_CHANGED, RepChanged(rep_id=rep, by="matcher"))


async def test_a_rejection_is_kept_with_its_reason_and_frees_the_place(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, STOP) as driver:
        await driver.answer("ana", accepted=False, reason=RejectReason.WRONG_PRODUCT)
        await driver.accept("ben")
        await driver.result()
    (said,) = await floor.records.rejections.of_lead(LEAD)
    assert (said.rep_id, said.reason) == ("ana", RejectReason.WRONG_PRODUCT)
    assert said.decision_id is not None
    assert floor.news.changed.count("insurance_partners") >= 1


async def test_a_manager_gives_an_offered_lead_to_somebody_else_who_is_not_asked(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, Scripted(SEND.action, send_in=timedelta(days=3))) as driver:
        await driver.until_phase(JourneyPhase.OFFERED)
        await decide(driver, "cleo")
        state = await driver.until_phase(JourneyPhase.WAITING)
        await driver.end()
    assert (state.rep_id, floor.matcher.asked) == ("cleo", [()])
    assert any("boss gave the lead to rep cleo" in line for line in state.log)


async def test_a_running_follow_up_goes_on_in_the_name_of_the_rep_whom_a_manager_chose(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, Scripted(SEND.action, send_in=timedelta(days=3)), STOP) as driver:
        await driver.accept("ana")
        await driver.until_phase(JourneyPhase.WAITING)
        await decide(driver, "cleo")
        result = await driver.result()
    (sent,) = await floor.records.interactions.of_lead(LEAD, before=datetime(2100, 1, 1, tzinfo=UTC))
    assert (result.rep_id, sent.rep_id, len(floor.matcher.asked)) == ("cleo", "cleo", 1)


async def test_a_lead_that_a_manager_put_into_the_pool_waits_there_before_anybody_is_asked(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, STOP) as driver:
        await driver.until_phase(JourneyPhase.OFFERED)
        await decide(driver, None)
        await driver.until_phase(JourneyPhase.POOLED)
        asked = list(floor.matcher.asked)
        await move(driver)
        await driver.accept("ana")
        await driver.result()
    assert (asked, floor.matcher.asked) == ([()], [(), ()])


async def test_a_lead_taken_from_a_rep_while_it_is_followed_up_is_offered_anew(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, WAIT, STOP) as driver:
        await driver.accept("ana")
        await driver.until_phase(JourneyPhase.WAITING)
        await move(driver, "ben")
        await driver.accept("ana")
        result = await driver.result()
    assert (result.rep_id, result.steps, len(floor.matcher.asked)) == ("ana", 2, 2)


async def test_an_approval_that_waits_outlives_a_change_of_rep(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, ASK, STOP) as driver:
        await driver.accept("ana")
        asked = await driver.until_phase(JourneyPhase.AWAITING_APPROVAL)
        await decide(driver, "ben")
        await driver.approve(asked.pending_approval)
        result = await driver.result()
    assert (result.rep_id, result.sent) == ("ben", 1)


async def test_a_pooled_journey_asks_at_once_when_it_is_told_that_its_lead_moved(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with open_floor(tmp_path, reps=()) as floor, journey(skipping, floor, STOP) as driver:
        await driver.until_phase(JourneyPhase.POOLED)
        before = await skipping.get_current_time()
        await move(driver, "ana")
        await driver.until(lambda _: len(floor.matcher.asked) > 1)
        waited = await skipping.get_current_time() - before
        await driver.end()
    assert waited < timedelta(minutes=1)


async def test_a_pooled_lead_whose_journey_somebody_stopped_waits_no_more(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with open_floor(tmp_path, reps=()) as floor, journey(skipping, floor, STOP) as driver:
        await driver.until_phase(JourneyPhase.POOLED)
        now = await skipping.get_current_time()
        entry = PoolEntry(lead_id=LEAD, market=MARKET, since=now, deadline=now, owner="boss", reason="all full")
        await floor.records.pool.put([entry])
        waited = await floor.records.pool.waiting(MARKET)
        result = await driver.end()
        waits = await floor.records.pool.waiting(MARKET)
        unassigned = await floor.records.routed_leads.unassigned(MARKET, limit=10)
    assert (result.reason, waited, waits, unassigned) == (CloseReason.STOPPED, (entry,), (), ())


async def test_a_journey_with_nothing_left_to_do_withholds_nothing(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, STOP) as driver:
        await driver.accept("ana")
        result = await driver.result()
    assert result.reason is CloseReason.STOPPED
    assert await floor.records.routed_leads.withheld([LEAD]) == frozenset()


async def test_a_no_that_only_the_journey_heard_withholds_the_lead(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, STOP) as driver:
        await driver.until_phase(JourneyPhase.OFFERED)
        await driver.handle.signal(names.OPTED_OUT)
        await driver.result()
    assert await floor.records.routed_leads.withheld([LEAD]) == {LEAD}


async def test_an_overdue_lead_is_escalated_to_who_answers_for_it(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    database = await open_database(f"sqlite:///{tmp_path / 'leadline.db'}")
    records = Records.over(database)
    lead = await populate(records)
    await records.reps.save(Rep(id="ana", market=MARKET, name="Ana", **FULL))
    policy = RoutingPolicy(pool_deadline_s=600, pool_owner="boss")
    house = build_house(records, tmp_path, ServerClock(), policy=policy)
    async with build_worker(skipping.client, house.activities, house.follow_up_graph):
        handle = await skipping.client.start_workflow(
            names.JOURNEY_WORKFLOW,
            JourneyInput(lead_id=lead, market=MARKET, settings=JourneySettings(max_days=1)),
            id=names.journey_id(lead),
            task_queue=names.TASK_QUEUE,
            result_type=JourneyResult,
        )
        driver = Driver(handle)
        await driver.result()
        state = await driver.state()
    entries = [entry for entry in await records.audit.about(lead) if entry.action == "pool_overdue"]
    await database.close()
    assert sum("overdue in the pool: boss is told" in line for line in state.log) == 1
    assert [entry.details["owner"] for entry in entries] == ["boss"]


async def test_a_pooled_lead_has_a_rep_seconds_after_a_place_comes_free(client: Client, tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path / 'leadline.db'}")
    records = Records.over(database)
    lead = await populate(records)
    await records.reps.save(Rep(id="ana", market=MARKET, name="Ana", **FULL))
    queue = f"routing-{tmp_path.name}"
    journeys = TemporalJourneys(client, task_queue=queue)
    keeper = TemporalRoutingKeeper(client, task_queue=f"{queue}-pool")
    news = RoutingMessenger(journeys, keeper)
    house = build_house(records, tmp_path, SystemClock(), news=news)
    routing = RoutingActivities(house.balancer, news)
    async with (
        build_worker(client, house.activities, house.follow_up_graph, task_queue=queue),
        build_routing_worker(client, routing, task_queue=f"{queue}-pool"),
    ):
        await journeys.start(JourneyInput(lead_id=lead, market=MARKET))
        driver = Driver(client.get_workflow_handle(names.journey_id(lead), result_type=JourneyResult))
        await driver.until_phase(JourneyPhase.POOLED)
        await records.reps.save(Rep(id="ana", market=MARKET, name="Ana", capacity=1))
        async with asyncio.timeout(20):
            await news.floor_changed(MARKET)
            state = await driver.until_phase(JourneyPhase.OFFERED)
        held = await records.assignments.current(lead)
        waiting = await records.pool.waiting(MARKET)
        await driver.end()
    await client.get_workflow_handle(names.routing_keeper_id(MARKET)).terminate()
    await database.close()
    assert (state.rep_id, held.rep_id if held else None, waiting) == ("ana", "ana", ())


async def test_an_answer_through_a_running_journey_is_on_record_when_the_caller_hears_of_it(
    client: Client, tmp_path: Path
) -> None:
    database = await open_database(f"sqlite:///{tmp_path / 'leadline.db'}")
    records = Records.over(database)
    lead = await populate(records)
    queue = f"declined-{tmp_path.name}"
    journeys = TemporalJourneys(client, task_queue=queue)
    news = RecordingRoutingNews()
    house = build_house(records, tmp_path, SystemClock(), news=news)
    desk = RoutingDesk(house.balancer, journeys, news, patience_s=30)
    async with build_worker(client, house.activities, house.follow_up_graph, task_queue=queue):
        await journeys.start(JourneyInput(lead_id=lead, market=MARKET))
        driver = Driver(client.get_workflow_handle(names.journey_id(lead), result_type=JourneyResult))
        await driver.until_phase(JourneyPhase.OFFERED)
        declined = await desk.reject(lead, RepId("ana"), reason=RejectReason.CONFLICT, note="my cousin", key="k")
        said = await records.rejections.of_lead(lead)
        await driver.end()
    await database.close()
    assert (declined.match, declined.pending) == (None, False)
    assert [(each.rep_id, each.reason, each.note) for each in said] == [("ana", RejectReason.CONFLICT, "my cousin")]
