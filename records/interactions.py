"""The append-only log of interactions. Knows no lead but its id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.events import Interaction
from domain.values import LeadId
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import insert_new
from records.tables import interactions


@dataclass(frozen=True)
class SqlInteractionLog:
    """`InteractionLog` in SQL."""

    database: Database

    async def append(self, interactions: Sequence[Interaction]) -> int:
        """Append those whose id is new. Returns how many were written."""
        async with self.database.writing() as connection:
            return await write_interactions(connection, interactions)

    async def of_lead(self, lead_id: LeadId, *, before: datetime, limit: int = 200) -> tuple[Interaction, ...]:
        """Return the newest interactions before a moment, in order of time."""
        statement = (
            select(*columns_of(Interaction, interactions))
            .where(interactions.c.lead_id == lead_id, interactions.c.at < before)
            .order_by(interactions.c.at.desc(), interactions.c.seq.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            newest_first = (await connection.execute(statement)).all()
        return tuple(from_row(Interaction, row) for row in reversed(newest_first))


async def write_interactions(connection: AsyncConnection, batch: Sequence[Interaction]) -> int:
    """Append interactions whose id is new. Returns how many."""
    return await insert_new(connection, interactions, [to_row(each, interactions) for each in batch])
