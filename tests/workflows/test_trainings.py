"""Trainings on the real dev server: one at a time for a market, every night, and no night is lost to one bad market."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client, RPCError, ScheduleOverlapPolicy

from domain.errors import NotEnoughDataError, WorkflowsUnavailableError
from domain.rescoring import ModelUpdate
from domain.values import Market
from runtime.scoring_worker import build_scoring_worker
from runtime.settings import Settings
from runtime.temporal import connect
from runtime.training_schedule import keep_trainings_scheduled
from tests.doubles.scoring import RecordingRescorer, RecordingTrainer
from workflows import names
from workflows.scoring_activities import ScoringActivities
from workflows.scoring_payloads import NightlyReport, NightlyTraining
from workflows.trainings import TemporalTrainings


@dataclass
class SlowTrainer(RecordingTrainer):
    """Trains when it is let."""

    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def update_model(self, market: Market, *, now: datetime) -> ModelUpdate:
        await self.let.wait()
        return await super().update_model(market, now=now)


@dataclass
class School:
    client: Client
    trainer: RecordingTrainer = field(default_factory=RecordingTrainer)
    queue: str = field(default_factory=lambda: f"school-{uuid4().hex}")

    @property
    def trainings(self) -> TemporalTrainings:
        return TemporalTrainings(self.client, task_queue=self.queue, schedule_id=f"nightly-{self.queue}")

    def market(self, name: str = "m") -> Market:
        return Market(f"{name}-{self.queue}")

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        activities = ScoringActivities(RecordingRescorer(), self.trainer)
        async with build_scoring_worker(self.client, activities, task_queue=self.queue):
            yield

    async def night(self, *markets: Market) -> NightlyReport:
        report: NightlyReport = await self.client.execute_workflow(
            names.NIGHTLY_TRAINING_WORKFLOW,
            NightlyTraining(markets=markets),
            id=f"night-{uuid4().hex}",
            task_queue=self.queue,
            result_type=NightlyReport,
            execution_timeout=timedelta(minutes=1),
        )
        return report


@pytest.fixture
def school(client: Client) -> School:
    return School(client)


@pytest.fixture
async def trainings(school: School) -> AsyncIterator[TemporalTrainings]:
    yield school.trainings
    await school.trainings.drop_schedule()


async def test_a_training_says_what_became_of_it(school: School) -> None:
    before = datetime.now(UTC)  # noqa: TID251 - the server's own time is what is asked for
    market = school.market()
    async with school.working():
        assert await school.trainings.start(market) == f"scoring-training-{market}"
        update = await school.trainings.result(market)
    assert update == ModelUpdate(market=market, promoted=True, version=f"{market}-1", why="no worse than what serves")
    assert abs(school.trainer.trained[0][1] - before) < timedelta(minutes=1)


async def test_a_market_is_trained_by_one_at_a_time(client: Client) -> None:
    trainer = SlowTrainer()
    school = School(client, trainer)
    market = school.market()
    async with school.working():
        ids = [await school.trainings.start(market) for _ in range(3)]
        trainer.let.set()
        await school.trainings.result(market)
        await school.trainings.start(market)
        again = await school.trainings.result(market)
    assert (len(set(ids)), len(trainer.trained), again.promoted) == (1, 2, False)


async def test_too_little_data_is_an_answer(school: School) -> None:
    market = school.market()
    school.trainer.errors[market] = NotEnoughDataError("12 leads have ended; 50 of each result are needed")
    async with school.working():
        await school.trainings.start(market)
        update = await school.trainings.result(market)
    assert (update.promoted, update.version, update.why.startswith("12 leads")) == (False, "", True)


async def test_a_market_that_fails_does_not_cost_the_others_their_night(school: School) -> None:
    good, bad, other = (school.market(name) for name in ("good", "bad", "other"))
    school.trainer.errors[bad] = TypeError("a bug")
    async with school.working():
        report = await school.night(good, bad, other)
    assert ([update.market for update in report.updates], report.failed) == ([good, other], (bad,))


async def test_a_night_leaves_alone_what_somebody_trains_already(client: Client) -> None:
    trainer = SlowTrainer()
    school = School(client, trainer)
    busy = school.market()
    async with school.working():
        await school.trainings.start(busy)
        report = await school.night(busy)
        trainer.let.set()
        await school.trainings.result(busy)
    assert report == NightlyReport(running=(busy,))


async def test_the_schedule_is_made_once_and_then_kept_as_it_should_be(trainings: TemporalTrainings) -> None:
    handle = trainings.client.get_schedule_handle(trainings.schedule_id)
    for hour in (2, 2, 5):
        await trainings.keep_schedule([Market("roofing")], hour_utc=hour)
        schedule = (await handle.describe()).schedule
        assert [each.hour[0].start for each in schedule.spec.calendars] == [hour]
        assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    first, second = (await handle.describe()).info.next_action_times[:2]
    assert (first.hour, second - first) == (5, timedelta(hours=24))


async def test_a_schedule_that_someone_paused_stays_paused(trainings: TemporalTrainings) -> None:
    await trainings.keep_schedule([Market("roofing")], hour_utc=2)
    handle = trainings.client.get_schedule_handle(trainings.schedule_id)
    await handle.pause(note="the data is being repaired")
    await trainings.keep_schedule([Market("roofing")], hour_utc=3)
    state = (await handle.describe()).schedule.state
    assert (state.paused, state.note) == (True, "the data is being repaired")


async def test_many_workers_may_make_the_schedule_at_once(trainings: TemporalTrainings) -> None:
    await asyncio.gather(*(trainings.keep_schedule([Market("roofing")], hour_utc=4) for _ in range(5)))
    handle = trainings.client.get_schedule_handle(trainings.schedule_id)
    assert (await handle.describe()).schedule.spec.calendars[0].hour[0].start == 4


async def test_the_schedule_trains_every_market(school: School, trainings: TemporalTrainings) -> None:
    markets = [school.market("a"), school.market("b")]
    await trainings.keep_schedule(markets, hour_utc=2)
    async with school.working():
        await trainings.client.get_schedule_handle(trainings.schedule_id).trigger()
        async with asyncio.timeout(30):
            while len(school.trainer.trained) < 2:  # noqa: ASYNC110 - the schedule starts a workflow we do not know
                await asyncio.sleep(0.02)
    assert [market for market, _ in school.trainer.trained] == markets


async def test_settings_switch_the_schedule_on_and_off(trainings: TemporalTrainings) -> None:
    handle = trainings.client.get_schedule_handle(trainings.schedule_id)
    await keep_trainings_scheduled(trainings, Settings(training_schedule="on", train_hour_utc=7), [Market("roofing")])
    assert (await handle.describe()).schedule.spec.calendars[0].hour[0].start == 7
    for _ in range(2):
        await keep_trainings_scheduled(trainings, Settings(training_schedule="off"), [Market("roofing")])
    with pytest.raises(RPCError, match="not found"):
        await handle.describe()


async def test_without_a_server_the_caller_hears_where_it_was_looked_for() -> None:
    trainings = TemporalTrainings(await connect("127.0.0.1:1", lazy=True), timeout_s=0.5)
    for call in (
        trainings.start(Market("roofing")),
        trainings.keep_schedule([], hour_utc=1),
        trainings.drop_schedule(),
    ):
        with pytest.raises(WorkflowsUnavailableError, match=r"127\.0\.0\.1:1"):
            await call
