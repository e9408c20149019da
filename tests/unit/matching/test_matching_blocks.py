"""Leads that nobody may take never keep others out, however many wait or are on offer before them."""

import pytest

from domain.routing import PoolEntry
from records.leads import write_leads
from records.people import write_reps
from tools.matching.balancing import MOST_AT_ONCE, Balancer
from tools.matching.desk import MatchingDesk

N_BARRED = 600


@pytest.fixture
def fill(make, floor, open_floor):
    """Store many leads at once, and the reps; return the balancer."""

    async def stored(leads, reps, *, at_once=MOST_AT_ONCE, **rules):
        tool = await open_floor(**rules)
        async with floor.records.bulk.database.writing() as connection:
            await write_reps(connection, reps)
            await write_leads(connection, leads, at=make.now)
        return Balancer(MatchingDesk(tool), at_once=at_once)

    return stored


@pytest.fixture
def wait(make, floor):
    """Let leads wait, in order."""

    async def put(leads):
        entries = [
            PoolEntry(lead_id=lead.id, market="roofing", since=make.now, deadline=make.now, owner="boss", reason="full")
            for lead in leads
        ]
        await floor.records.pool.put(entries)

    return put


def _barred(make, n=N_BARRED):
    return [make.lead(f"barred-{i:03}", region="far") for i in range(n)]


def _open(make, n=5):
    return [make.lead(f"open-{i}", region="near") for i in range(n)]


async def test_waiting_leads_that_nobody_may_take_keep_nobody_waiting(make, floor, fill, wait):
    barred, others = _barred(make), _open(make)
    balancer = await fill([*barred, *others], [make.rep(regions=("near",))])
    await wait([*barred, *others])
    said = await balancer.balance("roofing", moves=False, apply=False, key="b")
    swept = await balancer.sweep("roofing", key="s")
    everybody = {lead.id for lead in others}
    assert {each.lead_id for each in said.handed} == {each.lead_id for each in swept.handed} == everybody
    assert (swept.waiting, swept.next_at) == (N_BARRED, None)
    assert {lead_id for lead_ids, _ in floor.scored for lead_id in lead_ids} == everybody


async def test_waiting_leads_are_looked_at_batch_after_batch_while_places_are_left(make, floor, fill, wait):
    leads = _open(make, 8)
    balancer = await fill(leads, [make.rep(capacity=5)], at_once=2)
    await wait(leads)
    said = await balancer.balance("roofing", moves=False, apply=False, key="b")
    swept = await balancer.sweep("roofing", key="s")
    first = {lead.id for lead in leads[:5]}
    assert ({each.lead_id for each in said.handed}, said.waiting) == (first, 3)
    assert ({each.lead_id for each in swept.handed}, swept.waiting) == (first, 3)
    assert await floor.load() == {"rep-1": 5}


async def test_leads_that_may_not_take_a_reserved_place_do_not_keep_a_vip_from_it(make, floor, fill, wait):
    leads = _open(make, 4)
    floor.values = {lead.id: 100.0 for lead in leads} | {"vip": 10_000.0}
    vip = make.lead("vip", region="near")
    balancer = await fill([*leads, vip], [make.rep(capacity=1)], at_once=2, vip_value=500.0, vip_reserve=0.999)
    await floor.records.reps.save(make.rep(capacity=2))
    await floor.records.assignments.record(make.assignment("has it", "rep-1"))
    await floor.records.leads.save(make.lead("has it"), at=make.now)
    await wait([*leads, vip])
    swept = await balancer.sweep("roofing", key="s")
    assert ([each.lead_id for each in swept.handed], swept.waiting) == (["vip"], 4)


async def test_offered_leads_that_only_their_rep_may_take_do_not_keep_others_from_moving(make, floor, fill):
    barred, others = _barred(make), _open(make, 40)
    balancer = await fill([*barred, *others], [make.rep("a", capacity=640)])
    given = [make.assignment(lead.id, "a", by="matcher") for lead in [*barred, *others]]
    await floor.records.capacity.hand_over(given, {"a": 640})
    await floor.records.reps.save(make.rep("b", capacity=640, regions=("near",)))
    said = await balancer.balance("roofing", moves=True, apply=False, key="b")
    done = await balancer.balance("roofing", moves=True, apply=True, key="b")
    assert {each.lead_id for each in said.moves} == {each.lead_id for each in done.moves} == {x.id for x in others}
    assert await floor.load() == {"a": 600, "b": 40}


@pytest.mark.parametrize("at_once", [3, 500])
async def test_load_is_as_even_after_many_batches_as_after_one(make, floor, fill, at_once):
    leads = _open(make, 12)
    balancer = await fill(leads, [make.rep("a", capacity=12)], at_once=at_once)
    given = [make.assignment(lead.id, "a", by="matcher") for lead in leads]
    await floor.records.capacity.hand_over(given, {"a": 12})
    await floor.records.reps.save(make.rep("b", capacity=12))
    await balancer.balance("roofing", moves=True, apply=True, key="b")
    assert await floor.load() == {"a": 6, "b": 6}
