"""Turns an outbound message into a mail, and a key into a file name. Pure: no clock, no I/O."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

from domain.errors import InvalidInputError
from domain.outreach import OutboundMessage
from domain.values import content_hash

KEY_HEADER = "X-Leadline-Key"
_READABLE_CHARS = 80


@dataclass(frozen=True)
class MailIdentity:
    """Who writes, and how to write back "no".

    Attributes:
        sender: Mail address of the sender.
        name: Name shown beside it.
        unsubscribe: `mailto:` or `https:` address for the List-Unsubscribe header; `{lead_id}` is replaced.
    """

    sender: str = "sales@leadline.example"
    name: str = "Leadline"
    unsubscribe: str = "mailto:unsubscribe@leadline.example?subject={lead_id}"


def file_stem(key: str) -> str:
    """Name a key's file: readable, safe on every file system, and different for different keys."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", key).lstrip(".")[:_READABLE_CHARS]
    return f"{readable}-{content_hash(key, length=16)}"


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID of a key: the same at each attempt, so that receivers can recognise a copy."""
    return f"<{content_hash(key)}@{sender.rpartition('@')[2]}>"


def compose_mail(message: OutboundMessage, identity: MailIdentity, *, at: datetime) -> EmailMessage:
    """Write the mail.

    Args:
        message: What is sent. A line break in the subject becomes a space: it cannot add a header.
        identity: Who sends.
        at: The moment of sending, for the Date header.

    Raises:
        InvalidInputError: If the address is not one mail address.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(identity.name, addr_spec=identity.sender)
    mail["To"] = _address(message.address)
    mail["Subject"] = " ".join((message.subject or "").split())
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(message.key, identity.sender)
    mail["List-Unsubscribe"] = f"<{identity.unsubscribe.format(lead_id=quote(message.lead_id, safe=''))}>"
    if identity.unsubscribe.startswith("https:"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail[KEY_HEADER] = file_stem(message.key)
    mail.set_content(message.body)
    return mail


def _address(text: str) -> Address:
    try:
        address = Address(addr_spec=text)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise InvalidInputError("address", text, "is not one mail address") from error
    if not address.username or "." not in address.domain:
        raise InvalidInputError("address", text, "is not one mail address")
    return address
