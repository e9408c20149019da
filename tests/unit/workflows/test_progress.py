from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ConflictError
from domain.journeys import Approval, JourneyPhase, JourneySettings, JourneyState, RepAnswer, RepChanged
from domain.scores import Temperature
from domain.values import LeadId, RepId
from workflows import progress

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SPANS = st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400))


def state(phase: JourneyPhase, rep: str | None = "ana", pending: str | None = None) -> JourneyState:
    return JourneyState(
        lead_id=LeadId("lead-1"),
        phase=phase,
        step=1,
        rep_id=None if rep is None else RepId(rep),
        pending_approval=pending,
    )


def answer(rep: str = "ana", *, accepted: bool = True) -> RepAnswer:
    return RepAnswer(rep_id=RepId(rep), accepted=accepted)


@given(
    until=SPANS,
    left=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)),
    scale=st.floats(1e-9, 1.0),
)
@settings(max_examples=80)
def test_a_pause_is_never_negative_and_never_past_the_deadline(until: timedelta, left: timedelta, scale: float) -> None:
    length = progress.pause(NOW + until, now=NOW, deadline=NOW + left, time_scale=scale)
    assert timedelta(0) <= length <= left


def test_a_pause_is_as_long_as_asked_for_at_scale_one() -> None:
    length = progress.pause(NOW + timedelta(days=2), now=NOW, deadline=NOW + timedelta(days=60), time_scale=1.0)
    assert length == timedelta(days=2)


def test_a_pause_shrinks_with_the_scale() -> None:
    length = progress.pause(NOW + timedelta(days=2), now=NOW, deadline=NOW + timedelta(days=60), time_scale=0.5)
    assert length == timedelta(days=1)


def test_the_key_of_a_journey_is_the_same_in_every_run_and_another_for_another_journey() -> None:
    keys = [progress.journey_key(LeadId("lead-1"), run) for run in ("run-1", "run-1", "run-2")]
    assert keys[0] == keys[1] != keys[2]


@given(lead=st.text(min_size=1, max_size=200))
@settings(max_examples=50)
def test_the_key_of_a_journey_leaves_room_for_the_step(lead: str) -> None:
    assert len(progress.journey_key(LeadId(lead), "run")) <= 150


def test_the_log_keeps_the_newest_lines() -> None:
    noted = state(JourneyPhase.ARRIVED)
    for number in range(progress.LOG_LENGTH + 5):
        noted = progress.noted(noted, f"line {number}", at=NOW)
    assert len(noted.log) == progress.LOG_LENGTH
    assert noted.log[-1] == f"2026-03-02 09:30:00 line {progress.LOG_LENGTH + 4}"


def test_a_yes_starts_the_follow_up() -> None:
    assert progress.answered(state(JourneyPhase.OFFERED), answer()) == state(JourneyPhase.FOLLOWING_UP)


def test_a_no_leaves_the_lead_without_a_rep() -> None:
    assert progress.answered(state(JourneyPhase.OFFERED), answer(accepted=False)) == state(JourneyPhase.ARRIVED, None)


def test_the_rep_who_has_the_offer_may_answer() -> None:
    progress.check_answer(state(JourneyPhase.OFFERED), answer())


@pytest.mark.parametrize("phase", [phase for phase in JourneyPhase if phase is not JourneyPhase.OFFERED])
def test_an_answer_without_an_offer_is_refused(phase: JourneyPhase) -> None:
    with pytest.raises(ConflictError, match="is not on offer"):
        progress.check_answer(state(phase), answer())


def test_an_answer_of_another_rep_is_refused() -> None:
    with pytest.raises(ConflictError, match="to rep 'ana', not to 'ben'"):
        progress.check_answer(state(JourneyPhase.OFFERED), answer("ben"))


def test_the_approval_of_the_waiting_message_is_taken() -> None:
    progress.check_approval(
        state(JourneyPhase.AWAITING_APPROVAL, pending="k"), Approval(key="k", approved=True, by="ana")
    )


@pytest.mark.parametrize("pending", [None, "other"])
def test_an_approval_of_a_message_that_does_not_wait_is_refused(pending: str | None) -> None:
    with pytest.raises(ConflictError, match="waits for approval"):
        progress.check_approval(
            state(JourneyPhase.AWAITING_APPROVAL, pending=pending), Approval(key="k", approved=True, by="ana")
        )


@pytest.mark.parametrize(
    ("temperature", "seconds"), [(Temperature.HOT, 120), (Temperature.WARM, 86_400), (None, 86_400)]
)
def test_a_hot_lead_is_offered_for_two_minutes(temperature: Temperature | None, seconds: int) -> None:
    assert progress.offer_time(JourneySettings(), temperature) == timedelta(seconds=seconds)


SEARCHING = (JourneyPhase.ARRIVED, JourneyPhase.OFFERED, JourneyPhase.POOLED)
FOLLOWING = (JourneyPhase.FOLLOWING_UP, JourneyPhase.AWAITING_APPROVAL, JourneyPhase.WAITING)


def changed(rep: str | None, *, decided: bool) -> RepChanged:
    return RepChanged(rep_id=None if rep is None else RepId(rep), by="boss", decided=decided)


@pytest.mark.parametrize("phase", SEARCHING)
def test_the_rep_whom_a_manager_chose_ends_the_search(phase: JourneyPhase) -> None:
    after = progress.rerouted(state(phase, rep=None), changed("ben", decided=True))
    assert (after.phase, after.rep_id) == (JourneyPhase.FOLLOWING_UP, "ben")


@pytest.mark.parametrize("phase", FOLLOWING)
def test_a_follow_up_goes_on_with_the_rep_whom_a_manager_chose(phase: JourneyPhase) -> None:
    after = progress.rerouted(state(phase), changed("ben", decided=True))
    assert (after.phase, after.rep_id) == (phase, "ben")


@pytest.mark.parametrize("decided", [True, False])
@pytest.mark.parametrize("phase", SEARCHING)
def test_a_lead_taken_back_while_a_rep_is_sought_is_offered_to_nobody(phase: JourneyPhase, *, decided: bool) -> None:
    after = progress.rerouted(state(phase), changed(None, decided=decided))
    assert (after.phase, after.rep_id) == (JourneyPhase.ARRIVED, None)


@pytest.mark.parametrize("phase", FOLLOWING)
def test_a_lead_that_the_matcher_moved_needs_the_new_reps_yes(phase: JourneyPhase) -> None:
    after = progress.rerouted(state(phase), changed("ben", decided=False))
    assert (after.phase, after.rep_id) == (phase, None)


@pytest.mark.parametrize("phase", [JourneyPhase.OFFERED, *FOLLOWING])
def test_to_be_moved_to_the_rep_who_has_it_changes_nothing(phase: JourneyPhase) -> None:
    before = state(phase)
    assert progress.rerouted(before, changed("ana", decided=False)) == before
