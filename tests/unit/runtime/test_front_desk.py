"""The front desk over real records in SQLite, with journeys that write down what they hear."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.conversations import Message
from domain.errors import JourneyNotFoundError, LeadNotFoundError, WorkflowsUnavailableError
from domain.events import (
    Channel,
    ConsentEvent,
    Interaction,
    InteractionKind,
    Outcome,
    OutcomeKind,
    Purpose,
    has_consent,
)
from domain.journeys import JourneySettings
from domain.people import Lead
from domain.routing import PoolEntry
from domain.values import LeadId, Market
from records.database import open_database
from records.repositories import Records
from runtime.front_desk import FrontDesk
from tests.doubles.journeys import RecordingJourneys
from tests.doubles.routing import RecordingRoutingNews
from tests.doubles.scoring import RecordingNews
from tools.conversation.tool import ConversationTool

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DANA = LeadId("dana")
LEAD = Lead(id=DANA, market=Market("insurance_partners"), created_at=NOW - timedelta(days=3), source="referral")


@dataclass
class MovableClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


class Heard(ConversationTool):
    """The real listener, which remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def read(self, messages, *, now):
        self.messages = list(messages)
        return super().read(messages, now=now)


@dataclass
class Place:
    records: Records
    listener: Heard
    journeys: RecordingJourneys = field(default_factory=RecordingJourneys)
    news: RecordingNews = field(default_factory=RecordingNews)
    routing: RecordingRoutingNews = field(default_factory=RecordingRoutingNews)
    clock: MovableClock = field(default_factory=MovableClock)

    @property
    def desk(self) -> FrontDesk:
        settings = JourneySettings(time_scale=0.5)
        return FrontDesk(self.records, self.journeys, self.listener, self.clock, settings, self.news, self.routing)

    async def may_email(self) -> bool:
        events = await self.records.consents.of_lead(DANA)
        return has_consent(events, Channel.EMAIL, Purpose.MARKETING, now=self.clock.now())

    async def reply(self, text: str, *, reply_id: str = "m-1", at: datetime = NOW) -> None:
        await self.desk.reply_arrived(DANA, reply_id=reply_id, channel=Channel.EMAIL, text=text, at=at)


@pytest.fixture(scope="module")
def listener() -> Heard:
    return Heard()


@pytest.fixture
async def place(tmp_path: Path, listener: Heard) -> AsyncIterator[Place]:
    database = await open_database(f"sqlite:///{tmp_path / 'desk.db'}")
    yield Place(Records.over(database), listener)
    await database.close()


def grant(at: datetime = LEAD.created_at, *, id_: str = "grant") -> ConsentEvent:
    return ConsentEvent(id=id_, lead_id=DANA, channel=Channel.EMAIL, granted=True, at=at, source="form")


async def test_a_lead_arrives_with_its_consent_and_its_journey(place: Place):
    started = await place.desk.lead_arrived(LEAD, consents=[grant()])
    assert (started, await place.may_email(), await place.records.leads.get(DANA)) == (True, True, LEAD)
    assert place.journeys.started[DANA].settings.time_scale == 0.5
    assert [entry.action for entry in await place.records.audit.about(DANA)] == ["lead_saved"]


async def test_the_same_lead_again_writes_and_starts_nothing(place: Place):
    await place.desk.lead_arrived(LEAD, consents=[grant()])
    assert await place.desk.lead_arrived(LEAD, consents=[grant()]) is False
    assert len(await place.records.audit.about(DANA)) == 1


async def test_a_lead_is_stored_when_workflows_do_not_answer(place: Place):
    place.journeys.error = WorkflowsUnavailableError("gone")
    with pytest.raises(WorkflowsUnavailableError):
        await place.desk.lead_arrived(LEAD, consents=[grant()])
    assert (await place.records.leads.get(DANA), await place.may_email()) == (LEAD, True)


async def test_a_refusal_withdraws_every_consent_before_the_journey_hears_of_it(place: Place):
    await place.desk.lead_arrived(LEAD, consents=[grant()])
    place.journeys.error = WorkflowsUnavailableError("gone")
    with pytest.raises(WorkflowsUnavailableError):
        await place.reply("stop")
    assert await place.may_email() is False
    place.journeys.error = None
    await place.reply("stop")
    assert place.journeys.told(DANA) == ["opted out"]


async def test_a_refusal_told_twice_does_not_undo_a_consent_given_between(place: Place):
    await place.desk.lead_arrived(LEAD, consents=[grant()])
    await place.reply("stop")
    place.clock.at = NOW + timedelta(days=1)
    await place.records.consents.record(grant(place.clock.at, id_="again"))
    place.clock.at = NOW + timedelta(days=2)
    await place.reply("stop", at=place.clock.at)
    assert await place.may_email() is True
    assert len(await place.records.interactions.of_lead(DANA, before=place.clock.at)) == 1


async def test_a_refusal_from_the_future_counts_now(place: Place):
    await place.desk.lead_arrived(LEAD, consents=[grant()])
    await place.reply("stop", at=NOW + timedelta(days=365))
    assert await place.may_email() is False


async def test_two_providers_may_number_their_messages_alike(place: Place):
    await place.desk.lead_arrived(LEAD)
    await place.reply("Call me tomorrow.", reply_id="1")
    await place.desk.reply_arrived(DANA, reply_id="1", channel=Channel.SMS, text="And bring the contract.", at=NOW)
    later = NOW + timedelta(seconds=1)
    texts = [i.text for i in await place.records.interactions.of_lead(DANA, before=later)]
    assert texts == ["Call me tomorrow.", "And bring the contract."]


async def test_a_reply_is_read_in_the_context_of_what_both_sides_said(place: Place):
    await place.desk.lead_arrived(LEAD, follow_up=False)
    sent = Interaction(
        id="sent", lead_id=DANA, kind=InteractionKind.EMAIL_SENT, at=NOW - timedelta(hours=2), text="Our offer."
    )
    await place.records.interactions.append([sent])
    await place.reply("Too expensive.", reply_id="m-1", at=NOW - timedelta(hours=1))
    await place.reply("Still too expensive.", reply_id="m-2")
    assert [(m.speaker.value, m.text) for m in place.listener.messages] == [
        ("rep", "Our offer."),
        ("lead", "Too expensive."),
        ("lead", "Still too expensive."),
    ]


async def test_a_reply_without_a_journey_is_stored_all_the_same(place: Place):
    await place.desk.lead_arrived(LEAD, follow_up=False)
    await place.reply("Sounds good.")
    (kept,) = await place.records.interactions.of_lead(DANA, before=NOW + timedelta(seconds=1))
    assert (kept.kind, kept.text, place.journeys.heard) == (InteractionKind.EMAIL_REPLIED, "Sounds good.", [])


async def test_refusing_one_channel_leaves_the_others(place: Place):
    await place.desk.lead_arrived(LEAD, consents=[grant()])
    await place.desk.opted_out(DANA, source="call", at=NOW, key="1", channel=Channel.SMS)
    assert (await place.may_email(), place.journeys.told(DANA)) == (True, [])


async def test_an_outcome_is_recorded_and_told(place: Place):
    await place.desk.lead_arrived(LEAD)
    won = Outcome(lead_id=DANA, kind=OutcomeKind.WON, at=NOW, value=10.0)
    await place.desk.outcome_reached(won)
    assert (await place.records.outcomes.of_lead(DANA), place.journeys.told(DANA)) == (won, ["won"])


async def test_nothing_is_kept_of_a_lead_that_does_not_exist(place: Place):
    with pytest.raises(LeadNotFoundError):
        await place.reply("stop")
    with pytest.raises(LeadNotFoundError):
        await place.desk.opted_out(DANA, source="call", at=NOW, key="1")
    with pytest.raises(LeadNotFoundError):
        await place.desk.outcome_reached(Outcome(lead_id=DANA, kind=OutcomeKind.LOST, at=NOW))
    assert await place.records.consents.of_lead(DANA) == ()


async def test_a_new_lead_is_scored_anew_and_the_same_again_is_not(place: Place):
    await place.desk.lead_arrived(LEAD)
    await place.desk.lead_arrived(LEAD)
    assert place.news.heard == [(LEAD.market, DANA, NOW)]


async def test_what_happens_to_a_lead_asks_for_a_new_score(place: Place):
    await place.desk.lead_arrived(LEAD)
    view = Interaction(id="v-1", lead_id=DANA, kind=InteractionKind.PAGE_VIEWED, at=NOW - timedelta(hours=2))
    place.news.heard.clear()
    stored = [await place.desk.interactions_happened(LEAD, [view]) for _ in range(2)]
    assert (stored, place.news.heard) == ([1, 0], [(LEAD.market, DANA, NOW)])


async def test_a_reply_asks_for_a_new_score_also_when_it_is_a_refusal(place: Place):
    await place.desk.lead_arrived(LEAD, consents=[grant()])
    place.news.heard.clear()
    await place.reply("stop")
    assert place.news.heard == [(LEAD.market, DANA, NOW)]


async def test_a_new_score_is_asked_for_before_the_journey_is_told(place: Place):
    await place.desk.lead_arrived(LEAD)
    place.journeys.error = WorkflowsUnavailableError("gone")
    place.news.heard.clear()
    with pytest.raises(WorkflowsUnavailableError):
        await place.reply("Call me tomorrow.")
    assert place.news.heard == [(LEAD.market, DANA, NOW)]


async def test_an_outcome_takes_the_lead_out_of_the_pool_and_asks_for_a_look_at_it(place: Place):
    await place.desk.lead_arrived(LEAD, follow_up=False)
    entry = PoolEntry(lead_id=DANA, market=LEAD.market, since=NOW, deadline=NOW, owner="boss", reason="full")
    await place.records.pool.put([entry])
    await place.desk.outcome_reached(Outcome(lead_id=DANA, kind=OutcomeKind.WON, at=NOW))
    assert (await place.records.pool.waiting(LEAD.market), place.routing.changed) == ((), [LEAD.market])


async def test_who_stops_a_journey_is_on_record_before_it_ends(place: Place) -> None:
    await place.desk.lead_arrived(LEAD, follow_up=True)
    await place.desk.stop_journey(DANA, by="boss", reason="sold by phone")
    (stopped,) = [entry for entry in await place.records.audit.about(DANA) if entry.action == "journey_stopped"]
    assert (stopped.actor, stopped.details, place.journeys.told(DANA)) == (
        "boss",
        {"reason": "sold by phone"},
        ["stopped"],
    )


async def test_a_journey_that_never_was_cannot_be_stopped(place: Place) -> None:
    await place.desk.lead_arrived(LEAD, follow_up=False)
    with pytest.raises(JourneyNotFoundError):
        await place.desk.stop_journey(DANA, by="boss", reason="why not")
    assert [entry.action for entry in await place.records.audit.about(DANA)] == ["lead_saved"]
