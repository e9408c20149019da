import pytest

from domain.decisions import Decision
from domain.errors import InvalidInputError
from domain.matches import Exclusion, Match
from domain.routing import RoutingPolicy
from tools.matching.planning import plan_matches
from tools.matching.recording import recall_match, record_matches
from tools.matching.wording import MAX_WORDS, explain_not

PLAIN = RoutingPolicy(vip_reserve=0.0)


@pytest.fixture
def crowded(stage, ask, make):
    """Two leads want Ana, who has one place; Ben speaks another language."""
    reps = [
        make.rep("ana", name="Ana", capacity=1),
        make.rep("bob", name="Bob", capacity=5),
        make.rep("ben", name="Ben", languages=("es",)),
    ]
    floor = stage(reps, shifts={"ana": 1.0}, currency="USD")
    leads = [ask("small", p=0.2, value=1000.0), ask("large", p=0.2, value=2000.0)]
    return plan_matches(leads, floor, policy=RoutingPolicy(vip_reserve=0.0, fairness=0.0), now=make.now)


def test_the_terms_of_every_candidate_add_up_to_his_utility(crowded):
    for match in crowded.matches:
        for candidate in match.considered:
            assert sum(candidate.terms.values()) == pytest.approx(candidate.utility)


def test_candidates_are_listed_best_first(crowded):
    utilities = [candidate.utility for candidate in crowded.matches[0].considered]
    assert utilities == sorted(utilities, reverse=True)


def test_says_that_the_place_of_a_better_rep_is_worth_more_to_another_lead(crowded):
    assert [match.rep_id for match in crowded.matches] == ["bob", "ana"]
    p = 0.2 / 0.8 * 2.718281828
    gain = 1000 * (p / (1 + p) - 0.2)
    told = crowded.why_not("small", "ana")
    ana = next(c for c in crowded.matches[0].considered if c.rep_id == "ana")
    assert told.startswith(
        f"Ana: worth {gain:,.0f} USD more than with Bob, but to other leads of the batch his place is"
    )
    assert ana.price == pytest.approx(gain, abs=0.01)


def test_says_by_how_much_a_rep_is_worse(crowded):
    p = 0.2 / 0.8 * 2.718281828
    loss = 2000 * (p / (1 + p) - 0.2)
    odds = f"20% likely to win it against {p / (1 + p):.0%}; most by rep"
    assert crowded.why_not("large", "bob") == f"Bob: worth {loss:,.0f} USD less than with Ana ({odds})."


def test_says_which_rule_excludes_a_rep(crowded):
    assert crowded.why_not("small", "ben") == "Ben cannot take it: does not speak en (rule language)."


def test_says_that_a_rep_does_get_the_lead(crowded):
    assert crowded.why_not("large", "ana").startswith("Ana does get this lead.")


def test_refuses_questions_about_strangers(crowded):
    with pytest.raises(InvalidInputError, match="not a rep"):
        crowded.why_not("small", "nobody")
    with pytest.raises(InvalidInputError, match="not a lead"):
        crowded.why_not("nothing", "ana")


def test_tells_what_one_more_place_is_worth(crowded):
    p = 0.2 / 0.8 * 2.718281828
    gain = 1000 * (p / (1 + p) - 0.2)
    assert crowded.prices["ana"] == pytest.approx(gain, abs=0.01)
    assert crowded.price_of("ana") == f"One more place of Ana is worth {gain:,.0f} USD."
    assert crowded.price_of("bob") == "One more place of Bob would change nothing."


def test_a_place_that_would_serve_a_waiting_lead_is_told_as_such(stage, ask, make):
    floor = stage([make.rep("ana", name="Ana", capacity=1)])
    plan = plan_matches([ask("one", p=0.5), ask("two", p=0.25)], floor, policy=PLAIN, now=make.now)
    assert plan.price_of("ana").startswith("One more place of Ana would serve one more lead, worth 0.")
    assert "1 wait" in plan.summary


def test_the_summary_counts_the_batch_and_proves_it(crowded):
    assert crowded.summary.startswith("2 of 2 leads have a rep: 0.6 wins expected, proven best. One more place of Ana")


def test_reasons_stay_short(crowded):
    assert all(len(match.reason.split()) <= MAX_WORDS for match in crowded.matches)


def test_every_rep_of_a_large_floor_can_be_asked_about(stage, ask, make):
    reps = [make.rep(f"rep-{i:03}", languages=("en",) if i % 2 else ("es",)) for i in range(60)]
    plan = plan_matches([ask()], stage(reps), policy=PLAIN, now=make.now)
    (match,) = plan.matches
    assert (len(match.considered), len(match.excluded)) == (10, 30)
    listed = {c.rep_id for c in match.considered}
    other = next(rep.id for rep in reps[1::2] if rep.id not in listed)
    assert plan.why_not("lead-1", other).startswith(f"Name of {other}: worth 0 wins less")
    assert explain_not(match, other) == f"{other} was not among the 10 best of those who may take it."


def test_a_match_built_without_validation_is_a_valid_match(crowded):
    for match in crowded.matches:
        assert Match.model_validate(match.model_dump()) == match


def test_a_match_survives_being_recorded(crowded):
    names = ["score-1", "score-2"]
    decisions = record_matches(crowded.matches, score_decisions=names, open_leads=[0, 0, 0])
    for match, decision in zip(crowded.matches, decisions, strict=True):
        stored = Decision.model_validate_json(decision.model_dump_json())
        assert stored == decision
        rep = next(rep for rep in crowded.book.floor.reps if rep.id == match.rep_id)
        assert recall_match(stored, rep) == match


def test_exclusions_are_recorded_by_rule_with_all_their_reps(stage, ask, make):
    reps = [make.rep(f"rep-{i}", languages=("es",)) for i in range(3)]
    plan = plan_matches([ask()], stage(reps), policy=PLAIN, now=make.now)
    (decision,) = record_matches(plan.matches[:1], score_decisions=["score"], open_leads=[0, 0, 0])
    row = {"rule": "language", "detail": "does not speak en", "rep_ids": ["rep-0", "rep-1", "rep-2"]}
    assert decision.excluded == (row,)


def test_decisions_that_name_one_excluded_rep_a_row_are_understood(crowded):
    (decision,) = record_matches(crowded.matches[:1], score_decisions=["s"], open_leads=[0])
    old = decision.model_copy(update={"excluded": ({"rep_id": "x", "rule": "region", "detail": "far"},)})
    assert recall_match(old, None).excluded == (Exclusion(rep_id="x", rule="region", detail="far"),)
