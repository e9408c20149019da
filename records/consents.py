"""The ledger of consent; append-only. Whether a message may go out is for the domain to say."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.events import ConsentEvent
from domain.values import LeadId
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import insert_new
from records.tables import consents


@dataclass(frozen=True)
class SqlConsentLedger:
    """`ConsentLedger` in SQL."""

    database: Database

    async def record(self, event: ConsentEvent) -> bool:
        """Append an event. Idempotent by id."""
        async with self.database.writing() as connection:
            return await write_consents(connection, [event]) > 0

    async def of_lead(self, lead_id: LeadId) -> tuple[ConsentEvent, ...]:
        """Return all events of a lead, in order of time."""
        statement = (
            select(*columns_of(ConsentEvent, consents))
            .where(consents.c.lead_id == lead_id)
            .order_by(consents.c.at, consents.c.seq)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(ConsentEvent, row) for row in await connection.execute(statement))


async def write_consents(connection: AsyncConnection, batch: Sequence[ConsentEvent]) -> int:
    """Append events whose id is new. Returns how many."""
    return await insert_new(connection, consents, [to_row(event, consents) for event in batch])
