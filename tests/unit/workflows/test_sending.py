"""At most one message per key, whatever fails in between. Records and outbox are the real ones."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.folder_outbox import FolderOutbox
from domain.decisions import DecisionKind
from domain.errors import LeadNotFoundError, OutboxUnavailableError, RecordsUnavailableError
from domain.events import Channel, ConsentEvent, InteractionKind, Purpose
from domain.outreach import SendStatus
from domain.people import Lead
from domain.values import LeadId, Market
from records.database import open_database
from records.repositories import Records
from workflows.payloads import SendRequest
from workflows.sending import Sender, address_of

T0 = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LEAD = Lead(id=LeadId("lead-1"), market=Market("m"), created_at=T0, source="form", email="lead@example.com")
REQUEST = SendRequest(
    key="journey:1",
    lead_id=LEAD.id,
    channel=Channel.EMAIL,
    purpose=Purpose.MARKETING,
    subject="Hello",
    body="Text",
    action_id="intro",
)


@dataclass
class TickingClock:
    """One minute passes each time somebody looks."""

    at: datetime = T0

    def now(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at


@dataclass
class Breaking:
    """Stands before a real object and breaks once: before or after the named call took effect."""

    real: Any
    call: str
    after: bool
    broken: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)
        if name != self.call:
            return method

        async def breaking(*args: Any, **kwargs: Any) -> Any:
            if self.broken:
                return await method(*args, **kwargs)
            self.broken.append(name)
            if self.after:
                await method(*args, **kwargs)
            raise RecordsUnavailableError("the process was killed here")

        return breaking


@dataclass(frozen=True)
class Desk:
    sender: Sender
    records: Records
    folder: Path

    async def consent(self, at: datetime, *, granted: bool) -> None:
        event = ConsentEvent(
            id=f"c-{granted}", lead_id=LEAD.id, channel=Channel.EMAIL, granted=granted, at=at, source="form"
        )
        await self.records.consents.record(event)

    def delivered(self) -> int:
        return len(list(self.folder.glob("*.eml")))

    async def recorded(self) -> tuple[list[InteractionKind], list[str | None]]:
        interactions = await self.records.interactions.of_lead(LEAD.id, before=T0 + timedelta(days=9))
        decisions = await self.records.decisions.about(LEAD.id)
        return [i.kind for i in interactions], [d.chosen for d in decisions if d.kind is DecisionKind.SEND]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = await open_database(f"sqlite:///{tmp_path / 'leadline.db'}")
    records = Records.over(database)
    await records.leads.save(LEAD, at=T0)
    sender = Sender(
        leads=records.leads,
        consents=records.consents,
        sends=records.sends,
        interactions=records.interactions,
        decisions=records.decisions,
        outbox=FolderOutbox(tmp_path / "outbox"),
        clock=TickingClock(),
    )
    yield Desk(sender, records, tmp_path / "outbox")
    await database.close()


async def test_a_message_with_consent_is_sent_and_recorded(desk: Desk) -> None:
    await desk.consent(T0, granted=True)
    receipt = await desk.sender.send(REQUEST)
    assert (receipt.status, desk.delivered()) == (SendStatus.SENT, 1)
    assert await desk.recorded() == ([InteractionKind.EMAIL_SENT], ["sent"])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("part", "call"),
    [
        ("sends", "claim"),
        ("outbox", "receipt_of"),
        ("outbox", "send"),
        ("sends", "settle"),
        ("interactions", "append"),
        ("decisions", "record"),
    ],
)
async def test_killed_anywhere_the_next_attempt_leaves_one_message_and_one_record_of_it(
    desk: Desk, part: str, call: str, *, after: bool
) -> None:
    await desk.consent(T0, granted=True)
    broken = Breaking(getattr(desk.sender, part), call, after)
    sender = replace(desk.sender, **{part: broken})
    with suppress(RecordsUnavailableError):
        await sender.send(REQUEST)
    receipt = await sender.send(REQUEST)
    assert broken.broken == [call]
    assert (receipt.status, desk.delivered()) == (SendStatus.SENT, 1)
    assert await desk.recorded() == ([InteractionKind.EMAIL_SENT], ["sent"])


async def test_without_consent_nothing_is_sent_and_the_refusal_is_recorded(desk: Desk) -> None:
    receipt = await desk.sender.send(REQUEST)
    assert (receipt.status, desk.delivered()) == (SendStatus.REFUSED, 0)
    assert "has given no consent for marketing by email" in receipt.detail
    assert await desk.recorded() == ([], ["refused"])


async def test_consent_for_another_purpose_is_none(desk: Desk) -> None:
    await desk.consent(T0, granted=True)
    receipt = await desk.sender.send(REQUEST.model_copy(update={"purpose": Purpose.SERVICE}))
    assert (receipt.status, desk.delivered()) == (SendStatus.REFUSED, 0)


async def test_a_refused_key_stays_refused_when_consent_comes_later(desk: Desk) -> None:
    await desk.sender.send(REQUEST)
    await desk.consent(T0, granted=True)
    receipt = await desk.sender.send(REQUEST)
    assert (receipt.status, desk.delivered()) == (SendStatus.REFUSED, 0)


async def test_consent_is_looked_up_again_at_each_attempt(desk: Desk) -> None:
    await desk.consent(T0, granted=True)
    sender = replace(desk.sender, outbox=Breaking(desk.sender.outbox, "send", after=False))
    with suppress(RecordsUnavailableError):
        await sender.send(REQUEST)
    await desk.consent(T0 + timedelta(minutes=1), granted=False)
    receipt = await sender.send(REQUEST)
    assert (receipt.status, desk.delivered()) == (SendStatus.REFUSED, 0)


async def test_a_message_that_went_out_is_recorded_as_sent_even_when_consent_ended_since(desk: Desk) -> None:
    await desk.consent(T0, granted=True)
    sender = replace(desk.sender, outbox=Breaking(desk.sender.outbox, "send", after=True))
    with suppress(RecordsUnavailableError):
        await sender.send(REQUEST)
    await desk.consent(T0 + timedelta(minutes=30), granted=False)
    receipt = await sender.send(REQUEST)
    assert (receipt.status, desk.delivered()) == (SendStatus.SENT, 1)
    assert await desk.recorded() == ([InteractionKind.EMAIL_SENT], ["sent"])


async def test_a_lead_without_the_address_is_not_written_to(desk: Desk) -> None:
    await desk.consent(T0, granted=True)
    receipt = await desk.sender.send(REQUEST.model_copy(update={"channel": Channel.SMS}))
    assert (receipt.status, desk.delivered()) == (SendStatus.REFUSED, 0)
    assert "has no address for sms" in receipt.detail


async def test_an_unknown_lead_is_an_error(desk: Desk) -> None:
    with pytest.raises(LeadNotFoundError, match="nobody"):
        await desk.sender.send(REQUEST.model_copy(update={"lead_id": LeadId("nobody")}))


async def test_an_outbox_that_does_not_answer_is_an_error_that_passes(desk: Desk, tmp_path: Path) -> None:
    await desk.consent(T0, granted=True)
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(OutboxUnavailableError):
        await replace(desk.sender, outbox=FolderOutbox(in_the_way)).send(REQUEST)
    receipt = await desk.sender.send(REQUEST)
    assert (receipt.status, desk.delivered()) == (SendStatus.SENT, 1)


async def test_the_decision_holds_the_consent_that_counted(desk: Desk) -> None:
    await desk.consent(T0, granted=True)
    await desk.sender.send(REQUEST)
    [decision] = await desk.records.decisions.about(LEAD.id)
    assert [event["id"] for event in decision.considered] == ["c-True"]


def test_only_mail_and_text_messages_have_addresses() -> None:
    addresses = {channel: address_of(LEAD, channel) for channel in Channel}
    assert {channel for channel, address in addresses.items() if address} == {Channel.EMAIL}
