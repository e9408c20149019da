"""What the report of effectiveness reads about the matcher's own choices; the same on every back end."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.decisions import Decision, DecisionKind
from domain.events import Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead, Rep
from records.repositories import Records
from runtime.effectiveness import EffectivenessReader

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIOD = {"since": NOON - HOUR, "before": NOON + 48 * HOUR}


def a_score(lead: str, p: float, *, hours: float) -> Decision:
    return Decision(
        id=f"score-{lead}-{hours}",
        kind=DecisionKind.SCORE,
        subject_id=lead,
        at=NOON + hours * HOUR,
        inputs_hash="0",
        considered=({"p_convert": p},),
    )


def a_match(lead: str, chosen: str | None, *, hours: float, **facts) -> Decision:
    considered = (
        {"rep_id": "ben", "p_convert": 0.4, "utility": 4.0, "price": 2.0},
        {"rep_id": "ana", "p_convert": 0.3, "utility": 3.0, "price": 0.5},
    )
    values = {"id": f"match-{lead}-{hours}", "kind": DecisionKind.MATCH, "subject_id": lead, "inputs_hash": "0"}
    given = {"at": NOON + hours * HOUR, "chosen": chosen, "considered": considered, "propensity": 0.75}
    return Decision(**values, **(given | facts))


async def give(records: Records, lead: str, rep: str | None, *, by: str, hours: float, decision: str | None = None):
    at = NOON + hours * HOUR
    record = AssignmentRecord(
        id=f"{lead}-{hours}",
        lead_id=lead,
        rep_id=rep,
        at=at,
        by=by,
        decision_id=decision and f"match-{lead}-{decision}",
    )
    await records.assignments.record(record)


@pytest.fixture
async def floor(records: Records) -> Records:
    """One lead that the matcher gave out and a manager moved, one given out by hand, one that nobody ever had."""
    for lead in ("mine", "hand", "nobody"):
        await records.leads.save(Lead(id=lead, market="roofing", created_at=NOON, source="web"), at=NOON)
    for rep in ("ana", "ben"):
        await records.reps.save(Rep(id=rep, market="roofing", name=rep.title()))
    versions = {"unexplored": "ben"}
    await records.decisions.record_many(
        [
            a_score("mine", 0.2, hours=0),
            a_score("mine", 0.9, hours=5),
            a_score("hand", 0.1, hours=3),
            a_match("mine", "ana", hours=1, versions=versions),
            a_match("mine", "ben", hours=3, versions=versions),
        ]
    )
    await give(records, "mine", "ana", by="matcher", hours=1, decision="1")
    await give(records, "mine", "ben", by="manager", hours=2)
    await give(records, "mine", "ben", by="matcher", hours=3, decision="3")
    await give(records, "hand", "ben", by="manager", hours=2)
    for lead, rep in (("mine", "ben"), ("hand", "ben")):
        won = Outcome(lead_id=lead, kind=OutcomeKind.WON, at=NOON + 9 * HOUR, rep_id=rep)
        await records.outcomes.record(won)
    return records


async def test_the_first_hand_and_the_chance_before_it_are_read(floor: Records):
    facts = await EffectivenessReader(floor).facts("roofing", **PERIOD)
    assert sorted(facts.given.rows()) == [("hand", "manager", None), ("mine", "matcher", 0.2)]


async def test_the_choice_is_the_first_one_whatever_came_later(floor: Records):
    facts = await EffectivenessReader(floor).facts("roofing", **PERIOD)
    assert facts.choices.rows() == [("mine", "ana", "ben", 0.75, NOON + HOUR)]


async def test_candidates_are_read_in_their_order_with_worth_less_price(floor: Records):
    facts = await EffectivenessReader(floor).facts("roofing", **PERIOD)
    assert facts.candidates.rows() == [("mine", 0, "ben", 0.4, 2.0), ("mine", 1, "ana", 0.3, 2.5)]


async def test_what_was_given_out_after_the_period_is_not_known(floor: Records):
    facts = await EffectivenessReader(floor).facts("roofing", since=NOON - HOUR, before=NOON + 0.5 * HOUR)
    assert (facts.given.height, facts.choices.height, facts.candidates.height) == (0, 0, 0)


async def test_a_first_rep_whose_decision_is_lost_is_on_the_matchers_side_without_a_choice(records: Records):
    await records.leads.save(Lead(id="mine", market="roofing", created_at=NOON, source="web"), at=NOON)
    await give(records, "mine", "ana", by="matcher", hours=1, decision="gone")
    facts = await EffectivenessReader(records).facts("roofing", **PERIOD)
    assert facts.given.rows() == [("mine", "matcher", None)]
    assert facts.choices.height == 0


async def test_the_report_of_the_period_says_what_is_missing(floor: Records):
    report = await EffectivenessReader(floor).report("roofing", **PERIOD)
    assert (report.others.comparison.matcher.wins, report.others.comparison.manual.wins) == (1, 1)
    assert report.others.comparison.verdict == "not enough"
    assert report.others.policies.settled == 1
    assert [line.key for line in report.others.uplift] == ["ben"]
