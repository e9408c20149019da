"""Weeks of following up, on a server that skips the time in which nothing happens."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.events import InteractionKind, OutcomeKind
from domain.journeys import CloseReason, JourneyPhase, JourneyResult, OutcomeReached
from domain.scores import Temperature
from domain.values import RepId
from tests.workflows.driving import LEAD, journey
from tests.workflows.scripted import (
    BUG,
    MARKET,
    SEND,
    STOP,
    UNAVAILABLE,
    WAIT,
    Floor,
    Scripted,
    open_floor,
    set_consent,
    set_hours,
)
from workflows import names


async def test_exhausts_its_steps_when_nobody_ever_answers(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, SEND, WAIT, max_steps=4) as driver:
        await driver.accept()
        result = await driver.result()
    assert result == JourneyResult(lead_id=LEAD, reason=CloseReason.EXHAUSTED, steps=4, sent=1, rep_id=RepId("ana"))
    assert len(floor.mails()) == 1


async def test_ends_after_max_days_even_when_a_step_wants_to_sleep_longer(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    sleepy = Scripted(WAIT.action, wait=timedelta(days=300), action_id="wait", channel=None)
    async with journey(skipping, floor, sleepy, max_days=10) as driver:
        await driver.accept()
        result = await driver.result()
        began, ended = await driver.times()
    assert result.reason is CloseReason.EXHAUSTED
    assert timedelta(days=9) < ended - began < timedelta(days=11)


async def test_time_scale_shortens_the_waits_between_steps(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, WAIT, max_steps=10, time_scale=0.001) as driver:
        await driver.accept()
        await driver.result()
        began, ended = await driver.times()
    assert ended - began < timedelta(days=1)


async def test_a_rep_who_does_not_work_now_has_his_time_to_answer_when_he_does(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with open_floor(tmp_path, temperature=Temperature.HOT) as floor:
        now = await skipping.get_current_time()
        morning = (now + timedelta(hours=6)).replace(minute=0, second=0, microsecond=0)
        await set_hours(floor, "ana", start=morning.hour, end=morning.hour + 1)
        async with journey(skipping, floor, SEND) as driver:
            asked = await driver.until_phase(JourneyPhase.OFFERED)
            await skipping.sleep(morning + timedelta(minutes=1) - now)
            still = await driver.state()
            await skipping.sleep(timedelta(seconds=70))
            answered = await driver.answer("ben", accepted=True)
    assert asked.rep_id == still.rep_id == "ana"
    assert asked.next_at == morning + timedelta(minutes=2)
    assert answered.rep_id == "ben"


async def test_in_a_demo_nobody_waits_for_the_morning(skipping: WorkflowEnvironment, floor: Floor) -> None:
    now = await skipping.get_current_time()
    await set_hours(floor, "ana", start=(now + timedelta(hours=6)).hour, end=(now + timedelta(hours=6)).hour + 1)
    async with journey(skipping, floor, SEND, time_scale=0.5, accept_timeout_s=60.0) as driver:
        asked = await driver.until_phase(JourneyPhase.OFFERED)
        await driver.answer("ana", accepted=True)
    assert asked.next_at is not None
    assert asked.next_at - now < timedelta(hours=1)


async def test_a_reply_ends_the_journey_and_rewards_the_nudge(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, SEND) as driver:
        await driver.accept()
        await driver.until_phase(JourneyPhase.WAITING)
        await driver.reply()
        result = await driver.result()
    assert result.reason is CloseReason.REPLIED
    assert await floor.records.nudge_results.counts(MARKET) == {"intro_mail": (1, 0)}


async def test_a_nudge_left_unanswered_is_recorded_as_silence(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, SEND, STOP) as driver:
        await driver.accept()
        result = await driver.result()
    assert result.reason is CloseReason.STOPPED
    assert await floor.records.nudge_results.counts(MARKET) == {"intro_mail": (0, 1)}


async def test_an_absence_notice_moves_the_next_step_to_the_day_of_return(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, SEND, STOP) as driver:
        await driver.accept()
        await driver.until_phase(JourneyPhase.WAITING)
        back = await skipping.get_current_time() + timedelta(days=20)
        await driver.reply(out_of_office_until=back)
        moved = await driver.until(lambda state: state.next_at is not None and state.next_at >= back)
        await driver.result()
        _, ended = await driver.times()
    assert moved.phase is JourneyPhase.WAITING
    assert ended >= back


@pytest.mark.parametrize("kind", list(OutcomeKind))
async def test_an_outcome_ends_the_journey(skipping: WorkflowEnvironment, floor: Floor, kind: OutcomeKind) -> None:
    async with journey(skipping, floor, SEND) as driver:
        await driver.accept()
        await driver.until_phase(JourneyPhase.WAITING)
        await driver.handle.signal(names.OUTCOME_REACHED, OutcomeReached(kind=kind))
        result = await driver.result()
        state = await driver.state()
    assert (result.reason.value, state.phase, state.close_reason) == (kind.value, JourneyPhase.CLOSED, result.reason)


async def test_a_message_is_sent_at_its_hour_not_before(skipping: WorkflowEnvironment, floor: Floor) -> None:
    later = Scripted(SEND.action, wait=timedelta(days=4), send_in=timedelta(hours=30))
    async with journey(skipping, floor, later, STOP) as driver:
        await driver.accept()
        began = await skipping.get_current_time()
        await driver.until_phase(JourneyPhase.WAITING)
        assert floor.mails() == []
        await driver.result()
    sent = await floor.records.interactions.of_lead(LEAD, before=began + timedelta(days=30))
    assert [interaction.kind for interaction in sent] == [InteractionKind.EMAIL_SENT]
    assert sent[0].at - began > timedelta(hours=29)


async def test_consent_withdrawn_between_draft_and_sending_stops_the_message(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    later = Scripted(SEND.action, wait=timedelta(days=4), send_in=timedelta(days=3))
    async with journey(skipping, floor, later, STOP) as driver:
        await driver.accept()
        await driver.until_phase(JourneyPhase.WAITING)
        await set_consent(floor, LEAD, granted=False, at=await skipping.get_current_time())
        result = await driver.result()
        state = await driver.state()
    assert (floor.mails(), result.sent, state.sent_keys) == ([], 0, ())
    assert any("refused" in line for line in state.log)
    [decision] = [d for d in await floor.records.decisions.about(LEAD) if d.kind == "send"]
    assert decision.chosen == "refused"
    assert [event["granted"] for event in decision.considered] == [True, False]


async def test_a_step_that_cannot_be_taken_now_is_taken_later(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, UNAVAILABLE, SEND, STOP) as driver:
        await driver.accept()
        result = await driver.result()
        state = await driver.state()
    assert (result.reason, result.steps, result.sent) == (CloseReason.STOPPED, 3, 1)
    assert any("KnowledgeUnavailableError" in line for line in state.log)


@pytest.mark.logs_errors
async def test_a_bug_in_a_node_fails_the_journey_instead_of_hanging_it(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, BUG) as driver:
        await driver.accept()
        with pytest.raises(WorkflowFailureError):
            await driver.result()


@pytest.mark.logs_errors
async def test_a_bug_in_workflow_code_fails_the_journey_instead_of_hanging_it(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    mute = Scripted(SEND.action, channel="carrier pigeon")
    async with journey(skipping, floor, mute) as driver:
        await driver.accept()
        with pytest.raises(WorkflowFailureError):
            await driver.result()


async def test_continues_as_new_and_keeps_what_it_knows(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, SEND, WAIT, max_steps=60, max_days=300) as driver:
        await driver.accept()
        first_run = (await driver.handle.describe()).run_id
        result = await driver.result()
        last_run = (await skipping.client.get_workflow_handle(names.journey_id(LEAD)).describe()).run_id
        state = await driver.state()
    assert (result.reason, result.steps, result.sent, result.rep_id) == (CloseReason.EXHAUSTED, 60, 1, "ana")
    assert last_run != first_run
    assert state.temperature is not None
    assert len(floor.mails()) == 1


async def test_a_second_journey_of_a_lead_may_write_again(skipping: WorkflowEnvironment, floor: Floor) -> None:
    for _ in range(2):
        async with journey(skipping, floor, SEND, STOP) as driver:
            await driver.accept()
            await driver.result()
    assert len(floor.mails()) == 2
