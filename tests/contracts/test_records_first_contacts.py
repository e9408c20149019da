"""When reps first contacted leads, and what the report of effectiveness reads; the same on every back end."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.decisions import Decision, DecisionKind
from domain.errors import InvalidInputError
from domain.events import Interaction, InteractionKind, Outcome, OutcomeKind
from domain.matches import AssignmentRecord
from domain.people import Lead, RejectReason, Rep
from domain.routing import LeadRejection, MatchOverride
from records.database import Database
from records.first_contacts import SqlFirstContacts
from records.repositories import Records
from runtime.effectiveness import EffectivenessReader

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIOD = {"since": NOON - HOUR, "before": NOON + 48 * HOUR}


async def save_lead(records: Records, lead_id: str, **facts) -> None:
    values = {"id": lead_id, "market": "roofing", "created_at": NOON, "source": "web", **facts}
    await records.leads.save(Lead(**values), at=NOON)


def happened(number: int, kind: InteractionKind, hours: float, rep: str | None = "ana") -> Interaction:
    return Interaction(id=f"i-{number}", lead_id="l-1", kind=kind, at=NOON + hours * HOUR, rep_id=rep)


def decided(kind: DecisionKind, name: str, *, hours: float = 1, **facts) -> Decision:
    values = {"id": name, "kind": kind, "subject_id": "l-1", "at": NOON + hours * HOUR, "inputs_hash": "0"}
    return Decision(**values, **facts)


async def test_the_first_contact_is_the_first_that_a_rep_made(database: Database, records: Records):
    await save_lead(records, "l-1", language="es")
    await records.interactions.append(
        [
            happened(1, InteractionKind.PAGE_VIEWED, 1),
            happened(2, InteractionKind.EMAIL_SENT, 2, rep=None),
            happened(3, InteractionKind.CALL_ATTEMPTED, 4),
            happened(4, InteractionKind.EMAIL_SENT, 3),
        ]
    )
    found = await SqlFirstContacts(database).of_market("roofing", **PERIOD)
    assert found.rows() == [("l-1", "es", NOON + 3 * HOUR)]


async def test_a_contact_after_the_period_is_not_known(database: Database, records: Records):
    await save_lead(records, "l-1")
    await records.interactions.append([happened(1, InteractionKind.CALL_ATTEMPTED, 50)])
    assert (await SqlFirstContacts(database).of_market("roofing", **PERIOD)).rows() == [("l-1", "en", None)]


async def test_leads_of_the_market_and_period_are_read_and_no_others(database: Database, records: Records):
    await save_lead(records, "l-1")
    await save_lead(records, "old", created_at=NOON - 9 * HOUR)
    await save_lead(records, "new", created_at=NOON + 90 * HOUR)
    await save_lead(records, "else", market="real_estate")
    found = await SqlFirstContacts(database).of_market("roofing", **PERIOD)
    assert found["lead_id"].to_list() == ["l-1"]


async def test_a_naive_moment_is_refused(database: Database):
    with pytest.raises(InvalidInputError):
        await SqlFirstContacts(database).of_market("roofing", since=NOON.replace(tzinfo=None), before=NOON)


async def test_the_report_reads_match_score_outcome_and_what_people_said(records: Records):
    await save_lead(records, "l-1", region="north", product_id="p-1")
    await records.reps.save(Rep(id="ana", market="roofing", name="Ana"))
    worth = [{"rep_id": "ben", "p_convert": 0.4, "utility": 4.0}, {"rep_id": "ana", "p_convert": 0.3, "utility": 3.0}]
    score = decided(DecisionKind.SCORE, "score-1", considered=({"p_convert": 0.25},))
    match = decided(
        DecisionKind.MATCH,
        "match-1",
        chosen="ana",
        considered=tuple(worth),
        versions={"score": "score-1", "gap": "0.002"},
    )
    await records.decisions.record_many([score, match])
    given = {
        "id": "a-1",
        "lead_id": "l-1",
        "rep_id": "ana",
        "at": NOON + HOUR,
        "by": "matcher",
        "decision_id": "match-1",
    }
    await records.assignments.record(AssignmentRecord(**given))
    await records.interactions.append([happened(1, InteractionKind.CALL_ATTEMPTED, 2)])
    await records.outcomes.record(
        Outcome(lead_id="l-1", kind=OutcomeKind.WON, at=NOON + 5 * HOUR, rep_id="ana", value=900)
    )
    said = {"lead_id": "l-1", "at": NOON + HOUR}
    await records.rejections.record(LeadRejection(id="r-1", rep_id="ben", reason=RejectReason.CONFLICT, **said))
    override = {"from_rep_id": "ben", "rep_id": "ana", "reason": "knows her", "by": "boss"}
    await records.match_overrides.record(MatchOverride(id="o-1", **override, **said))

    facts = await EffectivenessReader(records).facts("roofing", **PERIOD)

    lead = facts.leads.row(0, named=True)
    assert {name: lead[name] for name in ("rep_id", "outcome", "value", "p_lead", "region", "language")} == {
        "rep_id": "ana", "outcome": "won", "value": 900.0, "p_lead": 0.25, "region": "north", "language": "en"
    }  # fmt: skip
    assert lead["first_contact_at"] == NOON + 2 * HOUR
    assert facts.matches.rows() == [("l-1", "ana", 3.0, 4.0, 0.002)]
    assert facts.rejections.rows() == [("ben", "p-1", "conflict", 1)]
    assert facts.overrides.rows() == [("l-1", "ben", "ana")]
    assert facts.reps.rows() == [("ana", "Ana", True)]


async def test_a_lead_that_nobody_matched_has_no_chance_on_record(records: Records):
    await save_lead(records, "l-1")
    facts = await EffectivenessReader(records).facts("roofing", **PERIOD)
    assert facts.leads.row(0, named=True)["p_lead"] is None
    assert facts.matches.height == 0
