import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from domain.errors import InvalidInputError, LeadNotFoundError
from tools.matching import recalling
from tools.matching.tool import ROUNDS

REPS = [f"rep-{i:02}" for i in range(12)]


async def test_proposing_changes_nothing_but_the_decision_log(make, floor, open_floor):
    tool = await open_floor([make.lead()], [make.rep()])
    match = await tool.propose("lead-1")
    assert match.rep_id == "rep-1"
    assert await floor.given("lead-1") == {"lead-1": None}
    assert [decision.id for decision in await floor.decisions("lead-1")] == [match.decision_id]


async def test_assigning_records_the_decision_and_the_assignment(make, floor, open_floor):
    tool = await open_floor([make.lead()], [make.rep()])
    match = await tool.assign("lead-1", key="step-1")
    held = await floor.records.assignments.current("lead-1")
    (decision,) = await floor.decisions("lead-1")
    assert (held.rep_id, held.by, held.decision_id) == ("rep-1", "matcher", match.decision_id)
    assert (decision.chosen, decision.propensity, set(decision.versions)) == (
        "rep-1", match.propensity, {"affinity", "score", "gap", "unexplored"},
    )  # fmt: skip


async def test_the_same_key_gives_the_same_match_whatever_happened_since(make, floor, open_floor):
    tool = await open_floor([make.lead()], [make.rep("a"), make.rep("b", active=False)])
    first = await tool.assign("lead-1", key="step-1")
    await floor.records.reps.save(make.rep("a", active=False))
    await floor.records.reps.save(make.rep("b"))
    floor.moment += timedelta(hours=1)
    assert await tool.assign("lead-1", key="step-1") == first
    assert await floor.given("lead-1") == {"lead-1": "a"}


async def test_a_retry_does_not_undo_a_managers_later_choice(make, floor, open_floor):
    tool = await open_floor([make.lead()], [make.rep("a"), make.rep("b", active=False)])
    await tool.assign("lead-1", key="step-1")
    await floor.records.assignments.record(make.assignment("lead-1", "b", at=make.now + timedelta(minutes=5)))
    await tool.assign("lead-1", key="step-1")
    assert await floor.given("lead-1") == {"lead-1": "b"}


async def test_a_batch_is_scored_by_one_call_without_reasons(make, floor, open_floor):
    leads = [make.lead(f"lead-{i}") for i in range(4)]
    tool = await open_floor(leads, [make.rep()])
    await tool.assign_batch([lead.id for lead in leads], key="import")
    assert floor.scored == [(tuple(lead.id for lead in leads), False)]


async def test_who_loses_his_place_to_another_process_is_matched_anew(make, floor, open_floor):
    tool = await open_floor([make.lead("lead-1"), make.lead("other")], [make.rep("a", capacity=1), make.rep("b")])
    floor.chances = {"lead-1": 0.5}
    floor.meanwhile = [lambda: floor.records.assignments.record(make.assignment("other", "a"))]
    await floor.records.assignments.record(make.assignment("full", "b"))
    match = await tool.assign("lead-1", key="k")
    assert (match.rep_id, await floor.given("lead-1", "other")) == ("b", {"lead-1": "b", "other": "a"})
    assert [decision.chosen for decision in await floor.decisions("lead-1")] == ["b"]


async def test_who_loses_every_place_again_and_again_waits_in_the_pool(make, floor, open_floor):
    others = [make.lead(f"other-{n}") for n in range(ROUNDS + 1)]
    tool = await open_floor([make.lead("lead-1"), *others], [make.rep("a", capacity=1)])

    def take(number):
        async def other_process():
            if number:
                await floor.end(f"other-{number - 1}")
            await floor.records.assignments.record(make.assignment(f"other-{number}", "a"))

        return other_process

    floor.meanwhile = [take(number) for number in range(ROUNDS)]
    match = await tool.assign("lead-1", key="k")
    (waits,) = await floor.records.pool.waiting("roofing")
    assert (match.rep_id, waits.lead_id, waits.reason) == (None, "lead-1", match.reason)


async def test_a_lead_that_a_manager_gave_away_meanwhile_stays_where_he_put_it(make, floor, open_floor):
    tool = await open_floor([make.lead()], [make.rep("a"), make.rep("b", regions=("far",))])
    later = make.assignment("lead-1", "a", at=make.now + timedelta(seconds=1))

    async def manager():
        await floor.records.assignments.record(later)
        floor.moment += timedelta(seconds=2)

    floor.meanwhile = [manager]
    match = await tool.assign("lead-1", key="k")
    assert (match.rep_id, (await floor.records.assignments.current("lead-1")).by) == ("a", "manager")


async def test_what_waits_has_an_owner_and_a_deadline_and_leaves_when_it_is_given(make, floor, open_floor):
    tool = await open_floor([make.lead()], [make.rep(capacity=0)], pool_deadline_s=600, pool_owner="boss")
    match = await tool.assign("lead-1", key="k-1")
    (waits,) = await floor.records.pool.waiting("roofing")
    assert (waits.owner, waits.deadline, waits.decision_id) == (
        "boss", make.now + timedelta(minutes=10), match.decision_id,
    )  # fmt: skip
    await floor.records.reps.save(make.rep(capacity=1))
    assert (await tool.assign("lead-1", key="k-2")).rep_id == "rep-1"
    assert await floor.records.pool.waiting("roofing") == ()


async def test_a_new_lead_of_a_client_goes_to_the_rep_who_has_him(make, open_floor):
    leads = [make.lead("old", email="jo@miller.example"), make.lead("new", email="sam@miller.example")]
    tool = await open_floor(leads, [make.rep("a"), make.rep("b")], given=[make.assignment("old", "b")])
    match = await tool.assign("new", key="k")
    assert (match.rep_id, match.reason) == ("b", "Name of b: has lead old already, which is of the same company.")


@pytest.mark.parametrize("why_not", [{"capacity": 1}, {"active": False}, {"regions": ("far",)}], ids=str)
async def test_a_new_lead_of_a_client_whose_rep_cannot_take_it_goes_to_somebody_else(make, open_floor, why_not):
    leads = [make.lead("old", phone="+1 202 555 0123"), make.lead("new", phone="12025550123", region="near")]
    tool = await open_floor(leads, [make.rep("a"), make.rep("b", **why_not)], given=[make.assignment("old", "b")])
    match = await tool.assign("new", key="k")
    assert (match.rep_id, "same phone" in match.reason) == ("a", False)


async def test_bulk_insert_does_not_flood_one_rep(make, floor, open_floor):
    leads = [make.lead(f"lead-{i:02}") for i in range(30)]
    tool = await open_floor(leads, [make.rep(r) for r in ("a", "b", "c")])
    for lead in leads:
        await tool.assign(lead.id, key="import")
    assert await floor.load() == {"a": 10, "b": 10, "c": 10}


async def test_assignments_at_the_same_time_do_not_flood_one_rep(make, floor, open_floor):
    leads = [make.lead(f"lead-{i:02}") for i in range(12)]
    tool = await open_floor(leads, [make.rep(r, capacity=4) for r in ("a", "b", "c")])
    await asyncio.gather(*(tool.assign(lead.id, key="k") for lead in leads))
    assert await floor.load() == {"a": 4, "b": 4, "c": 4}


async def test_a_batch_does_not_flood_one_rep(make, floor, open_floor):
    leads = [make.lead(f"lead-{i:02}") for i in range(30)]
    tool = await open_floor(leads, [make.rep(r) for r in ("a", "b", "c")])
    await tool.assign_batch([lead.id for lead in leads], key="import")
    assert await floor.load() == {"a": 10, "b": 10, "c": 10}


async def test_a_batch_never_exceeds_capacity(make, open_floor):
    leads = [make.lead(f"lead-{i}") for i in range(9)]
    tool = await open_floor(leads, [make.rep("a", capacity=2), make.rep("b", capacity=3)])
    matches = await tool.assign_batch([lead.id for lead in leads], key="import")
    assert Counter(m.rep_id for m in matches) == {"a": 2, "b": 3, None: 4}


async def test_the_scarce_places_go_to_the_likeliest_leads(make, floor, open_floor):
    leads = [make.lead(f"lead-{i}") for i in range(4)]
    floor.chances = {"lead-0": 0.1, "lead-1": 0.5, "lead-2": 0.05, "lead-3": 0.4}
    tool = await open_floor(leads, [make.rep(capacity=2)])
    matches = await tool.assign_batch([lead.id for lead in leads], key="import")
    assert [m.lead_id for m in matches if m.rep_id] == ["lead-1", "lead-3"]


async def test_a_batch_is_idempotent_by_key(make, floor, open_floor):
    leads = [make.lead(f"lead-{i}") for i in range(6)]
    tool = await open_floor(leads, [make.rep("a", capacity=3), make.rep("b", capacity=1)])
    first = await tool.assign_batch([lead.id for lead in leads], key="import")
    floor.moment += timedelta(minutes=1)
    assert await tool.assign_batch([lead.id for lead in leads], key="import") == first


async def test_a_batch_recalled_by_its_key_shares_the_exclusions_that_are_equal(make, open_floor, monkeypatch):
    monkeypatch.setattr(recalling, "AT_ONCE", 4)
    leads = [make.lead(f"lead-{i}", region=("near", "far")[i % 2]) for i in range(10)]
    reps = [make.rep("a", regions=("near",)), make.rep("b", regions=("far",)), make.rep("c", active=False)]
    tool = await open_floor(leads, reps)
    first = await tool.assign_batch([lead.id for lead in leads], key="import")
    again = await tool.assign_batch([lead.id for lead in leads], key="import")
    assert again == first
    assert len({id(match.excluded) for match in again}) == len({match.excluded for match in again})


async def test_a_batch_names_each_lead_once(make, open_floor):
    tool = await open_floor([make.lead()], [make.rep()])
    with pytest.raises(InvalidInputError, match="more than once"):
        await tool.assign_batch(["lead-1", "lead-1"], key="k")


async def test_a_batch_is_of_one_market(make, open_floor):
    tool = await open_floor([make.lead("a"), make.lead("b", market="real_estate")], [make.rep()])
    with pytest.raises(InvalidInputError, match="several markets"):
        await tool.assign_batch(["a", "b"], key="k")


async def test_inactive_reps_get_nothing(make, open_floor):
    tool = await open_floor([make.lead()], [make.rep("a", active=False)])
    match = await tool.assign("lead-1", key="k")
    assert (match.rep_id, [e.rule for e in match.excluded]) == (None, ["inactive"])
    assert match.reason == "Waits in the pool: nobody may take it now (1 not active)."


async def test_a_lead_of_an_absent_rep_is_reclaimed(make, floor, open_floor):
    reps = [make.rep("a", active=False), make.rep("b")]
    tool = await open_floor([make.lead()], reps, given=[make.assignment("lead-1", "a")])
    assert (await tool.assign("lead-1", key="k")).rep_id == "b"
    assert await floor.given("lead-1") == {"lead-1": "b"}


async def test_a_lead_stays_with_its_rep_even_when_that_rep_is_full(make, floor, open_floor):
    reps = [make.rep("a", capacity=1), make.rep("b")]
    tool = await open_floor([make.lead()], reps, given=[make.assignment("lead-1", "a")])
    match = await tool.assign("lead-1", key="k")
    assert (match.rep_id, await floor.load()) == ("a", {"a": 1})
    assert match.reason == "Name of a: has this lead already and may keep it; 20% likely to win it."


async def test_a_lead_leaves_its_rep_when_he_is_excluded(make, open_floor):
    tool = await open_floor([make.lead()], [make.rep("a"), make.rep("b")], given=[make.assignment("lead-1", "a")])
    assert (await tool.assign("lead-1", exclude=["a"], key="k")).rep_id == "b"


async def test_the_pool_drains_when_capacity_frees(make, floor, open_floor):
    tool = await open_floor([make.lead("lead-1"), make.lead("lead-2")], [make.rep(capacity=1)])
    await tool.assign("lead-1", key="k")
    assert (await tool.assign("lead-2", key="k-1")).rep_id is None
    await floor.end("lead-1")
    floor.moment += timedelta(hours=1)
    assert (await tool.assign("lead-2", key="k-2")).rep_id == "rep-1"


async def test_the_terms_of_each_candidate_add_up_to_its_utility(make, floor, open_floor):
    floor.table = make.outcomes(3000)
    floor.values = {"lead-1": 500.0}
    tool = await open_floor([make.lead(product_id="product-1")], [make.rep(r) for r in REPS])
    match = await tool.propose("lead-1")
    assert match.no_signal is None
    assert [sum(c.terms.values()) for c in match.considered] == pytest.approx([c.utility for c in match.considered])
    assert [c.utility for c in match.considered] == sorted((c.utility for c in match.considered), reverse=True)


async def test_the_rep_with_the_better_record_gets_the_lead(make, floor, open_floor):
    floor.table = make.outcomes(6000)
    effects = floor.table.filter(floor.table["product_id"] == "product-1").unique("rep_id")
    best = effects.sort("true_effect")["rep_id"][-1]
    tool = await open_floor(
        [make.lead(product_id="product-1")], [make.rep(r) for r in REPS], [make.product("product-1", name="Slate")]
    )
    match = await tool.propose("lead-1")
    assert match.rep_id == best
    assert "Slate leads" in match.reason
    assert len(match.reason.split()) <= 30


async def test_without_signal_every_rep_has_the_scorers_chance_and_the_match_says_so(make, floor, open_floor):
    floor.table = make.outcomes(3000, shuffled=True)
    tool = await open_floor([make.lead(product_id="product-1")], [make.rep(r) for r in REPS])
    match = await tool.propose("lead-1")
    assert {round(c.p_convert, 9) for c in match.considered} == {0.2}
    assert "does not tell reps apart" in match.no_signal


async def test_history_is_learned_once_while_it_stays_the_same(make, floor, open_floor):
    floor.table = make.outcomes(300)
    tool = await open_floor([make.lead()], [make.rep()])
    first = await tool.propose("lead-1")
    await tool.propose("lead-1")
    assert floor.reads == 1
    floor.moment += timedelta(hours=1)
    assert (await tool.propose("lead-1")).model_version == first.model_version
    assert floor.reads == 2


async def test_new_outcomes_give_a_new_model(make, floor, open_floor):
    floor.table = make.outcomes(300)
    tool = await open_floor([make.lead()], [make.rep()])
    first = await tool.propose("lead-1")
    floor.table = make.outcomes(301)
    floor.moment += timedelta(hours=1)
    assert (await tool.propose("lead-1")).model_version != first.model_version


async def test_a_market_without_reps_says_so(make, open_floor):
    tool = await open_floor([make.lead()], [])
    assert (await tool.propose("lead-1")).reason == "Waits in the pool: this market has no reps."


async def test_an_unknown_lead_is_an_error(open_floor):
    tool = await open_floor()
    with pytest.raises(LeadNotFoundError, match="'nobody'"):
        await tool.assign("nobody", key="k")
