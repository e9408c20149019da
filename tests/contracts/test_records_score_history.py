from datetime import UTC, datetime, timedelta

from domain.decisions import Decision, DecisionKind
from domain.events import Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead
from domain.rescoring import LeadStanding
from domain.score_history import RecordedScore
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_decision(lead_id: str, n: int, kind: DecisionKind = DecisionKind.SCORE) -> Decision:
    numbers = {"points": 10.0 + n, "p_convert": 0.1, "p_low": 0.05, "p_high": 0.2, "base_points": 12.0}
    return Decision(
        id=f"{kind}-{lead_id}-{n}",
        kind=kind,
        subject_id=lead_id,
        at=NOON + timedelta(minutes=n),
        inputs_hash="abc",
        versions={"model": "gbm-3", "features": "2", "rung": "gbm"},
        chosen="warm",
        considered=({**numbers, "expected_value": None, "no_signal": None},),
        reasons=("+1.0 Opened the proposal",),
    )


async def add_lead(records: Records, lead_id: str, market: str = "roofing") -> None:
    await records.leads.save(Lead(id=lead_id, market=market, created_at=NOON, source="form"), at=NOON)


async def test_scores_of_a_lead_come_newest_first_and_nothing_else_does(records: Records):
    others = [a_decision("dana", 9, DecisionKind.MATCH), a_decision("jo", 8)]
    await records.decisions.record_many([a_decision("dana", n) for n in (2, 1, 3)] + others)
    scores = await records.scores.of_lead("dana", limit=2)
    assert scores == (RecordedScore.of(a_decision("dana", 3)), RecordedScore.of(a_decision("dana", 2)))


async def test_the_newest_score_before_a_moment_is_found_for_many_leads(records: Records):
    for lead_id in ("dana", "jo", "unscored"):
        await add_lead(records, lead_id)
    await records.decisions.record_many([a_decision("dana", n) for n in (1, 2, 3)])
    await records.decisions.record_many([a_decision("jo", 3), a_decision("dana", 2, DecisionKind.NUDGE)])
    leads = ["jo", "dana", "unscored", "nobody", *(f"many-{n}" for n in range(1_500))]
    found = await records.scores.newest(leads, before=NOON + timedelta(minutes=3))
    assert found == {"dana": RecordedScore.of(a_decision("dana", 2))}


async def test_the_chance_before_anybody_had_a_lead_is_that_of_the_newest_score_until_then(records: Records):
    for lead_id in ("dana", "jo", "late", "unscored", "pooled"):
        await add_lead(records, lead_id)
    await add_lead(records, "abroad", market="real_estate")
    chances = {"dana": (0.1, 0.2, 0.3), "jo": (0.4,), "late": (0.5,), "pooled": (0.6,), "abroad": (0.7,)}
    for lead_id, each in chances.items():
        for n, p in enumerate(each):
            score = a_decision(lead_id, n)
            numbers = {**score.considered[0], "p_convert": p}
            await records.decisions.record(score.model_copy(update={"considered": (numbers,)}))
    for lead_id, minute in (("dana", 1), ("dana", 2), ("jo", 0), ("late", 9), ("unscored", 1), ("abroad", 1)):
        await records.assignments.record(
            AssignmentRecord(
                id=f"{lead_id}-{minute}",
                lead_id=lead_id,
                rep_id="ana",
                at=NOON + timedelta(minutes=minute),
                by="matcher",
            )
        )
    known = await records.scores.before_assignment("roofing", before=NOON + timedelta(minutes=5))
    assert known == {"dana": 0.2, "jo": 0.4}
    offered = await records.scores.at_first_offer(
        "roofing", since=NOON + timedelta(minutes=1), before=NOON + timedelta(minutes=9)
    )
    assert {lead_id: (score.p_convert, score.decision_id) for lead_id, score in offered.items()} == {
        "dana": (0.2, "score-dana-1")
    }


async def test_every_score_of_a_market_is_gone_through_once_in_the_order_recorded(records: Records):
    await add_lead(records, "dana")
    await add_lead(records, "abroad", market="real_estate")
    await records.decisions.record_many([a_decision("dana", n) for n in range(1_201)] + [a_decision("abroad", 1)])
    numbers = [score.points - 10 async for score in records.scores.recorded("roofing")]
    assert numbers == list(range(1_201))


async def test_scores_from_a_moment_on_are_gone_through(records: Records):
    await add_lead(records, "dana")
    await records.decisions.record_many([a_decision("dana", n) for n in range(5)])
    since = NOON + timedelta(minutes=3)
    assert [score.at async for score in records.scores.recorded("roofing", since=since)] == [
        since,
        since + timedelta(minutes=1),
    ]


async def test_standings_tell_who_there_is_and_who_has_ended(records: Records):
    for lead_id in ("open", "won"):
        await add_lead(records, lead_id)
    for days, kind in ((9, OutcomeKind.WON), (5, OutcomeKind.LOST)):
        await records.outcomes.record(Outcome(lead_id="won", kind=kind, at=NOON + timedelta(days=days)))
    assert await records.standings.of(["open", "won", "nobody"]) == {
        "open": LeadStanding(created_at=NOON),
        "won": LeadStanding(created_at=NOON, ended_at=NOON + timedelta(days=5)),
    }
