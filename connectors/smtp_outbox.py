"""Delivers mail by SMTP, at most once per key. Knows no consent and retries nothing."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from connectors.mail import MailIdentity, compose_mail, file_stem, message_id
from connectors.once import create_once, time_of
from domain.errors import InvalidInputError, OutboxUnavailableError
from domain.events import Channel
from domain.outreach import OutboundMessage, SendReceipt, SendStatus

_SENDING, _SENT = ".sending", ".sent"


@dataclass(frozen=True)
class SmtpServer:
    """Where to hand mail in.

    Attributes:
        host: Name or address.
        port: 587 for STARTTLS, 465 for TLS from the start (`tls`), 25 within a house.
        user: Login name; None sends without login.
        password: Password for it, shown nowhere.
        starttls: Whether the connection must be upgraded to TLS before anything else.
        tls: Whether the connection is TLS from the start.
        timeout_s: Seconds each answer of the server may take.
    """

    host: str
    port: int = 587
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = True
    tls: bool = False
    timeout_s: float = 3.0


@dataclass(frozen=True)
class SmtpOutbox:
    """Mail by SMTP with marks on disk, written ahead.

    SMTP knows no keys: after a crash between handing a mail in and writing that down, nobody can tell whether it
    went out. Sending again could write to the lead twice; not sending could leave the lead without the message.
    Leadline chooses at most once. A mark is made before the mail is handed in; a key whose mark is found without a
    confirmation gives a FAILED receipt that says "in doubt", for a person to decide. A failure before the mail was
    handed in removes the mark, so that trying again is safe.

    Attributes:
        server: Where to hand mail in.
        marks: Folder of the marks; workers on several machines must share it.
        identity: Who the mails are from.
        name: Name of this provider in receipts.
    """

    server: SmtpServer
    marks: Path
    identity: MailIdentity = field(default_factory=MailIdentity)
    name: str = "smtp"

    async def send(self, message: OutboundMessage, *, at: datetime) -> SendReceipt:
        """Send. A key that was sent before gives a duplicate's receipt. Raises `OutboxUnavailableError`."""
        return await asyncio.to_thread(self._send, message, at)

    async def receipt_of(self, key: str) -> SendReceipt | None:
        """Return the receipt of a key, None when it was never handed in. Raises `OutboxUnavailableError`."""
        return await asyncio.to_thread(self._receipt_of, key)

    def _send(self, message: OutboundMessage, at: datetime) -> SendReceipt:
        if message.channel is not Channel.EMAIL:
            detail = f"channel {message.channel.value!r} cannot be sent by SMTP"
            return self._receipt(message.key, SendStatus.FAILED, at, detail)
        try:
            mail = compose_mail(message, self.identity, at=at)
        except InvalidInputError as error:
            return self._receipt(message.key, SendStatus.FAILED, at, str(error))
        mark = self._mark(message.key, _SENDING)
        try:
            if not create_once(mark, b"", at=at):
                return self._known(message.key)
            return self._hand_in(message.key, mail, mark, at)
        except OSError as error:
            raise self._unavailable(error) from error

    def _hand_in(self, key: str, mail: EmailMessage, mark: Path, at: datetime) -> SendReceipt:
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            mark.unlink()
            raise self._unavailable(error) from error
        try:
            connection.send_message(mail)
        except smtplib.SMTPResponseException as error:
            return self._refused(key, mark, at, error.smtp_code, error)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return self._refused(key, mark, at, max(codes), error)
        except (OSError, smtplib.SMTPException):
            return self._known(key)
        finally:
            connection.close()
        create_once(self._mark(key, _SENT), b"", at=at)
        return self._receipt(key, SendStatus.SENT, at, provider_id=message_id(key, self.identity.sender))

    def _refused(self, key: str, mark: Path, at: datetime, code: int, error: smtplib.SMTPException) -> SendReceipt:
        """Take a server's clear no: a 4xx may be tried again, a 5xx is final. Nothing went out either way."""
        mark.unlink()
        if code < 500:  # noqa: PLR2004 - RFC 5321, 4.2.1: 4yz is a transient negative reply
            raise self._unavailable(error) from error
        return self._receipt(key, SendStatus.FAILED, at, f"refused by the mail server: {error}")

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        connect: Callable[..., smtplib.SMTP] = smtplib.SMTP_SSL if server.tls else smtplib.SMTP
        connection = connect(server.host, server.port, timeout=server.timeout_s)
        try:
            if server.starttls and not server.tls:
                connection.starttls(context=ssl.create_default_context())
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _receipt_of(self, key: str) -> SendReceipt | None:
        marked = any(self._mark(key, suffix).exists() for suffix in (_SENDING, _SENT))
        return self._known(key) if marked else None

    def _known(self, key: str) -> SendReceipt:
        sent, sending = self._mark(key, _SENT), self._mark(key, _SENDING)
        proof = message_id(key, self.identity.sender)
        if sent.exists():
            return self._receipt(key, SendStatus.SENT, time_of(sent), provider_id=proof, duplicate=True)
        detail = (
            "in doubt: handed to the mail server, no confirmation; it may have gone out, so it is not sent again. "
            f"Look for Message-ID {proof} in the server's log"
        )
        return self._receipt(key, SendStatus.FAILED, time_of(sending), detail)

    def _mark(self, key: str, suffix: str) -> Path:
        return self.marks / f"{file_stem(key)}{suffix}"

    def _receipt(
        self,
        key: str,
        status: SendStatus,
        at: datetime,
        detail: str = "",
        *,
        provider_id: str | None = None,
        duplicate: bool = False,
    ) -> SendReceipt:
        return SendReceipt(
            key=key,
            status=status,
            at=at,
            provider=self.name,
            provider_id=provider_id,
            detail=detail,
            duplicate=duplicate,
        )

    def _unavailable(self, error: Exception) -> OutboxUnavailableError:
        server = f"{self.server.host}:{self.server.port}"
        return OutboxUnavailableError(f"mail server {server!r} did not take the mail: {error}")
