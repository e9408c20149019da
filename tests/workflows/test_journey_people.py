"""What people say to a journey: reps who take or decline a lead, approve or decline a message; leads who say no."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from domain.events import Channel, InteractionKind, Purpose, has_consent
from domain.journeys import CloseReason, JourneyPhase
from domain.people import RejectReason
from domain.scores import Temperature
from tests.workflows.driving import LEAD, journey
from tests.workflows.scripted import ASK, CALL, SEND, STOP, Floor, Scripted, open_floor
from workflows import names

FAR = datetime(2100, 1, 1, tzinfo=UTC)


async def test_a_rejecting_rep_is_not_asked_again(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, STOP) as driver:
        await driver.answer("ana", accepted=False, reason=RejectReason.WRONG_PRODUCT)
        state = await driver.accept("ben")
        await driver.result()
    assert (state.phase, state.rep_id) == (JourneyPhase.FOLLOWING_UP, "ben")
    assert floor.matcher.asked == [(), ("ana",)]


@pytest.mark.parametrize(
    ("temperature", "patience"), [(Temperature.HOT, timedelta(seconds=120)), (Temperature.WARM, timedelta(days=1))]
)
async def test_a_silent_rep_loses_the_lead_a_hot_one_after_two_minutes(
    skipping: WorkflowEnvironment, tmp_path, temperature: Temperature, patience: timedelta
) -> None:
    async with open_floor(tmp_path, temperature=temperature) as floor, journey(skipping, floor, STOP) as driver:
        offered = await driver.until_phase(JourneyPhase.OFFERED)
        before = await skipping.get_current_time()
        await skipping.sleep(patience + timedelta(seconds=5))
        await driver.accept("ben")
        await driver.result()
    assert offered.next_at is not None
    assert abs(offered.next_at - before - patience) < timedelta(seconds=5)


async def test_the_last_rep_asked_keeps_the_lead_when_all_are_silent(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, STOP, max_offers=2) as driver:
        result = await driver.result()
    assert (result.reason, result.rep_id) == (CloseReason.STOPPED, "ben")


async def test_a_lead_that_every_rep_rejects_ends_without_a_rep(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, STOP, max_offers=2) as driver:
        await driver.answer("ana", accepted=False)
        await driver.answer("ben", accepted=False)
        result = await driver.result()
    assert (result.reason, result.rep_id, result.sent) == (CloseReason.NO_REP, None, 0)
    assignment = await floor.records.assignments.current(LEAD)
    assert assignment is not None
    assert (assignment.rep_id, assignment.by) == (None, "journey")


async def test_a_lead_that_nobody_can_take_waits_in_the_pool_until_the_journey_is_over(
    skipping: WorkflowEnvironment, tmp_path
) -> None:
    async with open_floor(tmp_path, reps=()) as floor, journey(skipping, floor, STOP, max_days=5) as driver:
        await driver.until_phase(JourneyPhase.POOLED)
        result = await driver.result()
    assert (result.reason, result.steps) == (CloseReason.NO_REP, 0)
    assert len(floor.matcher.asked) > 3


async def test_a_pooled_lead_is_offered_to_reps_who_were_silent_before(skipping: WorkflowEnvironment, tmp_path) -> None:
    async with open_floor(tmp_path, reps=("ana",)) as floor, journey(skipping, floor, STOP) as driver:
        await driver.until_phase(JourneyPhase.OFFERED)
        await skipping.sleep(timedelta(days=1, hours=3))
        state = await driver.accept("ana")
        await driver.result()
    assert state.rep_id == "ana"
    assert floor.matcher.asked[:3] == [(), ("ana",), ()]


async def test_an_answer_of_another_rep_is_refused_and_changes_nothing(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, STOP) as driver:
        before = await driver.until_phase(JourneyPhase.OFFERED)
        with pytest.raises(WorkflowUpdateFailedError) as failure:
            await driver.send_answer("ben", accepted=True)
        assert "on offer to rep 'ana', not to 'ben'" in str(failure.value.cause)
        assert await driver.state() == before
        await driver.end()


async def test_an_approved_message_is_sent_as_the_rep_edited_it(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, ASK, STOP) as driver:
        await driver.accept()
        asked = await driver.until_phase(JourneyPhase.AWAITING_APPROVAL)
        assert floor.mails() == []
        await driver.approve(asked.pending_approval, edited_body="As edited by Ana")
        result = await driver.result()
    assert result.sent == 1
    [mail] = (floor.home / "outbox").glob("*.eml")
    assert "As edited by Ana" in mail.read_text()


async def test_a_declined_message_is_not_sent_and_the_journey_goes_on(
    skipping: WorkflowEnvironment, floor: Floor
) -> None:
    async with journey(skipping, floor, ASK, STOP) as driver:
        await driver.accept()
        asked = await driver.until_phase(JourneyPhase.AWAITING_APPROVAL)
        await driver.approve(asked.pending_approval, approved=False)
        result = await driver.result()
    assert (result.reason, result.steps, result.sent, floor.mails()) == (CloseReason.STOPPED, 2, 0, [])


async def test_a_message_that_nobody_approves_in_time_is_not_sent(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, ASK, STOP, approval_timeout_s=3_600) as driver:
        await driver.accept()
        result = await driver.result()
    assert (result.reason, result.steps, floor.mails()) == (CloseReason.STOPPED, 2, [])


async def test_an_approval_of_another_message_is_refused(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, ASK, STOP) as driver:
        await driver.accept()
        await driver.until_phase(JourneyPhase.AWAITING_APPROVAL)
        with pytest.raises(WorkflowUpdateFailedError):
            await driver.approve("another key")
        await driver.end()
    assert floor.mails() == []


async def test_a_call_that_a_rep_made_is_recorded_as_a_contact(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, CALL, STOP) as driver:
        await driver.accept()
        asked = await driver.until_phase(JourneyPhase.AWAITING_APPROVAL)
        await driver.approve(asked.pending_approval)
        await driver.result()
    contacts = await floor.records.interactions.of_lead(LEAD, before=FAR)
    assert [(c.kind, c.channel, c.rep_id) for c in contacts] == [(InteractionKind.CALL_ATTEMPTED, Channel.PHONE, "ana")]


@pytest.mark.parametrize("by_reply", [True, False], ids=["in a reply", "by signal"])
async def test_a_no_ends_the_journey_within_that_event(
    skipping: WorkflowEnvironment, floor: Floor, *, by_reply: bool
) -> None:
    async with journey(skipping, floor, Scripted(SEND.action, send_in=timedelta(days=3))) as driver:
        await driver.accept()
        await driver.until_phase(JourneyPhase.WAITING)
        await (driver.reply(opt_out=True) if by_reply else driver.handle.signal(names.OPTED_OUT))
        result = await driver.result()
        state = await driver.state()
        history = (await driver.handle.fetch_history()).events
    assert (result.reason, result.sent, floor.mails()) == (CloseReason.OPTED_OUT, 0, [])
    assert state.phase is JourneyPhase.CLOSED
    told = max(e.event_id for e in history if e.HasField("workflow_execution_signaled_event_attributes"))
    scheduled = [
        e.activity_task_scheduled_event_attributes.activity_type.name
        for e in history
        if e.event_id > told and e.HasField("activity_task_scheduled_event_attributes")
    ]
    assert scheduled == [names.WITHDRAW_CONSENT]


async def test_a_no_withdraws_every_consent_that_still_stands(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, SEND) as driver:
        await driver.until_phase(JourneyPhase.OFFERED)
        await driver.handle.signal(names.OPTED_OUT)
        await driver.result()
    events = await floor.records.consents.of_lead(LEAD)
    assert not any(has_consent(events, channel, Purpose.MARKETING, now=FAR) for channel in Channel)
    assert events[-1].source == "journey"


async def test_a_no_after_another_end_has_the_last_word(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, SEND) as driver:
        await driver.accept()
        await driver.until_phase(JourneyPhase.WAITING)
        await driver.reply()
        await driver.handle.signal(names.OPTED_OUT)
        result = await driver.result()
    assert result.reason is CloseReason.OPTED_OUT


async def test_stop_ends_the_journey(skipping: WorkflowEnvironment, floor: Floor) -> None:
    async with journey(skipping, floor, SEND) as driver:
        await driver.accept()
        result = await driver.end()
    assert result.reason is CloseReason.STOPPED
