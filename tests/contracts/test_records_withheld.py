"""Leads that are given to nobody by themselves: their person refused everything, or somebody stopped their journey."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.events import Channel, ConsentEvent, Purpose
from domain.matches import AssignmentRecord
from domain.people import Lead
from domain.routing import STOPPED_BY, PoolEntry
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL, MAIL, SMS = None, Channel.EMAIL, Channel.SMS
MARKETING, SERVICE = Purpose.MARKETING, Purpose.SERVICE


def said(minute: int, *, yes: bool, channel: Channel | None, purpose: Purpose = MARKETING, **changes) -> ConsentEvent:
    return ConsentEvent(
        id=f"{minute}-{yes}-{channel}-{purpose}",
        lead_id="lead-1",
        channel=channel,
        purpose=purpose,
        granted=yes,
        at=NOON + timedelta(minutes=minute),
        source="form",
        **changes,
    )


def given(minute: int, rep: str | None, *, by: str = "matcher") -> AssignmentRecord:
    at = NOON + timedelta(minutes=minute)
    return AssignmentRecord(id=f"{minute}-{by}", lead_id="lead-1", rep_id=rep, at=at, by=by)


async def lists(records: Records) -> list[bool]:
    """Say whether the lead waits, whether it may be assigned with all others, and whether it is free of a hold."""
    waiting = await records.pool.waiting("roofing")
    unassigned = await records.routed_leads.unassigned("roofing", limit=10)
    held = await records.routed_leads.withheld(["lead-1", *(f"many-{n}" for n in range(1_500))])
    return ["lead-1" in {entry.lead_id for entry in waiting}, "lead-1" in unassigned, "lead-1" not in held]


@pytest.fixture
async def waiting(records: Records) -> Records:
    for lead in ("lead-1", "other"):
        await records.leads.save(Lead(id=lead, market="roofing", created_at=NOON, source="web"), at=NOON)
        entry = {"lead_id": lead, "market": "roofing", "since": NOON, "deadline": NOON, "owner": "boss", "reason": ""}
        await records.pool.put([PoolEntry(**entry)])
    return records


@pytest.mark.parametrize(
    "events",
    [
        [],
        [said(1, yes=True, channel=MAIL)],
        [said(1, yes=True, channel=ALL), said(2, yes=False, channel=MAIL)],
        [said(1, yes=False, channel=MAIL)],
        [said(1, yes=False, channel=ALL), said(2, yes=True, channel=SMS)],
        [said(1, yes=False, channel=ALL), said(1, yes=True, channel=MAIL, purpose=SERVICE)],
        [said(1, yes=False, channel=ALL), said(2, yes=True, channel=MAIL, expires_at=NOON + timedelta(minutes=3))],
    ],
    ids=["nothing said", "yes", "no to one channel", "no to mail, never yes", "yes since", "service", "ran out"],
)
async def test_a_lead_that_did_not_refuse_everything_is_routed(waiting: Records, events: list[ConsentEvent]):
    for event in events:
        await waiting.consents.record(event)
    assert await lists(waiting) == [True, True, True]


@pytest.mark.parametrize(
    "events",
    [
        [said(1, yes=False, channel=ALL)],
        [said(1, yes=True, channel=MAIL), said(1, yes=False, channel=ALL)],
        [said(1, yes=True, channel=ALL), said(2, yes=False, channel=ALL)],
        [said(1, yes=False, channel=ALL), said(2, yes=True, channel=SMS), said(3, yes=False, channel=SMS)],
        [
            said(1, yes=True, channel=MAIL, purpose=SERVICE),
            said(2, yes=False, channel=ALL),
            said(2, yes=False, channel=ALL, purpose=SERVICE),
        ],
    ],
    ids=["never yes", "at the same moment", "after yes", "yes and no again", "both purposes"],
)
async def test_a_lead_that_refused_everything_is_withheld(waiting: Records, events: list[ConsentEvent]):
    for event in events:
        await waiting.consents.record(event)
    assert await lists(waiting) == [False, False, False]
    assert [entry.lead_id for entry in await waiting.pool.waiting("roofing")] == ["other"]


async def test_a_lead_on_offer_that_refused_everything_counts_as_answered(waiting: Records):
    await waiting.assignments.record(given(1, "ana"))
    assert await waiting.routed_leads.unanswered("roofing") == (given(1, "ana"),)
    await waiting.consents.record(said(2, yes=False, channel=ALL))
    assert await waiting.routed_leads.unanswered("roofing") == ()


async def test_a_stopped_lead_is_withheld_until_somebody_gives_it_to_a_rep(waiting: Records):
    await waiting.assignments.record(given(1, "ana"))
    await waiting.assignments.record(given(2, None, by=STOPPED_BY))
    stopped = await lists(waiting)
    await waiting.assignments.record(given(3, "ben", by="manager"))
    await waiting.assignments.record(given(4, None, by="rep"))
    assert (stopped, await lists(waiting)) == ([False, False, False], [True, True, True])
