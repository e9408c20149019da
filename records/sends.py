"""The ledger of messages sent, by idempotency key. Sends nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from domain.errors import ConflictError
from domain.outreach import OutboundMessage, SendReceipt
from records.database import Database
from records.rows import to_row
from records.statements import insert_new
from records.tables import sends

_RECEIPT = ("key", "status", "at", "provider", "provider_id", "detail")


@dataclass(frozen=True)
class SqlSendLedger:
    """`SendLedger` in SQL.

    A key goes through two writes, and the provider is called between them: claimed, then settled. A worker killed
    between the two leaves a claim without a receipt, and nobody knows whether the provider got the message. The key
    may then be claimed again, as often as needed, and the message is handed over again under the same key: a provider
    that knows keys delivers it once. The text first claimed stays on record. Once settled, a key is closed: every
    later claim gets the receipt, whatever became of the message.
    """

    database: Database

    async def claim(self, message: OutboundMessage, *, at: datetime) -> SendReceipt | None:
        """Reserve a key. Returns the receipt, marked as duplicate, when the key has one already, else None."""
        async with self.database.writing() as connection:
            # A concurrent claim of the same key waits here until the other one is committed.
            await insert_new(connection, sends, [{**to_row(message, sends), "claimed_at": at}])
            found = await connection.execute(
                select(*(sends.c[name] for name in _RECEIPT)).where(sends.c.key == message.key)
            )
            row = found.one()
        return None if row.status is None else SendReceipt.model_validate({**row._asdict(), "duplicate": True})

    async def settle(self, receipt: SendReceipt) -> None:
        """Store what became of a claimed message. Idempotent by key: the first receipt stays.

        Raises:
            ConflictError: When the key was never claimed.
        """
        row = {"status": receipt.status.value, **receipt.model_dump(include=set(_RECEIPT) - {"key", "status"})}
        open_claim = (sends.c.key == receipt.key, sends.c.status.is_(None))
        async with self.database.writing() as connection:
            settled = await connection.execute(update(sends).where(*open_claim).values(row))
            if settled.rowcount:
                return
            known = await connection.execute(select(sends.c.key).where(sends.c.key == receipt.key))
            if known.one_or_none() is None:
                raise ConflictError(f"key {receipt.key!r} was never claimed; claim a key before sending under it")
