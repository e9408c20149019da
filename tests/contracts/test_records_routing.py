"""What routing keeps: presence, rejections, overrides, the pool, and what it reads of leads; the same on every back end."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InvalidInputError
from domain.events import Interaction, InteractionKind, Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead, RejectReason, Rep
from domain.routing import Kin, Kinship, LeadRejection, MatchOverride, PoolEntry, Presence, RepAvailability
from domain.values import Place
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def an_entry(n: int, rep: str = "ana", presence: Presence = Presence.OFFLINE, **changes) -> RepAvailability:
    values = {
        "id": f"e-{rep}-{n}",
        "rep_id": rep,
        "presence": presence,
        "since": NOON,
        "at": NOON + n * HOUR,
        "by": "m",
    }
    return RepAvailability(**{**values, **changes})


def a_rejection(n: int, **changes) -> LeadRejection:
    values = {"id": f"r-{n}", "lead_id": "l-1", "rep_id": "ana", "reason": RejectReason.WRONG_PRODUCT, "note": "no"}
    return LeadRejection(**{**values, "at": NOON + n * HOUR, "decision_id": "d-1", **changes})


def an_override(n: int, **changes) -> MatchOverride:
    values = {"id": f"o-{n}", "lead_id": "l-1", "from_rep_id": "ana", "rep_id": "ben", "reason": "knows her"}
    return MatchOverride(**{**values, "at": NOON + n * HOUR, "by": "boss", **changes})


def a_wait(lead: str, *, hours: float = 1, **changes) -> PoolEntry:
    values = {"lead_id": lead, "market": "roofing", "since": NOON, "owner": "boss", "reason": "all full"}
    return PoolEntry(**{**values, "deadline": NOON + hours * HOUR, "decision_id": "d-1", **changes})


def given(lead: str, rep: str | None, *, minute: int = 0, by: str = "matcher") -> AssignmentRecord:
    at = NOON + timedelta(minutes=minute)
    return AssignmentRecord(id=f"{lead}-{rep}-{minute}", lead_id=lead, rep_id=rep, at=at, by=by)


async def save_leads(records: Records, *ids: str, **facts) -> None:
    for id_ in ids:
        await records.leads.save(
            Lead(**{"id": id_, "market": "roofing", "created_at": NOON, "source": "web", **facts}), at=NOON
        )


async def save_reps(records: Records, *ids: str) -> None:
    for id_ in ids:
        await records.reps.save(Rep(id=id_, market="roofing", name=id_))


async def test_where_a_rep_starts_from_is_kept(records: Records):
    rep = Rep(id="ana", market="roofing", name="Ana", place=Place(latitude=30.27, longitude=-97.74))
    await records.reps.save(rep)
    assert await records.reps.get("ana") == rep


async def test_entries_about_a_rep_come_back_in_order_of_recording(records: Records):
    for entry in (an_entry(2), an_entry(1), an_entry(3), an_entry(1, "ben")):
        assert await records.availability.record(entry)
    assert not await records.availability.record(an_entry(1, reason="changed"))
    assert await records.availability.of_rep("ana") == (an_entry(1), an_entry(2), an_entry(3))
    assert await records.availability.of_rep("ana", limit=2) == (an_entry(2), an_entry(3))


async def test_the_newest_entry_that_covers_a_moment_is_in_force(records: Records):
    await save_reps(records, "ana", "ben", "cleo", "dan")
    await records.reps.save(Rep(id="eve", market="real_estate", name="eve"))
    holiday = an_entry(1, "ben", Presence.AWAY, since=NOON + 5 * HOUR, until=NOON + 9 * HOUR)
    back = an_entry(2, "cleo", Presence.AVAILABLE, since=NOON + 2 * HOUR)
    for entry in (an_entry(0), holiday, an_entry(0, "cleo"), back, an_entry(0, "eve")):
        await records.availability.record(entry)
    at_one = await records.availability.in_force("roofing", at=NOON + HOUR)
    at_six = await records.availability.in_force("roofing", at=NOON + 6 * HOUR)
    at_nine = await records.availability.in_force("roofing", at=NOON + 9 * HOUR)
    assert dict(at_one) == {"ana": an_entry(0), "cleo": an_entry(0, "cleo")}
    assert dict(at_six) == {"ana": an_entry(0), "ben": holiday, "cleo": back}
    assert dict(at_nine) == {"ana": an_entry(0), "cleo": back}


async def test_the_next_moment_at_which_presence_changes_is_known(records: Records):
    await save_reps(records, "ana", "ben")
    for entry in (an_entry(0), an_entry(1, "ben", since=NOON + 5 * HOUR, until=NOON + 9 * HOUR)):
        await records.availability.record(entry)
    afterwards = [await records.availability.next_change("roofing", after=NOON + n * HOUR) for n in (0, 5, 9)]
    assert afterwards == [NOON + 5 * HOUR, NOON + 9 * HOUR, None]


async def test_of_two_entries_of_one_moment_the_later_record_counts(records: Records):
    await save_reps(records, "ana")
    for entry in (an_entry(0, id="first"), an_entry(0, presence=Presence.AVAILABLE, id="second")):
        await records.availability.record(entry)
    assert (await records.availability.in_force("roofing", at=NOON))["ana"].id == "second"


async def test_rejections_are_found_by_lead_and_for_many_leads(records: Records):
    for rejection in (a_rejection(2), a_rejection(1), a_rejection(3, lead_id="l-2")):
        assert await records.rejections.record(rejection)
    assert not await records.rejections.record(a_rejection(1, note="other"))
    assert await records.rejections.of_lead("l-1") == (a_rejection(1), a_rejection(2))
    many = ["l-1", "l-2", "nobody", *(f"many-{n}" for n in range(2_500))]
    found = await records.rejections.of_leads(many)
    assert dict(found) == {"l-1": (a_rejection(1), a_rejection(2)), "l-2": (a_rejection(3, lead_id="l-2"),)}


async def test_rejections_of_a_period_are_counted_by_rep_product_and_reason(records: Records):
    await save_leads(records, "l-1", "l-2", product_id="tiles")
    await save_leads(records, "l-3")
    await save_leads(records, "elsewhere", market="real_estate")
    for rejection in (
        a_rejection(0),
        a_rejection(1, lead_id="l-2"),
        a_rejection(2, lead_id="l-3", reason=RejectReason.BAD_DATA),
        a_rejection(3, lead_id="elsewhere"),
        a_rejection(9),
    ):
        await records.rejections.record(rejection)
    counts = await records.rejections.counts("roofing", since=NOON, before=NOON + 9 * HOUR)
    assert dict(counts) == {("ana", "tiles", RejectReason.WRONG_PRODUCT): 2, ("ana", None, RejectReason.BAD_DATA): 1}


async def test_overrides_are_found_by_lead_and_by_period(records: Records):
    await save_leads(records, "l-1", "l-2")
    into_pool = an_override(3, lead_id="l-2", rep_id=None, from_rep_id=None)
    for override in (an_override(2), an_override(1), into_pool):
        assert await records.match_overrides.record(override)
    assert not await records.match_overrides.record(an_override(1, reason="other"))
    assert await records.match_overrides.of_lead("l-1") == (an_override(1), an_override(2))
    found = await records.match_overrides.in_market("roofing", since=NOON + 2 * HOUR, before=NOON + 4 * HOUR)
    assert found == (an_override(2), into_pool)


async def test_a_naive_moment_is_refused(records: Records):
    with pytest.raises(InvalidInputError, match="no time zone"):
        await records.availability.in_force("roofing", at=NOON.replace(tzinfo=None))


async def test_the_pool_lists_the_earliest_deadline_first(records: Records):
    assert await records.pool.put([a_wait("l-1", hours=3), a_wait("l-2"), a_wait("l-3", market="real_estate")]) == 3
    assert await records.pool.waiting("roofing") == (a_wait("l-2"), a_wait("l-1", hours=3))


async def test_a_lead_that_waits_keeps_its_deadline_when_it_is_put_again(records: Records):
    await records.pool.put([a_wait("l-1")])
    again = a_wait("l-1", since=NOON + HOUR, hours=9, owner="other", reason="still full", decision_id="d-2")
    assert await records.pool.put([again]) == 0
    assert await records.pool.waiting("roofing") == (a_wait("l-1", reason="still full", decision_id="d-2"),)


async def test_a_lead_taken_out_or_ended_waits_no_more(records: Records):
    await records.pool.put([a_wait("l-1"), a_wait("l-2"), a_wait("l-3")])
    await records.outcomes.record(Outcome(lead_id="l-2", kind=OutcomeKind.LOST, at=NOON))
    assert await records.pool.take_out(["l-1", "nobody"]) == 1
    assert await records.pool.waiting("roofing") == (a_wait("l-3"),)


async def test_leads_are_read_many_at_once(records: Records):
    await save_leads(records, "l-1", "l-2")
    found = await records.routed_leads.get_many(["l-2", "nobody", "l-1", *(f"many-{n}" for n in range(1_500))])
    assert {id_: lead.id for id_, lead in found.items()} == {"l-1": "l-1", "l-2": "l-2"}


async def test_open_leads_that_no_rep_has_are_found_oldest_first(records: Records):
    await save_leads(records, "held", "won", "released", "never")
    await save_leads(records, "old", created_at=NOON - HOUR)
    await save_leads(records, "elsewhere", market="real_estate")
    for each in (given("held", "ana"), given("released", "ana"), given("released", None, minute=1)):
        await records.assignments.record(each)
    await records.outcomes.record(Outcome(lead_id="won", kind=OutcomeKind.WON, at=NOON))
    assert await records.routed_leads.unassigned("roofing", limit=10) == ("old", "never", "released")
    assert await records.routed_leads.unassigned("roofing", limit=1) == ("old",)


async def test_leads_neither_accepted_nor_contacted_are_found(records: Records):
    await save_leads(records, "fresh", "accepted", "contacted", "replied", "managed", "ended")
    for each in (
        *(given(lead, "ana") for lead in ("fresh", "accepted", "contacted", "replied", "ended")),
        given("accepted", "ana", minute=1, by="rep"),
        given("managed", "ana", by="manager"),
    ):
        await records.assignments.record(each)
    kinds = {"contacted": InteractionKind.EMAIL_SENT, "replied": InteractionKind.EMAIL_REPLIED}
    await records.interactions.append(
        [Interaction(id=lead, lead_id=lead, kind=kind, at=NOON + HOUR) for lead, kind in kinds.items()]
    )
    early = Interaction(id="i", lead_id="fresh", kind=InteractionKind.EMAIL_SENT, at=NOON - HOUR)
    await records.interactions.append([early])
    await records.outcomes.record(Outcome(lead_id="ended", kind=OutcomeKind.LOST, at=NOON))
    found = await records.routed_leads.unanswered("roofing")
    assert found == (given("fresh", "ana"), given("replied", "ana"))


async def test_the_open_leads_that_reps_have_are_found(records: Records):
    await save_leads(records, "hers", "his", "moved", "ended")
    for each in (
        *(given(lead, "ana", by="manager") for lead in ("hers", "moved", "ended")),
        given("his", "ben"),
        given("moved", "cleo", minute=1),
    ):
        await records.assignments.record(each)
    await records.outcomes.record(Outcome(lead_id="ended", kind=OutcomeKind.LOST, at=NOON))
    held = await records.routed_leads.held_by(["ana", "ben"])
    assert [(each.lead_id, each.rep_id) for each in held] == [("hers", "ana"), ("his", "ben")]
    assert await records.routed_leads.held_by([]) == ()


async def test_the_newest_assignments_of_many_leads_are_read_at_once(records: Records):
    for each in (given("l-1", "ana"), given("l-1", "ben", minute=1), given("l-2", None)):
        await records.assignments.record(each)
    found = await records.assignments.current_of(["l-1", "l-2", "nobody", *(f"many-{n}" for n in range(2_500))])
    assert found == {"l-1": given("l-1", "ben", minute=1), "l-2": given("l-2", None)}


async def test_kin_are_leads_of_the_same_person_or_company_that_a_rep_has(records: Records):
    await save_leads(records, "mail", email="Jo@Miller.example ", phone="+1 (202) 555-0123")
    await save_leads(records, "free", email="sam@gmail.com")
    await save_leads(records, "unheld", email="kim@other.example")
    await save_leads(records, "lost", email="lee@lost.example")
    await save_leads(records, "elsewhere", email="max@far.example", market="real_estate")
    for lead in ("mail", "free", "lost", "elsewhere"):
        await records.assignments.record(given(lead, "ana"))
    await records.outcomes.record(Outcome(lead_id="lost", kind=OutcomeKind.LOST, at=NOON))
    new = {
        "same mail": {"email": "jo@miller.example"},
        "same phone": {"phone": "1-202-555-0123", "email": "x@unknown.example"},
        "same company": {"email": "ann@miller.example"},
        "same provider": {"email": "kim@gmail.com"},
        "of one nobody has": {"email": "kim@other.example"},
        "of one that was lost": {"email": "lee@lost.example"},
        "of another market": {"email": "max@far.example"},
        "nothing known": {},
    }
    for id_, facts in new.items():
        await save_leads(records, id_, **facts)
    leads = [await records.leads.get(id_) for id_ in (*new, "mail")]
    assert dict(await records.routed_leads.kin_of(leads)) == {
        "same mail": Kin(lead_id="mail", rep_id="ana", kinship=Kinship.EMAIL),
        "same phone": Kin(lead_id="mail", rep_id="ana", kinship=Kinship.PHONE),
        "same company": Kin(lead_id="mail", rep_id="ana", kinship=Kinship.DOMAIN),
    }


async def test_a_company_that_two_reps_have_leads_of_is_nobodys_account(records: Records):
    for id_, rep in (("jo", "ana"), ("kim", "ben")):
        await save_leads(records, id_, email=f"{id_}@miller.example")
        await records.assignments.record(given(id_, rep))
    await save_leads(records, "new", email="lee@miller.example")
    await save_leads(records, "again", email="kim@miller.example")
    leads = [await records.leads.get(id_) for id_ in ("new", "again")]
    assert dict(await records.routed_leads.kin_of(leads)) == {
        "again": Kin(lead_id="kim", rep_id="ben", kinship=Kinship.EMAIL)
    }


async def test_a_lead_whose_address_changed_has_the_kin_of_its_new_one(records: Records):
    await save_leads(records, "l-1", email="jo@old.example")
    await records.assignments.record(given("l-1", "ana"))
    lead = await records.leads.get("l-1")
    await records.leads.save(lead.model_copy(update={"email": "jo@new.example"}), at=NOON + HOUR)
    asked = [
        Lead(id=d, market="roofing", created_at=NOON, source="web", email=f"x@{d}.example") for d in ("old", "new")
    ]
    assert set(await records.routed_leads.kin_of(asked)) == {"new"}


async def test_entries_that_cover_some_moment_of_a_period_are_found_in_order_of_recording(records: Records):
    await save_reps(records, "ana", "ben", "cleo")
    await records.reps.save(Rep(id="eve", market="real_estate", name="eve"))
    over = an_entry(1, "ana", since=NOON - 9 * HOUR, until=NOON)
    until_the_end = an_entry(2, "ana", since=NOON - 9 * HOUR)
    inside = an_entry(0, "ana", since=NOON + HOUR, until=NOON + 2 * HOUR)
    later = an_entry(1, "ben", since=NOON + 5 * HOUR)
    for entry in (over, until_the_end, inside, later, an_entry(0, "eve"), an_entry(4, "cleo")):
        await records.availability.record(entry)
    found = await records.availability.during("roofing", since=NOON, before=NOON + 5 * HOUR)
    assert found == {"ana": (inside, until_the_end), "cleo": (an_entry(4, "cleo"),)}
    with pytest.raises(InvalidInputError):
        await records.availability.during("roofing", since=NOON.replace(tzinfo=None), before=NOON)


async def test_the_assignments_of_leads_open_at_a_moment_come_in_order(records: Records):
    await save_leads(records, "l-1", "ended", "ended-later", "nobody")
    await save_leads(records, "elsewhere", market="real_estate")
    for lead, rep, minute in (
        ("l-1", "ana", 2), ("l-1", None, 5), ("l-1", "ben", 9), ("ended", "ana", 1), ("ended-later", "ana", 5),
        ("elsewhere", "eve", 3),
    ):  # fmt: skip
        await records.assignments.record(given(lead, rep, minute=minute))
    for lead, minute in (("ended", 3), ("ended-later", 6)):
        at = NOON + timedelta(minutes=minute)
        await records.outcomes.record(Outcome(lead_id=lead, kind=OutcomeKind.LOST, at=at))
    since, before = (NOON + timedelta(minutes=minute) for minute in (4, 9))
    log = await records.assignment_log.of_market("roofing", since=since, before=before)
    assert log.rows() == [
        ("l-1", "ana", NOON + timedelta(minutes=2)),
        ("l-1", None, NOON + timedelta(minutes=5)),
        ("ended-later", "ana", NOON + timedelta(minutes=5)),
    ]
    empty = await records.assignment_log.of_market("retail", since=since, before=before)
    assert (empty.height, empty.schema) == (0, log.schema)
    with pytest.raises(InvalidInputError):
        await records.assignment_log.of_market("roofing", since=since, before=before.replace(tzinfo=None))
