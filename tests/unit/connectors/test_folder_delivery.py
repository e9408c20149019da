from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.folder_outbox import FolderOutbox
from connectors.once import create_once, time_of
from domain.errors import OutboxUnavailableError
from domain.events import Channel, Purpose
from domain.outreach import OutboundMessage, SendStatus
from domain.values import LeadId

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def sms() -> OutboundMessage:
    return OutboundMessage(
        key="k",
        lead_id=LeadId("lead-1"),
        channel=Channel.SMS,
        purpose=Purpose.SERVICE,
        address="+15550100",
        body="See you at ten",
    )


async def test_a_text_message_becomes_a_text_file(tmp_path: Path) -> None:
    receipt = await FolderOutbox(tmp_path).send(sms(), at=AT)
    assert receipt.provider_id is not None
    content = (tmp_path / receipt.provider_id).read_text(encoding="utf-8")
    assert (receipt.status, content.endswith("\n\nSee you at ten\n"), "+15550100" in content) == (
        SendStatus.SENT,
        True,
        True,
    )


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file is in the way", encoding="utf-8")
    outbox = FolderOutbox(tmp_path / "outbox")
    with pytest.raises(OutboxUnavailableError, match="cannot be used"):
        await outbox.send(sms(), at=AT)


def test_a_file_is_created_once_with_the_first_content(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    assert [create_once(path, b"first", at=AT), create_once(path, b"second", at=AT)] == [True, False]
    assert (path.read_bytes(), time_of(path)) == (b"first", AT)


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        create_once(tmp_path / "file", b"", at=AT)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
