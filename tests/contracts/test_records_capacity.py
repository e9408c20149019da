"""Hand-overs never break a capacity, whoever else hands over at the same moment; the same on every back end."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given as over
from hypothesis import strategies as st

from domain.decisions import Decision, DecisionKind
from domain.events import Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead, Rep
from domain.routing import PoolEntry
from records.capacity import which_fit
from records.database import Database, open_database
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def to(rep: str | None, lead: str, *, minute: int = 0, key: str = "") -> AssignmentRecord:
    at = NOON + timedelta(minutes=minute)
    decision = f"d-{lead}-{rep}{key}"
    return AssignmentRecord(
        id=f"{lead}-{rep}-{minute}{key}", lead_id=lead, rep_id=rep, at=at, by="matcher", decision_id=decision
    )


def decision_of(assignment: AssignmentRecord) -> Decision:
    return Decision(
        id=assignment.decision_id,
        kind=DecisionKind.MATCH,
        subject_id=assignment.lead_id,
        at=assignment.at,
        inputs_hash="-",
        chosen=assignment.rep_id,
    )


async def furnish(records: Records, *leads: str) -> None:
    for rep in ("ana", "ben"):
        await records.reps.save(Rep(id=rep, market="roofing", name=rep))
    for lead in leads:
        await records.leads.save(Lead(id=lead, market="roofing", created_at=NOON, source="web"), at=NOON)


def leads_of(assignments) -> list[str]:
    return [each.lead_id for each in assignments]


async def test_what_fits_is_recorded_with_its_decision_and_leaves_the_pool(records: Records):
    await furnish(records, "l-1", "l-2", "l-3")
    waits = [
        PoolEntry(lead_id=lead, market="roofing", since=NOON, deadline=NOON, owner="boss", reason="full")
        for lead in ("l-1", "l-3")
    ]
    await records.pool.put(waits)
    wanted = [to("ana", lead) for lead in ("l-1", "l-2", "l-3")]
    done = await records.capacity.hand_over(wanted, {"ana": 2}, decisions=[decision_of(each) for each in wanted])
    assert leads_of(done) == ["l-1", "l-2"]
    assert dict(await records.assignments.open_counts("roofing")) == {"ana": 2}
    assert leads_of(await records.pool.waiting("roofing")) == ["l-3"]
    assert set(await records.decisions.get_many([each.decision_id for each in wanted])) == {"d-l-1-ana", "d-l-2-ana"}


async def test_open_leads_from_before_take_places_and_ended_ones_do_not(records: Records):
    await furnish(records, "old", "won", "moved", "l-1", "l-2")
    for each in (to("ana", "old"), to("ana", "won"), to("ana", "moved"), to("ben", "moved", minute=1)):
        await records.assignments.record(each)
    await records.outcomes.record(Outcome(lead_id="won", kind=OutcomeKind.WON, at=NOON))
    wanted = [to("ana", "l-1", minute=2), to("ana", "l-2", minute=2)]
    assert leads_of(await records.capacity.hand_over(wanted, {"ana": 2})) == ["l-1"]


async def test_the_same_hand_over_again_changes_nothing(records: Records):
    await furnish(records, "l-1", "l-2")
    first = await records.capacity.hand_over([to("ana", "l-1")], {"ana": 1})
    assert await records.capacity.hand_over([to("ana", "l-1")], {"ana": 1}) == first
    assert await records.capacity.hand_over([to("ana", "l-2")], {"ana": 1}) == ()


async def test_a_lead_given_away_after_the_decision_is_left_where_it_is(records: Records):
    await furnish(records, "l-1")
    await records.assignments.record(to("ben", "l-1", minute=5))
    assert await records.capacity.hand_over([to("ana", "l-1")], {"ana": 5}) == ()
    assert (await records.assignments.current("l-1")).rep_id == "ben"


async def test_a_release_gives_its_place_to_who_comes_with_it(records: Records):
    await furnish(records, "l-1", "l-2")
    await records.assignments.record(to("ana", "l-1"))
    wanted = [to("ana", "l-2", minute=1), to(None, "l-1", minute=1)]
    assert leads_of(await records.capacity.hand_over(wanted, {"ana": 1})) == ["l-2", "l-1"]


async def test_two_full_reps_can_exchange_leads(records: Records):
    await furnish(records, "l-1", "l-2")
    for each in (to("ana", "l-1"), to("ben", "l-2")):
        await records.assignments.record(each)
    wanted = [to("ben", "l-1", minute=1), to("ana", "l-2", minute=1)]
    assert len(await records.capacity.hand_over(wanted, {"ana": 1, "ben": 1})) == 2


async def test_processes_that_hand_over_at_once_never_exceed_a_capacity(database: Database, database_url: str):
    records = Records.over(database)
    leads = [f"l-{n:02}" for n in range(24)]
    await furnish(records, *leads)
    others = [await open_database(database_url) for _ in range(3)]
    keepers = [records.capacity, *(Records.over(other).capacity for other in others)]
    capacities = {"ana": 7, "ben": 5}

    async def hand_over(number: int) -> int:
        mine = leads[number :: len(keepers)]
        batches = [[to("ana", lead), to("ben", other)] for lead, other in zip(mine[::2], mine[1::2], strict=True)]
        return sum([len(await keepers[number].hand_over(batch, capacities)) for batch in batches])

    recorded = await asyncio.gather(*(hand_over(number) for number in range(len(keepers))))
    for other in others:
        await other.close()
    assert sum(recorded) == 12
    assert dict(await records.assignments.open_counts("roofing")) == capacities


REPS = st.sampled_from(["ana", "ben", "cleo", None])


@over(
    before=st.lists(REPS, min_size=6, max_size=6),
    wanted=st.lists(REPS, min_size=6, max_size=6),
    free=st.fixed_dictionaries({rep: st.integers(0, 3) for rep in ("ana", "ben", "cleo")}),
)
def test_no_rep_ends_with_more_than_fits_and_nobody_who_fits_alone_is_refused(before, wanted, free):
    held = Counter(rep for rep in before if rep)
    capacities = {rep: max(held[rep] + free[rep] - 1, 0) for rep in free}
    current = {f"l-{n}": to(rep, f"l-{n}") for n, rep in enumerate(before)}
    asked = [to(rep, f"l-{n}", minute=1) for n, rep in enumerate(wanted)]
    accepted = which_fit(asked, current, held, capacities)
    after = dict(enumerate(before)) | {int(each.lead_id[2:]): each.rep_id for each in accepted}
    load = Counter(rep for rep in after.values() if rep)
    received = {each.rep_id for each in accepted if each.rep_id and current[each.lead_id].rep_id != each.rep_id}
    assert all(load[rep] <= capacities[rep] for rep in received)
    refused = [each for each in asked if each not in accepted]
    assert all(load[each.rep_id] >= capacities[each.rep_id] for each in refused)
