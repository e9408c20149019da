"""Delivers into a folder: `.eml` files for mail, `.txt` for SMS, one per key. The outbox of development and demo."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connectors.mail import MailIdentity, compose_mail, file_stem
from connectors.once import create_once, time_of
from domain.errors import InvalidInputError, OutboxUnavailableError
from domain.events import Channel
from domain.outreach import OutboundMessage, SendReceipt, SendStatus

_SUFFIXES = {Channel.EMAIL: ".eml", Channel.SMS: ".txt"}


@dataclass(frozen=True)
class FolderOutbox:
    """One file per key, complete or absent, whatever crashes and however many processes send.

    Attributes:
        path: The folder; made when it is missing.
        identity: Who the mails are from.
        name: Name of this provider in receipts.
    """

    path: Path
    identity: MailIdentity = field(default_factory=MailIdentity)
    name: str = "folder"

    async def send(self, message: OutboundMessage, *, at: datetime) -> SendReceipt:
        """Deliver. A key that was delivered before gives a duplicate's receipt. Raises `OutboxUnavailableError`."""
        return await asyncio.to_thread(self._send, message, at)

    async def receipt_of(self, key: str) -> SendReceipt | None:
        """Return the receipt of a key, None when it was not delivered. Raises `OutboxUnavailableError`."""
        return await asyncio.to_thread(self._receipt_of, key)

    def _send(self, message: OutboundMessage, at: datetime) -> SendReceipt:
        suffix = _SUFFIXES.get(message.channel)
        if suffix is None:
            return self._failed(message.key, at, f"channel {message.channel.value!r} cannot be written to a folder")
        try:
            content = self._content(message, at)
        except InvalidInputError as error:
            return self._failed(message.key, at, str(error))
        file = self.path / f"{file_stem(message.key)}{suffix}"
        try:
            created = create_once(file, content, at=at)
            return self._delivered(message.key, file, duplicate=not created)
        except OSError as error:
            raise self._unavailable(error) from error

    def _content(self, message: OutboundMessage, at: datetime) -> bytes:
        if message.channel is Channel.EMAIL:
            return compose_mail(message, self.identity, at=at).as_bytes()
        head = {"to": message.address, "key": message.key, "at": at.isoformat()}
        return f"{json.dumps(head)}\n\n{message.body}\n".encode()

    def _receipt_of(self, key: str) -> SendReceipt | None:
        try:
            for suffix in _SUFFIXES.values():
                file = self.path / f"{file_stem(key)}{suffix}"
                if file.exists():
                    return self._delivered(key, file, duplicate=True)
        except OSError as error:
            raise self._unavailable(error) from error
        return None

    def _delivered(self, key: str, file: Path, *, duplicate: bool) -> SendReceipt:
        return SendReceipt(
            key=key,
            status=SendStatus.SENT,
            at=time_of(file),
            provider=self.name,
            provider_id=file.name,
            duplicate=duplicate,
        )

    def _failed(self, key: str, at: datetime, detail: str) -> SendReceipt:
        return SendReceipt(key=key, status=SendStatus.FAILED, at=at, provider=self.name, detail=detail)

    def _unavailable(self, error: OSError) -> OutboxUnavailableError:
        return OutboxUnavailableError(f"outbox folder {str(self.path)!r} cannot be used: {error}; check its rights")
