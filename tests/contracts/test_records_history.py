import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from domain.decisions import Decision, DecisionKind
from domain.errors import InvalidInputError
from domain.events import Channel, ConsentEvent, Interaction, InteractionKind, Outcome, OutcomeKind, Purpose
from domain.matches import AssignmentRecord
from domain.nudges import NudgeResult
from domain.outreach import OutboundMessage, SendReceipt, SendStatus
from domain.people import Lead
from records.history import HISTORY_SCHEMA
from records.repositories import Records

BORN = datetime(2026, 3, 1, 12, 0, 0, 7, tzinfo=UTC)


def hour(n: float) -> datetime:
    return BORN + timedelta(hours=n)


def a_lead(id_: str = "lead-1", **changes) -> Lead:
    values = {"id": id_, "market": "roofing", "created_at": BORN, "source": "web", "region": "north"}
    return Lead(**{**values, **changes})


def an_interaction(id_: str, at: datetime, lead: str = "lead-1", **changes) -> Interaction:
    return Interaction(id=id_, lead_id=lead, kind=InteractionKind.PAGE_VIEWED, at=at, **changes)


def moments(*asked: tuple[str, datetime]) -> pl.DataFrame:
    schema = {"lead_id": pl.String, "as_of": pl.Datetime("us", "UTC")}
    return pl.DataFrame([{"lead_id": lead, "as_of": at} for lead, at in asked], schema=schema)


async def rows(records: Records, *asked: tuple[str, datetime], record: str) -> list[dict[str, object]]:
    history = await records.history.known_before(moments(*asked))
    return history.filter(pl.col("record") == record).to_dicts()


async def test_a_lead_is_described_as_it_was_known_at_the_moment(records: Records):
    await records.leads.save(a_lead(email="a@b.example", fields={"roof_m2": 120.0}, product_id="slate"), at=hour(50))
    assert (await rows(records, ("lead-1", BORN), record="lead")) == [
        {
            "lead_id": "lead-1",
            "as_of": BORN,
            "record": "lead",
            "id": "lead-1",
            "at": BORN,
            "kind": "web",
            "channel": None,
            "rep_id": None,
            "product_id": "slate",
            "value": None,
            "payload": (payload := (await rows(records, ("lead-1", BORN), record="lead"))[0]["payload"]),
        }
    ]
    assert json.loads(str(payload)) == {
        "market": "roofing",
        "region": "north",
        "language": "en",
        "timezone": "UTC",
        "company": None,
        "fields": {"roof_m2": 120.0},
        "has_email": True,
        "has_phone": False,
    }


async def test_each_moment_sees_the_newest_version_stored_by_then(records: Records):
    for n, region in ((0, "north"), (10, "south"), (20, "west")):
        await records.leads.save(a_lead(region=region), at=hour(n))
    asked = [("lead-1", hour(n)) for n in (0, 9, 10, 19, 20)]
    seen = [json.loads(str(row["payload"]))["region"] for row in await rows(records, *asked, record="lead")]
    assert seen == ["north", "north", "south", "south", "west"]


async def test_a_lead_that_is_not_there_yet_has_no_row_of_any_kind(records: Records):
    await records.leads.save(a_lead(), at=BORN)
    await records.interactions.append([an_interaction("early", hour(-5)), an_interaction("alien", hour(-5), lead="x")])
    asked = moments(("lead-1", BORN - timedelta(microseconds=1)), ("x", hour(1)))
    assert (await records.history.known_before(asked)).height == 0


async def test_a_fact_at_the_moment_itself_is_not_known_before_it(records: Records):
    await records.leads.save(a_lead(), at=BORN)
    await records.interactions.append([an_interaction("i", hour(1))])
    await records.outcomes.record(Outcome(lead_id="lead-1", kind=OutcomeKind.WON, at=hour(1), value=5))
    await records.assignments.record(AssignmentRecord(id="a", lead_id="lead-1", rep_id="r", at=hour(1), by="importer"))
    await records.consents.record(
        ConsentEvent(id="c", lead_id="lead-1", channel=None, granted=True, at=hour(1), source="form")
    )
    await send(records, at=hour(1))
    at, after = hour(1), hour(1) + timedelta(microseconds=1)
    history = await records.history.known_before(moments(("lead-1", at), ("lead-1", after)))
    seen = {moment: set(history.filter(pl.col("as_of") == moment)["record"]) for moment in (at, after)}
    assert seen == {at: {"lead"}, after: {"lead", "interaction", "outcome", "assignment", "consent", "nudge"}}


async def test_an_interaction_carries_its_text_and_attributes(records: Records):
    await records.leads.save(a_lead(), at=BORN)
    said = 'She said "no\n…" \\ yes'
    await records.interactions.append(
        [
            an_interaction("1", hour(1), text=said, attributes={"bot": True, "n": 2.0}),
            an_interaction("2", hour(2), text=said),
            an_interaction("3", hour(3), attributes={"action_id": "call"}),
            an_interaction("4", hour(4), channel=Channel.WEB, rep_id="rep-1", product_id="slate", duration_s=3.5),
        ]
    )
    seen = await rows(records, ("lead-1", hour(9)), record="interaction")
    payloads = [None if row["payload"] is None else json.loads(str(row["payload"])) for row in seen]
    assert payloads == [{"text": said, "bot": True, "n": 2.0}, {"text": said}, {"action_id": "call"}, None]
    last = seen[-1]
    assert [last[name] for name in ("kind", "channel", "rep_id", "product_id", "value")] == [
        "page_viewed",
        "web",
        "rep-1",
        "slate",
        3.5,
    ]


async def test_facts_are_told_by_kind_and_value(records: Records):
    await records.leads.save(a_lead(), at=BORN)
    await records.outcomes.record(
        Outcome(lead_id="lead-1", kind=OutcomeKind.WON, at=hour(4), value=12.5, rep_id="rep-1", product_id="slate")
    )
    for n, rep in ((1, "rep-1"), (2, None)):
        await records.assignments.record(
            AssignmentRecord(id=f"a{n}", lead_id="lead-1", rep_id=rep, at=hour(n), by="matcher")
        )
    await records.consents.record(
        ConsentEvent(id="c", lead_id="lead-1", channel=Channel.SMS, granted=False, at=hour(3), source="reply")
    )
    history = await records.history.known_before(moments(("lead-1", hour(9))))
    told = history.select("record", "kind", "channel", "rep_id", "product_id", "value").rows()
    assert told[1:] == [
        ("assignment", "matcher", None, "rep-1", None, None),
        ("assignment", "matcher", None, None, None, None),
        ("consent", "withdrawn", "sms", None, None, None),
        ("outcome", "won", None, "rep-1", "slate", 12.5),
    ]


async def send(records: Records, *, at: datetime, decision: str | None = None) -> None:
    message = OutboundMessage(
        key=f"k-{at}",
        lead_id="lead-1",
        channel=Channel.EMAIL,
        purpose=Purpose.MARKETING,
        address="a@b.example",
        body="Hello",
        decision_id=decision,
    )
    await records.sends.claim(message, at=at)
    await records.sends.settle(SendReceipt(key=message.key, status=SendStatus.SENT, at=at, provider="fake"))


async def test_a_nudge_is_a_message_sent_whose_answer_counts_from_when_it_was_known(records: Records):
    await records.leads.save(a_lead(), at=BORN)
    await records.decisions.record(
        Decision(id="d", kind=DecisionKind.NUDGE, subject_id="lead-1", at=hour(1), inputs_hash="x", chosen="call_offer")
    )
    await send(records, at=hour(2), decision="d")
    await records.nudge_results.record(
        NudgeResult(decision_id="d", lead_id="lead-1", action_id="call_offer", replied=True, at=hour(5))
    )
    seen = await rows(records, ("lead-1", hour(3)), ("lead-1", hour(6)), record="nudge")
    assert [(row["kind"], row["channel"], row["value"]) for row in seen] == [
        ("call_offer", "email", None),
        ("call_offer", "email", 1.0),
    ]


@pytest.mark.parametrize("seed", [2024, 2025])
async def test_at_every_moment_exactly_the_facts_before_it_are_known_in_order(records: Records, seed: int):
    rng = np.random.default_rng(seed)
    facts = [
        an_interaction(f"{lead}-{n}", hour(int(rng.integers(0, 40))), lead=lead)
        for lead in ("Lead-b", "lead-a")
        for n in range(30)
    ]
    for lead in ("Lead-b", "lead-a"):
        await records.leads.save(a_lead(lead), at=BORN)
    await records.interactions.append(facts)
    asked = [(lead, hour(int(n))) for lead in ("lead-a", "Lead-b") for n in rng.integers(0, 42, size=8)]
    seen = await rows(records, *asked, record="interaction")
    expected = sorted(
        (lead, as_of, fact.at, fact.id)
        for lead, as_of in set(asked)
        for fact in facts
        if fact.lead_id == lead and fact.at < as_of
    )
    assert [(row["lead_id"], row["as_of"], row["at"], row["id"]) for row in seen] == expected


async def test_no_moments_give_an_empty_frame_of_the_schema(records: Records):
    history = await records.history.known_before(moments())
    assert_frame_equal(history, pl.DataFrame(schema=HISTORY_SCHEMA))


@pytest.mark.parametrize(
    ("frame", "rule"),
    [
        (pl.DataFrame({"lead_id": ["a"]}), "lacks the column 'as_of'"),
        (pl.DataFrame({"lead_id": ["a"], "as_of": [BORN.replace(tzinfo=None)]}), "time zone"),
    ],
)
async def test_moments_that_are_none_are_refused(records: Records, frame: pl.DataFrame, rule: str):
    with pytest.raises(InvalidInputError, match=rule):
        await records.history.known_before(frame)


async def test_outcomes_tell_of_every_lead_how_it_had_ended_by_then(records: Records):
    await records.leads.save(a_lead("won", product_id="slate"), at=BORN)
    await records.leads.save(a_lead("open", created_at=hour(1)), at=BORN)
    await records.leads.save(a_lead("later", created_at=hour(50)), at=BORN)
    await records.leads.save(a_lead("elsewhere", market="real_estate"), at=BORN)
    for n, (lead, rep) in enumerate([("won", "rep-1"), ("won", "rep-2"), ("open", "rep-3")]):
        await records.assignments.record(
            AssignmentRecord(id=f"{n}", lead_id=lead, rep_id=rep, at=hour(10 * n), by="importer")
        )
    for kind, at in ((OutcomeKind.LOST, 3), (OutcomeKind.WON, 5), (OutcomeKind.DISQUALIFIED, 50)):
        value = 99.5 if kind is OutcomeKind.WON else None
        await records.outcomes.record(Outcome(lead_id="won", kind=kind, at=hour(at), value=value, currency="EUR"))
    table = await records.history.outcomes("roofing", before=hour(50))
    assert table.rows() == [
        ("won", BORN, "slate", "north", "web", "rep-1", "won", hour(5), 99.5, "EUR"),
        ("open", hour(1), None, "north", "web", "rep-3", None, None, None, None),
    ]


async def test_the_rep_of_an_outcome_is_the_one_it_names(records: Records):
    await records.leads.save(a_lead(), at=BORN)
    await records.assignments.record(AssignmentRecord(id="1", lead_id="lead-1", rep_id="rep-1", at=BORN, by="importer"))
    await records.outcomes.record(Outcome(lead_id="lead-1", kind=OutcomeKind.LOST, at=hour(3), rep_id="rep-7"))
    table = await records.history.outcomes("roofing", before=hour(9))
    assert table["rep_id"].to_list() == ["rep-7"]


async def test_open_leads_are_there_and_have_not_ended_by_then(records: Records):
    for n, lead in enumerate(["ended", "ends_now", "born_now", "unborn"]):
        await records.leads.save(a_lead(lead, created_at=hour(n)), at=BORN)
    for lead, at in (("ended", 1), ("ends_now", 2)):
        await records.outcomes.record(Outcome(lead_id=lead, kind=OutcomeKind.LOST, at=hour(at)))
    table = await records.history.open_leads("roofing", as_of=hour(2))
    assert table.rows() == [("ends_now", hour(1)), ("born_now", hour(2))]


async def test_a_naive_moment_is_refused(records: Records):
    with pytest.raises(InvalidInputError, match="time zone"):
        await records.history.outcomes("roofing", before=BORN.replace(tzinfo=None))
