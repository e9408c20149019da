from datetime import timedelta

from agents.steps import conclude_closed, conclude_with_message, conclude_without_message, is_reachable
from domain.events import Channel, ConsentEvent, Outcome, OutcomeKind
from domain.journeys import Draft, StepAction
from tests.doubles.samples import LEAD_ID, NOW, a_nudge, a_score, a_wait, an_action

DRAFT = Draft(body="Hello", written_by="offline")


def consent(*, granted: bool, days_ago: int) -> ConsentEvent:
    at = NOW - timedelta(days=days_ago)
    return ConsentEvent(
        id=f"c{days_ago}", lead_id=LEAD_ID, channel=Channel.EMAIL, granted=granted, at=at, source="form"
    )


def test_a_lead_that_has_ended_stops_the_journey():
    step = conclude_closed(Outcome(lead_id=LEAD_ID, kind=OutcomeKind.WON, at=NOW), now=NOW)
    assert (step.action, step.reason) == (StepAction.STOP, "the lead is won already")


def test_waiting_looks_again_at_the_moment_planned():
    step = conclude_without_message(a_nudge(a_wait()), a_score(), reachable=True)
    assert step is not None
    assert (step.action, step.wake_at) == (StepAction.WAIT, NOW + timedelta(hours=18))


def test_waiting_with_no_consent_and_nothing_else_to_do_stops():
    step = conclude_without_message(a_nudge(a_wait(), options=("wait",)), a_score(), reachable=False)
    assert step is not None
    assert step.action == StepAction.STOP


def test_waiting_stays_waiting_while_another_action_is_possible():
    step = conclude_without_message(a_nudge(a_wait(), options=("call", "wait")), a_score(), reachable=False)
    assert step is not None
    assert step.action == StepAction.WAIT


def test_an_action_with_a_message_is_not_concluded_without_one():
    assert conclude_without_message(a_nudge(), a_score(), reachable=True) is None


def test_a_message_that_passed_is_sent_and_looked_after_later():
    step = conclude_with_message(a_nudge(), a_score(), DRAFT, passed=True)
    assert (step.action, step.send_at, step.wake_at) == (
        StepAction.SEND,
        NOW + timedelta(hours=18),
        NOW + timedelta(hours=18 + 72),
    )


def test_a_message_that_failed_the_review_goes_to_a_person():
    assert conclude_with_message(a_nudge(), a_score(), DRAFT, passed=False).action == StepAction.ASK_HUMAN


def test_an_action_for_people_goes_to_a_person():
    nudge = a_nudge(an_action("call", channel=Channel.PHONE, needs_human=True))
    assert conclude_with_message(nudge, a_score(), DRAFT, passed=True).action == StepAction.ASK_HUMAN


def test_a_withdrawn_consent_leaves_a_lead_unreachable():
    assert is_reachable((consent(granted=True, days_ago=3),), now=NOW) is True
    assert is_reachable((consent(granted=True, days_ago=3), consent(granted=False, days_ago=1)), now=NOW) is False
