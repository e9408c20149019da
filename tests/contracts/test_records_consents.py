from datetime import UTC, datetime, timedelta

from domain.events import Channel, ConsentEvent, Purpose
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_event(n: int, *, granted: bool = True, channel: Channel | None = Channel.EMAIL) -> ConsentEvent:
    return ConsentEvent(
        id=f"c-{n}",
        lead_id="lead-1",
        channel=channel,
        purpose=Purpose.SERVICE,
        granted=granted,
        at=NOON + timedelta(minutes=n),
        source="form",
        proof="checkbox v2",
        expires_at=NOON + timedelta(days=365),
    )


async def test_consent_events_come_back_in_order_of_time(records: Records):
    events = [an_event(2, granted=False, channel=None), an_event(1)]
    for event in events:
        assert await records.consents.record(event)
    assert await records.consents.of_lead("lead-1") == (events[1], events[0])


async def test_a_consent_event_is_recorded_once_and_never_changed(records: Records):
    await records.consents.record(an_event(1))
    assert not await records.consents.record(an_event(1, granted=False))
    assert await records.consents.of_lead("lead-1") == (an_event(1),)


async def test_a_lead_that_was_never_asked_has_no_events(records: Records):
    assert await records.consents.of_lead("lead-1") == ()
