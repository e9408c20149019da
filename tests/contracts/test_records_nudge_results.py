from datetime import UTC, datetime, timedelta

from domain.decisions import Decision, DecisionKind
from domain.events import Channel, Purpose
from domain.nudges import NudgeResult
from domain.outreach import OutboundMessage, SendReceipt, SendStatus
from domain.people import Lead
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_result(n: int, *, action: str = "case_study", lead: str = "lead-1", replied: bool) -> NudgeResult:
    return NudgeResult(decision_id=f"d-{n}", lead_id=lead, action_id=action, replied=replied, at=NOON)


async def save_lead(records: Records, id_: str, market: str) -> None:
    await records.leads.save(Lead(id=id_, market=market, created_at=NOON, source="web"), at=NOON)


async def send(records: Records, key: str, *, minute: int, decision: str | None, status: SendStatus) -> None:
    message = OutboundMessage(
        key=key,
        lead_id="lead-1",
        channel=Channel.SMS,
        purpose=Purpose.MARKETING,
        address="+4912345",
        body="Hello",
        decision_id=decision,
    )
    at = NOON + timedelta(minutes=minute)
    await records.sends.claim(message, at=NOON)
    await records.sends.settle(SendReceipt(key=key, status=status, at=at, provider="fake"))


async def test_a_result_is_recorded_once(records: Records):
    assert [await records.nudge_results.record(a_result(1, replied=False)) for _ in range(2)] == [True, False]


async def test_a_reply_replaces_a_silence_but_not_the_other_way(records: Records):
    await save_lead(records, "lead-1", "roofing")
    written = [
        await records.nudge_results.record(a_result(1, replied=replied)) for replied in (False, True, False, True)
    ]
    assert written == [True, True, False, False]
    assert await records.nudge_results.counts("roofing") == {"case_study": (1, 0)}


async def test_replies_and_silences_are_counted_by_action_within_a_market(records: Records):
    await save_lead(records, "lead-1", "roofing")
    await save_lead(records, "lead-2", "real_estate")
    for n, (action, lead, replied) in enumerate(
        [
            ("case_study", "lead-1", True),
            ("case_study", "lead-1", False),
            ("case_study", "lead-1", False),
            ("call", "lead-1", False),
            ("call", "lead-2", True),
        ]
    ):
        await records.nudge_results.record(a_result(n, action=action, lead=lead, replied=replied))
    assert await records.nudge_results.counts("roofing") == {"case_study": (1, 2), "call": (0, 1)}


async def test_what_was_sent_to_a_lead_is_named_by_the_action_its_decision_chose(records: Records):
    nudge = Decision(
        id="d-1", kind=DecisionKind.NUDGE, subject_id="lead-1", at=NOON, inputs_hash="x", chosen="case_study"
    )
    score = nudge.model_copy(update={"id": "d-2", "kind": DecisionKind.SCORE, "chosen": "hot"})
    await records.decisions.record_many([nudge, score])
    await send(records, "late", minute=9, decision="d-1", status=SendStatus.SENT)
    await send(records, "soon", minute=1, decision=None, status=SendStatus.SENT)
    await send(records, "other", minute=5, decision="d-2", status=SendStatus.SENT)
    assert await records.nudge_results.sent_to("lead-1") == (
        ("", "sms", NOON + timedelta(minutes=1)),
        ("", "sms", NOON + timedelta(minutes=5)),
        ("case_study", "sms", NOON + timedelta(minutes=9)),
    )


async def test_what_was_refused_or_failed_was_not_sent(records: Records):
    await send(records, "refused", minute=1, decision=None, status=SendStatus.REFUSED)
    await send(records, "failed", minute=2, decision=None, status=SendStatus.FAILED)
    assert await records.nudge_results.sent_to("lead-1") == ()
