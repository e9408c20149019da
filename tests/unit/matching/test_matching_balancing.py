"""A market keeps moving: the ways in which other routers are unfair, and what a sweep does about them."""

from datetime import timedelta

import pytest

from domain.events import ConsentEvent, Interaction, InteractionKind, OutcomeKind
from domain.people import RejectReason
from domain.routing import Presence
from tools.matching.balancing import Balancer
from tools.matching.desk import MatchingDesk

HOUR = timedelta(hours=1)


async def _balancer(open_floor, *args, **rules):
    return Balancer(MatchingDesk(await open_floor(*args, **rules)))


async def _say(balancer, rep_id, presence=Presence.OFFLINE, *, key="k", until=None):
    await balancer.desk.set_availability(
        rep_id, presence, since=None, until=until, reason="", by="boss", key=f"{rep_id} {key}"
    )


def _handed(sweep):
    return {each.lead_id: (each.from_rep_id, each.rep_id) for each in sweep.handed}


async def test_a_bulk_insert_one_by_one_and_at_once_spreads_alike(make, floor, open_floor):
    leads = [make.lead(f"lead-{n:02}") for n in range(60)]
    tool = await open_floor(leads, [make.rep(r) for r in ("a", "b", "c", "d")])
    for lead in leads[:28]:
        await tool.assign(lead.id, key="import")
    await tool.assign_batch([lead.id for lead in leads[28:]], key="import")
    assert await floor.load() == {"a": 15, "b": 15, "c": 15, "d": 15}


async def test_inactive_and_offline_reps_get_nothing(make, floor, open_floor):
    leads = [make.lead(f"lead-{n}") for n in range(6)]
    balancer = await _balancer(open_floor, leads, [make.rep("a"), make.rep("b", active=False), make.rep("c")])
    await _say(balancer, "c")
    await balancer.matcher.assign_batch([lead.id for lead in leads], key="import")
    assert await floor.load() == {"a": 6}


async def test_a_returning_lead_of_an_offline_rep_is_reclaimed_after_the_time_allowed(make, floor, open_floor):
    reps, given = [make.rep("a"), make.rep("b")], [make.assignment("lead-1", "a", by="rep")]
    balancer = await _balancer(open_floor, [make.lead()], reps, given=given, reclaim_after_s=3_600)
    await _say(balancer, "a")
    floor.moment += 0.5 * HOUR
    early = await balancer.matcher.assign("lead-1", key="returns early")
    floor.moment += HOUR
    late = await balancer.matcher.assign("lead-1", key="returns late")
    assert (early.rep_id, late.rep_id) == ("a", "b")


async def test_a_sweep_takes_unanswered_leads_back_from_a_rep_who_is_gone(make, floor, open_floor):
    leads = [make.lead(lead) for lead in ("unanswered", "accepted", "contacted")]
    balancer = await _balancer(open_floor, leads, [make.rep("a")], reclaim_after_s=3_600)
    for lead in leads:
        await balancer.matcher.assign(lead.id, key="k")
    await balancer.desk.accepted("accepted", "a", at=floor.moment, key="j")
    call = Interaction(id="i", lead_id="contacted", kind=InteractionKind.CALL_ATTEMPTED, at=floor.moment)
    await floor.records.interactions.append([call])
    await floor.records.reps.save(make.rep("b"))
    await _say(balancer, "a")
    before = await balancer.sweep("roofing", key="s-1")
    floor.moment = before.next_at
    after = await balancer.sweep("roofing", key="s-2")
    assert (_handed(before), before.next_at) == ({}, make.now + HOUR)
    assert _handed(after) == {"unanswered": ("a", "b")}
    assert await floor.load() == {"a": 2, "b": 1}


async def test_leads_of_a_rep_who_left_are_taken_back_at_once(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead()], [make.rep("a")])
    await balancer.matcher.assign("lead-1", key="k")
    for rep in (make.rep("a", active=False), make.rep("b")):
        await floor.records.reps.save(rep)
    assert _handed(await balancer.sweep("roofing", key="s")) == {"lead-1": ("a", "b")}


async def test_the_pool_drains_when_capacity_frees(make, floor, open_floor):
    leads = [make.lead(f"lead-{n}") for n in range(3)]
    floor.chances = {"lead-0": 0.9}
    balancer = await _balancer(open_floor, leads, [make.rep(capacity=1)])
    await balancer.matcher.assign_batch([lead.id for lead in leads], key="import")
    idle = await balancer.sweep("roofing", key="s-1")
    await floor.end("lead-0")
    swept = await balancer.sweep("roofing", key="s-2")
    assert (idle.handed, idle.waiting) == ((), 2)
    assert ([each.rep_id for each in swept.handed], swept.waiting) == (["rep-1"], 1)


async def test_the_pool_drains_when_a_rep_comes_back_or_may_have_more(make, floor, open_floor):
    leads = [make.lead("lead-1"), make.lead("lead-2")]
    balancer = await _balancer(open_floor, leads, [make.rep("a", capacity=1)])
    await _say(balancer, "a")
    await balancer.matcher.assign_batch(["lead-1", "lead-2"], key="import")
    await _say(balancer, "a", Presence.AVAILABLE, key="back")
    floor.moment += timedelta(seconds=1)
    back = await balancer.sweep("roofing", key="s-1")
    await floor.records.reps.save(make.rep("a", capacity=2))
    raised = await balancer.sweep("roofing", key="s-2")
    assert (len(back.handed), back.waiting, len(raised.handed), raised.waiting) == (1, 1, 1, 0)


async def test_a_sweep_knows_when_the_next_rep_comes_back(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead()], [make.rep("a")], pool_deadline_s=86_400)
    await _say(balancer, "a", Presence.AWAY, until=make.now + 2 * HOUR)
    await balancer.matcher.assign("lead-1", key="k")
    swept = await balancer.sweep("roofing", key="s-1")
    floor.moment = swept.next_at
    assert swept.next_at == make.now + 2 * HOUR
    assert _handed(await balancer.sweep("roofing", key="s-2")) == {"lead-1": (None, "a")}


async def test_the_same_sweep_again_hands_over_nothing_else(make, floor, open_floor):
    leads = [make.lead(f"lead-{n}") for n in range(2)]
    balancer = await _balancer(open_floor, leads, [make.rep(capacity=0)])
    await balancer.matcher.assign_batch(["lead-0", "lead-1"], key="import")
    await floor.records.reps.save(make.rep(capacity=1))
    await balancer.sweep("roofing", key="s")
    await balancer.sweep("roofing", key="s")
    assert await floor.load() == {"rep-1": 1}


async def test_nothing_is_decided_about_waiting_leads_while_nobody_has_a_place(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead()], [make.rep(capacity=0)])
    await balancer.matcher.assign("lead-1", key="k")
    before = (len(floor.scored), await floor.decisions("lead-1"))
    await balancer.sweep("roofing", key="s")
    assert (len(floor.scored), await floor.decisions("lead-1")) == before


async def test_an_overdue_lead_is_escalated_once(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead()], [], pool_deadline_s=600, pool_owner="boss")
    await balancer.matcher.assign("lead-1", key="k")
    first = await balancer.sweep("roofing", key="s-1")
    floor.moment = first.next_at
    second, third = [await balancer.sweep("roofing", key=key) for key in ("s-2", "s-3")]
    assert [len(sweep.escalated) for sweep in (first, second, third)] == [0, 1, 0]
    (entry,) = [e for e in await floor.records.audit.about("lead-1") if e.action == "pool_overdue"]
    assert (entry.details["owner"], entry.at) == ("boss", first.next_at)


async def test_balancing_only_says_what_it_would_do_unless_it_is_told_to(make, floor, open_floor):
    leads = [make.lead(f"lead-{n}") for n in range(10)]
    balancer = await _balancer(open_floor, leads, [make.rep("a", capacity=10)])
    await balancer.matcher.assign_batch([lead.id for lead in leads], key="import")
    await floor.records.reps.save(make.rep("b", capacity=10))
    said = await balancer.balance("roofing", moves=True, apply=False, key="b")
    assert (said.applied, await floor.load()) == (False, {"a": 10})
    done = await balancer.balance("roofing", moves=True, apply=True, key="b")
    assert [move.lead_id for move in done.moves] == [move.lead_id for move in said.moves]
    assert {(move.from_rep_id, move.rep_id) for move in done.moves} == {("a", "b")}
    assert await floor.load() == {"a": 5, "b": 5}


async def test_balancing_leaves_leads_alone_that_a_rep_has_taken(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead("lead-1"), make.lead("lead-2")], [make.rep("a", capacity=2)])
    for lead in ("lead-1", "lead-2"):
        await balancer.matcher.assign(lead, key="k")
        await balancer.desk.accepted(lead, "a", at=floor.moment, key="j")
    await floor.records.reps.save(make.rep("b"))
    assert (await balancer.balance("roofing", moves=True, apply=True, key="b")).moves == ()


async def test_a_vip_takes_the_place_of_a_lead_that_nobody_accepted_which_gets_another(make, floor, open_floor):
    leads = [make.lead("plain"), make.lead("vip", region="near")]
    floor.chances, floor.values = {"plain": 0.1, "vip": 0.5}, {"plain": 100.0, "vip": 10_000.0}
    balancer = await _balancer(open_floor, leads, [make.rep("a", capacity=1)])
    await balancer.matcher.assign("plain", key="k")
    await floor.records.reps.save(make.rep("b", regions=("far",)))
    given = await balancer.matcher.give(["vip"], key="v", vips=frozenset(["vip"]))
    assert [match.rep_id for match in given.matches] == ["a"]
    assert [(match.lead_id, match.rep_id) for match in given.displaced] == [("plain", "b")]
    assert await floor.load() == {"a": 1, "b": 1}


async def test_a_vip_takes_no_place_of_a_lead_that_was_accepted(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead("plain"), make.lead("vip")], [make.rep("a", capacity=1)])
    await balancer.matcher.assign("plain", key="k")
    await balancer.desk.accepted("plain", "a", at=floor.moment, key="j")
    given = await balancer.matcher.give(["vip"], key="v", vips=frozenset(["vip"]))
    assert ([match.rep_id for match in given.matches], given.displaced) == ([None], ())
    assert await floor.given("plain") == {"plain": "a"}


async def _opt_out(floor, lead_id):
    no = ConsentEvent(id=f"no-{lead_id}", lead_id=lead_id, channel=None, granted=False, at=floor.moment, source="mail")
    await floor.records.consents.record(no)


async def _stop(balancer, floor, lead_id):
    return await balancer.desk.stopped(lead_id, at=floor.moment, key="journey")


@pytest.mark.parametrize("kind", OutcomeKind)
async def test_a_waiting_lead_that_ends_is_given_to_nobody(make, floor, open_floor, kind):
    balancer = await _balancer(open_floor, [make.lead()], [make.rep(capacity=0)])
    await balancer.matcher.assign("lead-1", key="k")
    await floor.end("lead-1", kind)
    await floor.records.reps.save(make.rep())
    swept = await balancer.sweep("roofing", key="s")
    assert (swept.handed, swept.waiting, await floor.load()) == ((), 0, {})


@pytest.mark.parametrize("how", ["opted out", "stopped"])
async def test_a_withheld_lead_leaves_the_pool_and_nobody_is_offered_it_by_itself(make, floor, open_floor, how):
    balancer = await _balancer(open_floor, [make.lead()], [make.rep(capacity=0)], pool_deadline_s=600)
    await balancer.matcher.assign("lead-1", key="k")
    await (_opt_out(floor, "lead-1") if how == "opted out" else _stop(balancer, floor, "lead-1"))
    await floor.records.reps.save(make.rep())
    floor.moment += HOUR
    swept = await balancer.sweep("roofing", key="s")
    said, done = [await balancer.balance("roofing", moves=True, apply=apply, key="b") for apply in (False, True)]
    assert (swept.handed, swept.escalated, swept.waiting, swept.next_at) == ((), (), 0, None)
    assert (said.handed, done.handed, said.waiting, done.waiting) == ((), (), 0, 0)
    assert await floor.records.routed_leads.unassigned("roofing", limit=10) == ()


@pytest.mark.parametrize("by_override", [True, False], ids=["override", "by name"])
@pytest.mark.parametrize("how", ["opted out", "stopped"])
async def test_a_person_may_give_a_withheld_lead_to_a_rep(make, floor, open_floor, how, by_override):
    balancer = await _balancer(open_floor, [make.lead()], [make.rep()])
    await (_opt_out(floor, "lead-1") if how == "opted out" else _stop(balancer, floor, "lead-1"))
    floor.moment += HOUR
    if by_override:
        await balancer.desk.override("lead-1", "rep-1", reason="asked for me", by="boss", key="o")
    else:
        await balancer.matcher.assign("lead-1", key="by hand")
    assert await floor.given("lead-1") == {"lead-1": "rep-1"}


async def test_stopping_gives_the_place_of_an_offer_back_but_leaves_a_rep_the_lead_he_took(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead("offered"), make.lead("taken")], [make.rep()])
    for lead in ("offered", "taken"):
        await balancer.matcher.assign(lead, key="k")
    await balancer.desk.accepted("taken", "rep-1", at=floor.moment, key="j")
    stopped = [await _stop(balancer, floor, lead) for lead in ("offered", "offered", "taken")]
    assert stopped == [True, False, False]
    assert await floor.given("offered", "taken") == {"offered": None, "taken": "rep-1"}


async def test_a_lead_that_opted_out_stays_with_its_rep_and_goes_to_nobody_else_when_he_leaves(make, floor, open_floor):
    balancer = await _balancer(open_floor, [make.lead()], [make.rep("a")])
    await balancer.matcher.assign("lead-1", key="k")
    await _opt_out(floor, "lead-1")
    for rep in (make.rep("a", active=False), make.rep("b")):
        await floor.records.reps.save(rep)
    assert _handed(await balancer.sweep("roofing", key="s")) == {}
    match = await balancer.desk.reject("lead-1", "a", reason=RejectReason.OTHER, key="r")
    assert (match, await floor.given("lead-1")) == (None, {"lead-1": None})
    assert [said.rep_id for said in await floor.records.rejections.of_lead("lead-1")] == ["a"]
