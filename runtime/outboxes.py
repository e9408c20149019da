"""Chooses the outbox that the settings name."""

from urllib.parse import unquote, urlsplit

from connectors.folder_outbox import FolderOutbox
from connectors.mail import MailIdentity
from connectors.smtp_outbox import SmtpOutbox, SmtpServer
from domain.errors import InvalidInputError
from runtime.settings import Settings


def open_outbox(settings: Settings) -> FolderOutbox | SmtpOutbox:
    """Build the outbox: files under `<home>/outbox`, or mail by SMTP.

    Raises:
        InvalidInputError: If SMTP is chosen without a usable address.
    """
    identity = MailIdentity(
        sender=settings.sender_address,
        name=settings.sender_name,
        unsubscribe=f"mailto:{settings.sender_address}?subject=unsubscribe%20{{lead_id}}",
    )
    if settings.outbox == "folder":
        return FolderOutbox(settings.home / "outbox", identity)
    url = urlsplit(settings.smtp_url.get_secret_value() if settings.smtp_url else "")
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        raise InvalidInputError(
            "LEADLINE_SMTP_URL", f"{url.scheme}://{url.hostname or ''}", "must look like smtp://user:password@host:587"
        )
    implicit_tls = url.scheme == "smtps"
    server = SmtpServer(
        host=url.hostname,
        port=url.port or (465 if implicit_tls else 587),
        user=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        starttls=not implicit_tls,
        tls=implicit_tls,
    )
    return SmtpOutbox(server, settings.home / "outbox-marks", identity)
