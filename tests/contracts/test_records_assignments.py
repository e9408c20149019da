from datetime import UTC, datetime, timedelta

from domain.events import Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_assignment(lead: str, rep: str | None, *, minute: int = 0) -> AssignmentRecord:
    return AssignmentRecord(
        id=f"{lead}-{rep}-{minute}",
        lead_id=lead,
        rep_id=rep,
        at=NOON + timedelta(minutes=minute),
        by="matcher",
        decision_id="match-1",
        reason="best fit",
    )


async def save_leads(records: Records, market: str, *ids: str) -> None:
    for id_ in ids:
        await records.leads.save(Lead(id=id_, market=market, created_at=NOON, source="web"), at=NOON)


async def test_a_lead_never_assigned_has_no_assignment(records: Records):
    assert await records.assignments.current("lead-1") is None


async def test_an_assignment_is_recorded_once(records: Records):
    given = an_assignment("lead-1", "rep-1")
    assert [await records.assignments.record(given) for _ in range(2)] == [True, False]
    assert await records.assignments.current("lead-1") == given


async def test_the_newest_assignment_is_the_current_one(records: Records):
    for rep, minute in (("rep-2", 5), ("rep-1", 0), (None, 9)):
        await records.assignments.record(an_assignment("lead-1", rep, minute=minute))
    assert await records.assignments.current("lead-1") == an_assignment("lead-1", None, minute=9)


async def test_of_two_assignments_at_one_moment_the_later_record_is_current(records: Records):
    for rep in ("rep-2", "rep-1"):
        await records.assignments.record(an_assignment("lead-1", rep))
    assert (await records.assignments.current("lead-1")).rep_id == "rep-1"


async def test_the_first_assignment_is_the_oldest_to_a_rep(records: Records):
    for lead, rep, minute in (("l-1", None, 0), ("l-1", "rep-2", 5), ("l-1", "rep-1", 3), ("l-2", None, 1)):
        await records.assignments.record(an_assignment(lead, rep, minute=minute))
    for rep in ("rep-4", "rep-3"):
        await records.assignments.record(an_assignment("l-3", rep, minute=2))
    asked = ["l-1", "l-2", "l-3", "nobody", *(f"many-{n}" for n in range(2_500))]
    found = await records.assignments.first_of(asked)
    assert {lead: each.rep_id for lead, each in found.items()} == {"l-1": "rep-1", "l-3": "rep-4"}


async def test_open_leads_are_counted_for_the_rep_who_has_them_now(records: Records):
    await save_leads(records, "roofing", "moved", "kept", "pooled", "won")
    await save_leads(records, "real_estate", "elsewhere")
    for lead, rep, minute in (
        ("moved", "rep-1", 0),
        ("moved", "rep-2", 1),
        ("kept", "rep-2", 0),
        ("pooled", "rep-1", 0),
        ("pooled", None, 1),
        ("won", "rep-2", 0),
        ("elsewhere", "rep-2", 0),
    ):
        await records.assignments.record(an_assignment(lead, rep, minute=minute))
    await records.outcomes.record(Outcome(lead_id="won", kind=OutcomeKind.WON, at=NOON))
    assert dict(await records.assignments.open_counts("roofing")) == {"rep-2": 2}
