from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import Channel, InteractionKind, Outcome, OutcomeKind
from domain.scores import Temperature
from tools.nudges.catalogue import ContactHours, Fatigue, load_catalogue
from tools.nudges.contacts import Contact, contacts_of, freshness, stage_of
from tools.nudges.eligibility import find_options
from tools.nudges.hours import is_lawful, lawful_moment

ZONES = ["America/Chicago", "Asia/Kolkata", "Pacific/Auckland", "UTC", "America/St_Johns"]
ROOFING = load_catalogue("roofing")


def _rules(situation, catalogue=ROOFING):
    return {e.action_id: e.rule for e in find_options(situation, catalogue)[1]}


def _allowed(situation, catalogue=ROOFING):
    return {option.entry.action.id for option in find_options(situation, catalogue)[0]}


def _contact(make, *, hours, channel=Channel.EMAIL, action="email_followup"):
    return Contact(action, channel, make.now - timedelta(hours=hours))


def test_a_new_hot_lead_who_agreed_may_be_contacted_in_every_way_that_suits_the_opening(make):
    assert _allowed(make.situation()) == {
        "email_intro",
        "email_case_study",
        "email_followup",
        "sms_checkin",
        "call",
        "wait",
    }


def test_without_consent_only_waiting_is_left(make):
    situation = make.situation(consents=())
    assert _allowed(situation) == {"wait"}
    assert set(_rules(situation).values()) == {"consent"}


def test_a_withdrawal_for_one_channel_closes_that_channel(make):
    withdrawn = make.consent(Channel.SMS, granted=False, at=make.now - timedelta(hours=1))
    situation = make.situation(consents=(make.consent(), withdrawn))
    assert _rules(situation)["sms_checkin"] == "consent"
    assert "email_intro" in _allowed(situation)


def test_a_consent_that_expires_before_the_next_opening_does_not_count(make):
    night = make.now + timedelta(hours=12)
    expiring = make.consent(expires_at=night + timedelta(hours=1))
    assert _allowed(make.situation(consents=(expiring,), now=night)) == {"wait"}


def test_a_lead_without_a_phone_gets_no_call_and_no_text(make):
    rules = _rules(make.situation(lead=make.lead(phone=None)))
    assert (rules["call"], rules["sms_checkin"]) == ("address", "address")


def test_a_lead_that_has_ended_is_left_alone(make):
    ended = Outcome(lead_id="lead-1", kind=OutcomeKind.LOST, at=make.now)
    situation = make.situation(outcome=ended)
    assert (_allowed(situation), set(_rules(situation).values())) == ({"wait"}, {"ended"})


def test_a_time_zone_that_does_not_exist_forbids_contact(make):
    situation = make.situation(lead=make.lead(timezone="Mars/Olympus"))
    assert set(_rules(situation).values()) == {"timezone"}


def test_an_action_that_needs_a_person_is_for_leads_worth_one(make):
    assert _rules(make.situation(temperature=Temperature.COLD))["call"] == "temperature"


def test_a_proposal_does_not_open_a_conversation(make):
    assert _rules(make.situation())["proposal"] == "stage"


def test_at_night_an_action_is_postponed_not_refused(make):
    situation = make.situation(now=make.now + timedelta(hours=12))
    options, _ = find_options(situation, ROOFING)
    moments = {o.send_at.astimezone(ZoneInfo("America/Chicago")) for o in options if o.entry.action.id != "wait"}
    assert moments == {datetime(2026, 3, 4, 8, 0, tzinfo=ZoneInfo("America/Chicago"))}


@pytest.mark.parametrize(
    ("hours", "channel", "rule"),
    [
        ((5,), Channel.PHONE, "cap_day"),
        ((30, 60, 90, 120), Channel.PHONE, "cap_week"),
        ((30, 60, 90), Channel.EMAIL, "cap_channel"),
    ],
)
def test_a_frequency_cap_is_named_when_it_is_full(make, hours, channel, rule):
    contacts = tuple(_contact(make, hours=h, channel=channel, action=None) for h in hours)
    assert _rules(make.situation(contacts=contacts))["email_case_study"] == rule


def test_an_action_is_done_at_most_so_often_for_a_lead(make):
    contacts = tuple(_contact(make, hours=24 * 10 * n, action="email_case_study") for n in (1, 2))
    assert _rules(make.situation(contacts=contacts))["email_case_study"] == "max_per_lead"


def test_a_contact_that_has_left_the_window_no_longer_counts(make):
    assert "email_case_study" in _allowed(make.situation(contacts=(_contact(make, hours=24),)))


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(ZoneInfo("UTC")))  # noqa: DTZ001 - Hypothesis adds the zone
contact_logs = st.lists(st.tuples(st.floats(0, 400), st.sampled_from(list(Channel)[:3])), max_size=8)
hours = st.builds(ContactHours, start=st.integers(0, 11), end=st.integers(12, 24), weekends=st.booleans())


@given(moments, st.sampled_from(ZONES), hours)
def test_the_lawful_moment_is_lawful_and_never_in_the_past(now, zone, window):
    moment = lawful_moment(now, ZoneInfo(zone), window)
    assert moment >= now
    assert is_lawful(moment, ZoneInfo(zone), window)


@given(moments, st.sampled_from(ZONES), hours)
def test_no_earlier_whole_hour_would_have_been_lawful(now, zone, window):
    moment = lawful_moment(now, ZoneInfo(zone), window)
    earlier = (now + timedelta(hours=n) for n in range(int((moment - now).total_seconds() // 3600)))
    assert not any(is_lawful(each, ZoneInfo(zone), window) for each in earlier)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(now=moments, log=contact_logs, zone=st.sampled_from(ZONES))
def test_caps_are_never_exceeded_and_no_contact_falls_in_quiet_hours(make, now, log, zone):
    contacts = tuple(Contact(None, channel, now - timedelta(hours=age)) for age, channel in log)
    consents = (make.consent(at=now - timedelta(days=1)),)
    situation = make.situation(lead=make.lead(timezone=zone), contacts=contacts, consents=consents, now=now)
    for option in find_options(situation, ROOFING)[0]:
        if option.entry.action.id == "wait":
            continue
        assert is_lawful(option.send_at, ZoneInfo(zone), ROOFING.contact_hours)
        ages = [(option.send_at - contact.at, contact.channel) for contact in contacts]
        assert sum(age < timedelta(days=1) for age, _ in ages) < ROOFING.caps.per_day
        week = [channel for age, channel in ages if age < timedelta(days=7)]
        assert len(week) < ROOFING.caps.per_week
        channel = option.entry.action.channel
        assert week.count(channel) < ROOFING.caps.per_channel_week[channel]


def test_a_logged_call_and_its_sent_record_are_one_contact(make):
    sent = (("call", "phone", make.now),)
    logged = make.interaction(InteractionKind.CALL_ATTEMPTED, at=make.now + timedelta(minutes=2))
    assert contacts_of(sent, (logged,)) == (Contact("call", Channel.PHONE, make.now),)


def test_what_a_rep_did_by_himself_counts_as_a_contact(make):
    logged = make.interaction(InteractionKind.EMAIL_SENT, attributes={"action_id": "email_intro"})
    assert contacts_of((), (logged,)) == (Contact("email_intro", Channel.EMAIL, logged.at),)


def test_what_the_lead_does_is_no_contact(make):
    assert contacts_of((), (make.interaction(InteractionKind.PAGE_VIEWED),)) == ()


@pytest.mark.parametrize(
    ("kinds", "stage"),
    [
        ((), "opening"),
        (("page_viewed", "email_sent"), "opening"),
        (("email_replied",), "qualification"),
        (("meeting_attended", "email_replied"), "presentation"),
        (("proposal_sent", "objection_raised"), "objection"),
        (("proposal_sent", "objection_raised", "objection_resolved"), "negotiation"),
    ],
)
def test_the_stage_follows_from_what_happened(make, kinds, stage):
    happened = [make.interaction(InteractionKind(kind)) for kind in kinds]
    assert stage_of(happened) == stage


@given(contact_logs)
def test_every_contact_makes_the_next_less_welcome(log):
    now = datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))
    contacts = [Contact(None, channel, now - timedelta(hours=age)) for age, channel in log]
    levels = [freshness(contacts[:n], Fatigue(), now=now) for n in range(len(contacts) + 1)]
    assert levels[0] == 1.0
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] > 0
