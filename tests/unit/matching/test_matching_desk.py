"""What people say about matches, over real records: it is kept, it takes effect, and saying it again changes nothing."""

from datetime import timedelta

import pytest

from domain.errors import ConflictError, InvalidInputError, LeadNotFoundError, RepNotFoundError, UnqualifiedRepError
from domain.people import RejectReason
from domain.routing import Presence
from tools.matching.answering import MatchingAnswers
from tools.matching.desk import MatchingDesk
from tools.matching.what_if import FloorChange


async def _about(floor, subject, action):
    return [entry for entry in await floor.records.audit.about(subject) if entry.action == action]


async def _away(desk, rep_id, presence=Presence.OFFLINE, **about):
    told = {"since": None, "until": None, "reason": "", "by": "boss", "key": "k", **about}
    return await desk.set_availability(rep_id, presence, **told)


async def test_a_rep_who_declines_a_lead_never_gets_it_again(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a"), make.rep("b", capacity=0)]))
    await desk.matcher.assign("lead-1", key="k")
    match = await desk.reject("lead-1", "a", reason=RejectReason.WRONG_PRODUCT, note="not mine", key="r")
    assert (match.rep_id, await floor.load()) == (None, {})
    assert (await desk.matcher.assign("lead-1", key="k-2")).rep_id is None
    (said,) = await floor.records.rejections.of_lead("lead-1")
    assert (said.rep_id, said.reason, said.note) == ("a", RejectReason.WRONG_PRODUCT, "not mine")
    assert said.decision_id in {decision.id for decision in await floor.decisions("lead-1")}
    (entry,) = await _about(floor, "lead-1", "lead_rejected")
    assert (entry.actor, entry.details["reason"]) == ("a", "wrong_product")


async def test_a_declined_lead_goes_to_the_next_rep(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a"), make.rep("b", capacity=10)]))
    first = (await desk.matcher.assign("lead-1", key="k")).rep_id
    match = await desk.reject("lead-1", first, reason=RejectReason.CONFLICT, key="r")
    assert {first, match.rep_id} == {"a", "b"}
    assert await floor.load() == {match.rep_id: 1}


async def test_declining_twice_is_declining_once(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a"), make.rep("b", capacity=10)]))
    first = (await desk.matcher.assign("lead-1", key="k")).rep_id
    matches = [await desk.reject("lead-1", first, reason=RejectReason.CONFLICT, key="r") for _ in range(2)]
    assert matches[0] == matches[1]
    assert len(await floor.records.rejections.of_lead("lead-1")) == 1


async def test_bad_data_is_reported_by_its_own_name(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a")]))
    await desk.matcher.assign("lead-1", key="k")
    await desk.reject("lead-1", "a", reason=RejectReason.BAD_DATA, key="r")
    assert len(await _about(floor, "lead-1", "lead_data_reported")) == 1


async def test_who_does_not_have_a_lead_cannot_decline_it(make, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a")]))
    with pytest.raises(ConflictError, match="is with nobody"):
        await desk.reject("lead-1", "a", reason=RejectReason.OTHER, key="r")


async def test_an_accepted_lead_is_the_reps_own(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a")]))
    await desk.matcher.assign("lead-1", key="k")
    assert len(await floor.records.routed_leads.unanswered("roofing")) == 1
    told = [await desk.accepted("lead-1", "a", at=make.now, key="j") for _ in range(2)]
    assert (told, await desk.accepted("lead-1", "b", at=make.now, key="j")) == ([True, False], False)
    assert await floor.records.routed_leads.unanswered("roofing") == ()
    assert await floor.load() == {"a": 1}


async def test_a_manager_may_give_a_lead_to_who_is_full_or_gone(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a"), make.rep("b", capacity=0)]))
    await desk.matcher.assign("lead-1", key="k")
    await _away(desk, "b")
    said, handed = await desk.override("lead-1", "b", reason="knows her", by="boss", key="o")
    held = await floor.records.assignments.current("lead-1")
    assert (held.rep_id, held.by, handed.from_rep_id, said.from_rep_id) == ("b", "manager", "a", "a")
    (entry,) = await _about(floor, "lead-1", "match_overridden")
    assert (entry.actor, entry.details["reason"]) == ("boss", "knows her")


@pytest.mark.parametrize(
    ("rule", "limits"),
    [
        ("inactive", {"active": False}),
        ("language", {"languages": ("de",)}),
        ("region", {"regions": ("far",)}),
        ("market", {"market": "real_estate"}),
        ("certificate", {}),
    ],
)
async def test_nobody_may_override_the_law(make, floor, open_floor, rule, limits):
    product = make.product("p", certificate="licence" if rule == "certificate" else None)
    lead = make.lead(region="near", product_id="p")
    desk = MatchingDesk(await open_floor([lead], [make.rep("a", **limits)], [product]))
    with pytest.raises(UnqualifiedRepError, match=rule):
        await desk.override("lead-1", "a", reason="I say so", by="boss", key="o")
    assert await floor.given("lead-1") == {"lead-1": None}
    assert await floor.records.match_overrides.of_lead("lead-1") == ()


async def test_an_override_again_changes_nothing_even_if_the_lead_moved_on(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a"), make.rep("b")]))
    first, _ = await desk.override("lead-1", "b", reason="r", by="boss", key="o")
    floor.moment += timedelta(hours=1)
    await desk.override("lead-1", "a", reason="r", by="boss", key="o-2")
    assert (await desk.override("lead-1", "b", reason="r", by="boss", key="o"))[0] == first
    assert await floor.given("lead-1") == {"lead-1": "a"}


async def test_a_manager_can_put_a_lead_into_the_pool(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a")]))
    await desk.matcher.assign("lead-1", key="k")
    await desk.override("lead-1", None, reason="not now", by="boss", key="o")
    assert (await floor.given("lead-1"), await floor.load()) == ({"lead-1": None}, {})
    assert (await desk.waiting("lead-1")).reason == "boss: not now"


@pytest.mark.parametrize(("lead", "rep", "error"), [("x", "a", LeadNotFoundError), ("lead-1", "x", RepNotFoundError)])
async def test_who_does_not_exist_is_named(make, open_floor, lead, rep, error):
    desk = MatchingDesk(await open_floor([make.lead()], [make.rep("a")]))
    with pytest.raises(error, match="'x'"):
        await desk.override(lead, rep, reason="r", by="boss", key="o")


async def test_a_rep_who_is_offline_or_away_gets_nothing_until_he_is_back(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([make.lead(f"lead-{n}") for n in range(4)], [make.rep("a")]))
    holiday = {"since": make.now + timedelta(hours=1), "until": make.now + timedelta(hours=3)}
    await _away(desk, "a", Presence.AWAY, **holiday)
    chosen = []
    for number in range(4):
        chosen.append((await desk.matcher.assign(f"lead-{number}", key="k")).rep_id)
        floor.moment += timedelta(hours=1)
    assert chosen == ["a", None, None, "a"]


async def test_what_is_said_about_a_rep_is_said_once(make, floor, open_floor):
    desk = MatchingDesk(await open_floor([], [make.rep("a")]))
    first = await _away(desk, "a")
    floor.moment += timedelta(hours=1)
    assert await _away(desk, "a") == first
    assert len(await _about(floor, "a", "rep_availability_set")) == 1


async def test_an_absence_that_is_over_is_refused(make, open_floor):
    desk = MatchingDesk(await open_floor([], [make.rep("a")]))
    past = {"since": make.now - timedelta(days=2), "until": make.now - timedelta(days=1)}
    with pytest.raises(InvalidInputError, match="until"):
        await _away(desk, "a", **past)


async def test_a_report_says_why_not_every_other_rep(make, open_floor):
    reps = [make.rep("a"), make.rep("b", active=False), make.rep("c", capacity=0), make.rep("d")]
    desk = MatchingDesk(await open_floor([make.lead()], reps))
    match = await desk.matcher.assign("lead-1", key="k")
    await desk.override("lead-1", "c", reason="r", by="boss", key="o")
    report = await MatchingAnswers(desk.matcher, desk.matcher.scorer).report("lead-1")
    assert (report.rep_id, report.current.rep_id, len(report.overrides)) == (match.rep_id, "c", 1)
    assert set(report.why_not) == {"a", "b", "c", "d"} - {match.rep_id}
    assert ("rule inactive" in report.why_not["b"], "rule capacity" in report.why_not["c"]) == (True, True)


async def test_a_report_about_a_lead_never_matched_is_a_proposal(make, floor, open_floor):
    tool = await open_floor([make.lead()], [make.rep("a")])
    answers = MatchingAnswers(tool, tool.scorer)
    report = await answers.report("lead-1")
    assert (report.rep_id, report.current, await floor.load()) == ("a", None, {})
    assert (await answers.report("lead-1")).decision_id == report.decision_id
    floor.moment += timedelta(seconds=1)
    assert (await answers.report("lead-1", fresh=True)).decision_id != report.decision_id


async def test_a_what_if_says_what_would_change_and_touches_nothing(make, floor, open_floor):
    leads = [make.lead(f"lead-{n}") for n in range(6)]
    tool = await open_floor(leads, [make.rep("a", capacity=3), make.rep("b", capacity=3)])
    await tool.assign_batch([lead.id for lead in leads], key="k")
    for lead in leads:
        await MatchingDesk(tool).accepted(lead.id, (await floor.given(lead.id))[lead.id], at=floor.moment, key="j")
    before = [await floor.decisions(lead.id) for lead in leads]
    answers = MatchingAnswers(tool, tool.scorer)
    without_b = await answers.what_if("roofing", FloorChange(leave=frozenset({"b"})))
    more_of_a = await answers.what_if("roofing", FloorChange(leave=frozenset({"b"}), capacity={"a": 3}))
    assert (without_b.before.n_waiting, without_b.after.n_waiting, more_of_a.after.n_waiting) == (0, 3, 0)
    assert {(move.from_rep_id, move.to_rep_id) for move in more_of_a.moves} == {("b", "a")}
    assert [await floor.decisions(lead.id) for lead in leads] == before
    assert await floor.load() == {"a": 3, "b": 3}


async def test_a_what_if_about_leads_of_another_market_is_refused(make, open_floor):
    tool = await open_floor([make.lead(market="real_estate")], [make.rep("a")])
    with pytest.raises(InvalidInputError, match="not of roofing"):
        await MatchingAnswers(tool, tool.scorer).what_if("roofing", FloorChange(), lead_ids=["lead-1"])
