"""The laws of every outbox: a key is delivered once, and an outbox can say what it knows of a key."""

import asyncio
import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from connectors.folder_outbox import FolderOutbox
from connectors.smtp_outbox import SmtpOutbox, SmtpServer
from domain.events import Channel, Purpose
from domain.outreach import OutboundMessage, SendStatus
from domain.values import LeadId

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


@dataclass
class Case:
    """An outbox, a way to see what it delivered, and a way to open it again in another process."""

    outbox: FolderOutbox | SmtpOutbox
    delivered: Callable[[], list[EmailMessage]]


@dataclass
class Inbox:
    mails: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope.content)
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


@pytest.fixture
def folder_case(tmp_path: Path) -> Case:
    folder = tmp_path / "outbox"
    return Case(FolderOutbox(folder), lambda: [parsed(file.read_bytes()) for file in sorted(folder.glob("*.eml"))])


@pytest.fixture
def smtp_case(tmp_path: Path) -> Iterator[Case]:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    server = SmtpServer("127.0.0.1", controller.port, starttls=False)
    yield Case(SmtpOutbox(server, tmp_path / "marks"), lambda: [parsed(content) for content in inbox.mails])
    controller.stop()


@pytest.fixture(params=["folder_case", "smtp_case"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.getfixturevalue(request.param)


def message(key: str = "lead-1:abc:1", **changes: Any) -> OutboundMessage:
    facts: dict[str, Any] = {
        "key": key,
        "lead_id": LeadId("lead-1"),
        "channel": Channel.EMAIL,
        "purpose": Purpose.MARKETING,
        "address": "lead@example.com",
        "subject": "Your question",
        "body": "Grüße, and 5 € off.\n",
    }
    return OutboundMessage(**{**facts, **changes})


async def test_delivers_what_it_was_given(case: Case) -> None:
    receipt = await case.outbox.send(message(), at=AT)
    [mail] = case.delivered()
    assert (receipt.status, receipt.key, receipt.at, receipt.duplicate) == (SendStatus.SENT, message().key, AT, False)
    assert (mail["To"], mail["Subject"]) == ("lead@example.com", "Your question")
    assert mail.get_content().replace("\r\n", "\n") == "Grüße, and 5 € off.\n"


async def test_a_mail_offers_a_way_out_and_names_its_key(case: Case) -> None:
    await case.outbox.send(message(), at=AT)
    [mail] = case.delivered()
    assert mail["List-Unsubscribe"].strip() == "<mailto:unsubscribe@leadline.example?subject=lead-1>"
    assert mail["X-Leadline-Key"].startswith("lead-1_abc_1-")
    assert mail["Message-ID"].endswith("@leadline.example>")
    assert mail["Date"].datetime == AT


async def test_the_same_key_is_delivered_once(case: Case) -> None:
    await case.outbox.send(message(), at=AT)
    again = await case.outbox.send(message(body="Another text"), at=LATER)
    assert len(case.delivered()) == 1
    assert (again.status, again.at, again.duplicate) == (SendStatus.SENT, AT, True)


async def test_the_same_key_at_the_same_time_is_delivered_once(case: Case) -> None:
    await asyncio.gather(*(case.outbox.send(message(), at=AT) for _ in range(8)))
    assert len(case.delivered()) == 1


async def test_different_keys_are_delivered_each(case: Case) -> None:
    for key in ("a/b", "a_b", "a:b", "..", "k" * 200):
        await case.outbox.send(message(key), at=AT)
    assert len(case.delivered()) == 5


async def test_knows_nothing_of_a_key_that_was_never_tried(case: Case) -> None:
    assert await case.outbox.receipt_of("never") is None


async def test_remembers_a_key_that_was_delivered(case: Case) -> None:
    sent = await case.outbox.send(message(), at=AT)
    known = await case.outbox.receipt_of(message().key)
    assert known == sent.model_copy(update={"duplicate": True})


async def test_a_line_break_in_the_subject_adds_no_header(case: Case) -> None:
    await case.outbox.send(message(subject="Hello\r\nBcc: everyone@example.com"), at=AT)
    [mail] = case.delivered()
    assert (mail["Bcc"], mail["Subject"]) == (None, "Hello Bcc: everyone@example.com")


@pytest.mark.parametrize(
    "address", ["nobody", "a@b@c.com", "x@y.com, z@y.com", "a b@c.com", "@c.com", "a@c.com\nBcc: b"]
)
async def test_an_address_that_is_none_fails_without_a_delivery(case: Case, address: str) -> None:
    receipt = await case.outbox.send(message(address=address), at=AT)
    assert (receipt.status, case.delivered()) == (SendStatus.FAILED, [])
    assert "is not one mail address" in receipt.detail


async def test_a_channel_it_does_not_serve_fails_without_a_delivery(case: Case) -> None:
    receipt = await case.outbox.send(message(channel=Channel.PHONE), at=AT)
    assert (receipt.status, case.delivered()) == (SendStatus.FAILED, [])
