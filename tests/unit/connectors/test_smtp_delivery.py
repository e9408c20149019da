"""What SMTP does when the other side fails: nothing is ever sent twice, and what is in doubt says so."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from connectors.mail import file_stem
from connectors.smtp_outbox import SmtpOutbox, SmtpServer
from domain.errors import OutboxUnavailableError
from domain.events import Channel, Purpose
from domain.outreach import OutboundMessage, SendStatus
from domain.values import LeadId

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MESSAGE = OutboundMessage(
    key="k-1",
    lead_id=LeadId("lead-1"),
    channel=Channel.EMAIL,
    purpose=Purpose.MARKETING,
    address="lead@example.com",
    subject="Hello",
    body="Text",
)


@dataclass
class ScriptedInbox:
    """Answers each mail with the next line of its script; `None` hangs up instead of answering."""

    answers: list[str | None]
    seen: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.seen += 1
        answer = self.answers.pop(0)
        if answer is None:
            server.transport.abort()
            return "421 gone"
        return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def mail_server(*answers: str | None) -> Iterator[tuple[ScriptedInbox, SmtpServer]]:
    inbox = ScriptedInbox(list(answers))
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield inbox, SmtpServer("127.0.0.1", controller.port, starttls=False)
    finally:
        controller.stop()


async def test_a_server_that_hangs_up_after_the_mail_leaves_it_in_doubt_and_unsent(tmp_path: Path) -> None:
    with mail_server(None, "250 OK") as (inbox, server):
        outbox = SmtpOutbox(server, tmp_path)
        first = await outbox.send(MESSAGE, at=AT)
        second = await outbox.send(MESSAGE, at=AT)
    assert (first.status, second.status, inbox.seen) == (SendStatus.FAILED, SendStatus.FAILED, 1)
    assert first.detail.startswith("in doubt")


async def test_a_crash_before_the_confirmation_leaves_the_key_in_doubt(tmp_path: Path) -> None:
    (tmp_path / f"{file_stem(MESSAGE.key)}.sending").touch()
    with mail_server("250 OK") as (inbox, server):
        outbox = SmtpOutbox(server, tmp_path)
        known = await outbox.receipt_of(MESSAGE.key)
        receipt = await outbox.send(MESSAGE, at=AT)
    assert known is not None
    assert (known.status, receipt.status, inbox.seen) == (SendStatus.FAILED, SendStatus.FAILED, 0)
    assert "in doubt" in receipt.detail


async def test_a_server_that_is_not_there_may_be_tried_again(tmp_path: Path) -> None:
    absent = SmtpOutbox(SmtpServer("127.0.0.1", free_port(), starttls=False), tmp_path)
    with pytest.raises(OutboxUnavailableError, match="did not take the mail"):
        await absent.send(MESSAGE, at=AT)
    assert await absent.receipt_of(MESSAGE.key) is None
    with mail_server("250 OK") as (_, server):
        receipt = await SmtpOutbox(server, tmp_path).send(MESSAGE, at=AT)
    assert receipt.status is SendStatus.SENT


async def test_a_refusal_for_now_may_be_tried_again(tmp_path: Path) -> None:
    with mail_server("451 try later", "250 OK") as (_, server):
        outbox = SmtpOutbox(server, tmp_path)
        with pytest.raises(OutboxUnavailableError, match="451"):
            await outbox.send(MESSAGE, at=AT)
        receipt = await outbox.send(MESSAGE, at=AT)
    assert receipt.status is SendStatus.SENT


async def test_a_refusal_for_good_is_a_failure(tmp_path: Path) -> None:
    with mail_server("554 no") as (_, server):
        receipt = await SmtpOutbox(server, tmp_path).send(MESSAGE, at=AT)
    assert receipt.status is SendStatus.FAILED
    assert "554" in receipt.detail


async def test_a_server_without_tls_is_refused_when_tls_is_asked_for(tmp_path: Path) -> None:
    with mail_server() as (inbox, server):
        outbox = SmtpOutbox(SmtpServer(server.host, server.port, starttls=True), tmp_path)
        with pytest.raises(OutboxUnavailableError, match="STARTTLS"):
            await outbox.send(MESSAGE, at=AT)
    assert inbox.seen == 0


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(SmtpServer("h", password="hunter2"))
