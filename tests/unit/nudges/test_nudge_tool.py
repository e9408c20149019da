from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import LeadNotFoundError, UnknownMarketError
from domain.events import Channel, InteractionKind, Outcome, OutcomeKind
from domain.scores import Temperature
from tools.nudges.contacts import Contact
from tools.nudges.planning import plan_nudge
from tools.nudges.recording import replay_nudge, rng_of

fixtures_kept = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _plan(situation, catalogue, counts=None, name="nudge-1"):
    return plan_nudge(situation, catalogue, counts or {}, decision_id=name, rng=rng_of(name)).nudge


async def test_records_the_decision_with_its_propensity(tool, office):
    nudge = await tool.plan_nudge("lead-1", key="step-1")
    decision = office.recorded[nudge.decision_id]
    assert (decision.chosen, decision.propensity) == (nudge.action.id, nudge.propensity)


async def test_the_same_key_gives_the_same_nudge_whatever_happened_since(tool, office):
    first = await tool.plan_nudge("lead-1", key="step-1")
    office.moment += timedelta(days=3)
    office.consented = ()
    assert await tool.plan_nudge("lead-1", key="step-1") == first


async def test_the_same_key_and_facts_give_the_same_nudge_in_another_process(tool, office):
    first = await tool.plan_nudge("lead-1", key="step-1")
    office.recorded.clear()
    assert await tool.plan_nudge("lead-1", key="step-1") == first


async def test_other_keys_are_other_decisions(tool):
    nudges = [await tool.plan_nudge("lead-1", key=f"step-{i}") for i in range(20)]
    assert len({nudge.decision_id for nudge in nudges}) == 20
    assert len({nudge.action.id for nudge in nudges}) > 1


async def test_a_recorded_decision_replays_to_the_same_numbers(tool, office):
    office.results = {"call": (4, 9), "email_intro": (1, 30)}
    for step in range(5):
        nudge = await tool.plan_nudge("lead-1", key=f"step-{step}")
        chosen, propensities = replay_nudge(office.recorded[nudge.decision_id])
        assert chosen == nudge.action.id
        assert propensities == {option.action_id: option.propensity for option in nudge.considered}


async def test_a_decision_of_another_worker_under_the_same_key_stands(tool, office):
    first = await tool.plan_nudge("lead-1", key="step-1")
    office.consented = ()
    office.rivals = dict(office.recorded)
    office.recorded.clear()
    assert await tool.plan_nudge("lead-1", key="step-1") == first


async def test_counts_of_replies_move_the_choice(tool, office):
    office.results = {"sms_checkin": (400, 100)}
    nudge = await tool.plan_nudge("lead-1", key="step-1")
    options = {option.action_id: option for option in nudge.considered}
    assert options["sms_checkin"].propensity > 0.9
    assert options["sms_checkin"].expected_gain == pytest.approx(402 / 509)


async def test_recent_contacts_make_waiting_likelier(tool, office):
    fresh = await tool.plan_nudge("lead-1", key="a")
    office.sent = tuple(("", "phone", office.moment - timedelta(hours=h)) for h in (26, 50, 74))
    tired = await tool.plan_nudge("lead-1", key="b")
    waiting = [{o.action_id: o.propensity for o in n.considered}["wait"] for n in (fresh, tired)]
    assert waiting[0] < waiting[1]


async def test_a_lead_that_has_ended_gets_nothing(tool, office):
    office.ended = Outcome(lead_id="lead-1", kind=OutcomeKind.WON, at=office.moment)
    nudge = await tool.plan_nudge("lead-1", key="k")
    assert (nudge.action.id, nudge.propensity, nudge.reason) == ("wait", 1.0, "Nothing to do: the lead is won.")


async def test_waiting_says_when_to_look_again(tool, office):
    office.consented = ()
    nudge = await tool.plan_nudge("lead-1", key="k")
    assert (nudge.action.id, nudge.send_at) == ("wait", office.moment + timedelta(hours=nudge.action.wait_hours))
    assert nudge.reason == "Wait: no other action is allowed now (consent). Look again in 36 h."


async def test_an_unknown_lead_is_an_error(tool):
    with pytest.raises(LeadNotFoundError, match="'nobody'"):
        await tool.plan_nudge("nobody", key="k")


async def test_a_market_without_a_catalogue_is_an_error(tool, office, make):
    office.lead = make.lead(market="space")
    with pytest.raises(UnknownMarketError, match="'space' is not one of roofing"):
        await tool.plan_nudge("lead-1", key="k")


@fixtures_kept
@given(name=st.text(min_size=1, max_size=12), replies=st.integers(0, 1000), temperature=st.sampled_from(Temperature))
def test_never_nudges_without_consent_whatever_the_score(make, roofing, name, replies, temperature):
    withdrawn = make.consent(granted=False, at=make.now - timedelta(hours=1))
    situation = make.situation(temperature=temperature, consents=(make.consent(), withdrawn))
    counts = {entry.action.id: (replies, 0) for entry in roofing.entries}
    assert _plan(situation, roofing, counts, name).action.id == "wait"


@fixtures_kept
@given(hour=st.integers(0, 24 * 14), name=st.text(min_size=1, max_size=12))
def test_waiting_is_always_eligible_and_propensities_sum_to_one(make, roofing, hour, name):
    contact = Contact("call", Channel.PHONE, make.now)
    situation = make.situation(contacts=(contact,), now=make.now + timedelta(hours=hour))
    nudge = _plan(situation, roofing, name=name)
    options = {option.action_id: option.propensity for option in nudge.considered}
    assert "wait" in options
    assert sum(options.values()) == pytest.approx(1.0)
    assert nudge.propensity == options[nudge.action.id] >= roofing.exploration / len(options)


@fixtures_kept
@given(shuffler=st.randoms(use_true_random=False), name=st.text(min_size=1, max_size=12))
def test_the_order_of_the_catalogue_does_not_matter(make, roofing, shuffler, name):
    entries = list(roofing.entries)
    shuffler.shuffle(entries)
    shuffled = roofing.model_copy(update={"entries": tuple(entries)})
    first, second = _plan(make.situation(), roofing, name=name), _plan(make.situation(), shuffled, name=name)
    assert first.action == second.action
    assert first.considered == second.considered


def test_a_reply_opens_the_way_for_a_proposal_only_later(make, roofing):
    replied = (make.interaction(InteractionKind.EMAIL_REPLIED),)
    presented = (*replied, make.interaction(InteractionKind.MEETING_ATTENDED))
    considered = [
        {option.action_id for option in _plan(make.situation(interactions=i), roofing).considered}
        for i in (replied, presented)
    ]
    assert ["proposal" in ids for ids in considered] == [False, True]
