"""A whole journey: the real graph, planner, scorer, matcher, records and outbox, over weeks on a server that skips time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from temporalio.testing import WorkflowEnvironment

from domain.decisions import DecisionKind
from domain.events import InteractionKind
from domain.journeys import CloseReason, JourneyInput, JourneyResult, JourneySettings
from records.database import open_database
from records.repositories import Records
from runtime.worker import build_worker
from tests.workflows.driving import Driver
from tests.workflows.scripted import ServerClock
from tests.workflows.whole_house import MARKET, build_house, populate
from workflows import names

STEPS = 16


async def test_weeks_of_following_up_with_everything_real(skipping: WorkflowEnvironment, tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path / 'leadline.db'}")
    records = Records.over(database)
    lead = await populate(records)
    house = build_house(records, tmp_path, ServerClock())
    settings = JourneySettings(max_steps=STEPS, max_days=300, approval_timeout_s=3_600)
    async with build_worker(skipping.client, house.activities, house.follow_up_graph):
        handle = await skipping.client.start_workflow(
            names.JOURNEY_WORKFLOW,
            JourneyInput(lead_id=lead, market=MARKET, settings=settings),
            id=names.journey_id(lead),
            task_queue=names.TASK_QUEUE,
            result_type=JourneyResult,
            execution_timeout=timedelta(days=400),
        )
        driver = Driver(handle)
        await driver.accept("ana")
        result = await driver.result()
        state = await driver.state()

    now = datetime(2100, 1, 1, tzinfo=UTC)
    decisions = await records.decisions.about(lead, limit=1_000)
    interactions = await records.interactions.of_lead(lead, before=now)
    mails = sorted((tmp_path / "outbox").iterdir())
    assignment = await records.assignments.current(lead)
    await database.close()

    assert (result.reason, result.steps, result.rep_id) == (CloseReason.EXHAUSTED, STEPS, "ana"), state.log
    assert sum(decision.kind is DecisionKind.NUDGE for decision in decisions) == STEPS
    assert result.sent == len(mails) == len(interactions) > 0
    assert {i.kind for i in interactions} <= {InteractionKind.EMAIL_SENT, InteractionKind.SMS_SENT}
    assert {i.at.astimezone(ZoneInfo("America/New_York")).hour for i in interactions} <= set(range(9, 18))
    assert assignment is not None
    assert assignment.rep_id == "ana"
