"""Leads that wait for a rep. Gives them to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.routing import PoolEntry
from domain.values import LeadId, Market
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import IDS_AT_ONCE, insert_new
from records.tables import outcomes, pool
from records.withheld import withheld

_SAY_AGAIN = (
    update(pool)
    .where(pool.c.lead_id == bindparam("waiting"))
    .values({"reason": bindparam("why"), "decision_id": bindparam("decision")})
)


@dataclass(frozen=True)
class SqlPool:
    """`Pool` in SQL."""

    database: Database

    async def put(self, entries: Sequence[PoolEntry]) -> int:
        """Note that leads wait; keeps `since`, deadline and owner of one that waits already. Returns how many are new."""
        if not entries:
            return 0
        async with self.database.writing() as connection:
            newest = [
                {"waiting": entry.lead_id, "why": entry.reason, "decision": entry.decision_id} for entry in entries
            ]
            await connection.execute(_SAY_AGAIN, newest)
            return await insert_new(connection, pool, [to_row(entry, pool) for entry in entries])

    async def waiting(self, market: Market) -> tuple[PoolEntry, ...]:
        """Return the leads that wait, the earliest deadline first; not those that ended or are withheld."""
        ended = exists().where(outcomes.c.lead_id == pool.c.lead_id)
        statement = (
            select(*columns_of(PoolEntry, pool))
            .where(pool.c.market == market, ~ended, ~withheld(pool.c.lead_id))
            .order_by(pool.c.deadline, pool.c.since, pool.c.lead_id)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(PoolEntry, row) for row in await connection.execute(statement))

    async def take_out(self, lead_ids: Sequence[LeadId]) -> int:
        """Remove leads that were given to somebody, or that ended. Returns how many waited."""
        async with self.database.writing() as connection:
            return await remove_from_pool(connection, lead_ids)


async def remove_from_pool(connection: AsyncConnection, lead_ids: Sequence[LeadId]) -> int:
    """Remove leads from the pool. Returns how many waited."""
    removed = 0
    for begin in range(0, len(lead_ids), IDS_AT_ONCE):
        part = lead_ids[begin : begin + IDS_AT_ONCE]
        removed += (await connection.execute(delete(pool).where(pool.c.lead_id.in_(part)))).rowcount
    return removed
