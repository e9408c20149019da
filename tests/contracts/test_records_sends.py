import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import ConflictError
from domain.events import Channel, Purpose
from domain.outreach import OutboundMessage, SendReceipt, SendStatus
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE = OutboundMessage(
    key="journey-1/3",
    lead_id="lead-1",
    channel=Channel.EMAIL,
    purpose=Purpose.MARKETING,
    address="ada@example.org",
    subject="Your roof",
    body="Good morning",
)
RECEIPT = SendReceipt(
    key=MESSAGE.key, status=SendStatus.SENT, at=NOON, provider="smtp", provider_id="<1@mx>", detail="consent c-1"
)
KNOWN = RECEIPT.model_copy(update={"duplicate": True})


async def test_a_new_key_has_no_receipt(records: Records):
    assert await records.sends.claim(MESSAGE, at=NOON) is None


async def test_a_settled_key_is_closed_for_ever(records: Records):
    await records.sends.claim(MESSAGE, at=NOON)
    await records.sends.settle(RECEIPT)
    assert [await records.sends.claim(MESSAGE, at=NOON + timedelta(days=n)) for n in range(2)] == [KNOWN, KNOWN]


async def test_a_claim_whose_worker_died_may_be_claimed_again(records: Records):
    assert [await records.sends.claim(MESSAGE, at=NOON) for _ in range(2)] == [None, None]


async def test_workers_claiming_and_settling_one_key_at_once_leave_one_receipt(records: Records):
    async def work(n: int) -> None:
        if await records.sends.claim(MESSAGE, at=NOON) is None:
            await records.sends.settle(RECEIPT.model_copy(update={"provider_id": str(n)}))

    await asyncio.gather(*(work(n) for n in range(8)))
    receipts = {await records.sends.claim(MESSAGE, at=NOON) for _ in range(3)}
    assert len(receipts) == 1
    assert len(await records.nudge_results.sent_to("lead-1")) == 1


async def test_of_workers_claiming_a_settled_key_at_once_none_may_send(records: Records):
    await records.sends.claim(MESSAGE, at=NOON)
    await records.sends.settle(RECEIPT)
    assert await asyncio.gather(*(records.sends.claim(MESSAGE, at=NOON) for _ in range(4))) == [KNOWN] * 4


async def test_the_first_receipt_stays(records: Records):
    await records.sends.claim(MESSAGE, at=NOON)
    await records.sends.settle(RECEIPT)
    await records.sends.settle(RECEIPT.model_copy(update={"status": SendStatus.FAILED}))
    assert await records.sends.claim(MESSAGE, at=NOON) == KNOWN


async def test_what_was_never_claimed_cannot_be_settled(records: Records):
    with pytest.raises(ConflictError, match="journey-1/3"):
        await records.sends.settle(RECEIPT)
