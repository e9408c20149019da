"""How leads ended; append-only. A lead may be won after it was lost: the newest outcome counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.events import Outcome
from domain.values import LeadId
from records.database import Database
from records.rows import columns_of, fingerprint, from_row, to_row
from records.statements import insert_new
from records.tables import outcomes


@dataclass(frozen=True)
class SqlOutcomeRecords:
    """`OutcomeRecords` in SQL."""

    database: Database

    async def record(self, outcome: Outcome) -> bool:
        """Record an outcome. Returns False when exactly this was known."""
        async with self.database.writing() as connection:
            return await write_outcomes(connection, [outcome]) > 0

    async def of_lead(self, lead_id: LeadId) -> Outcome | None:
        """Return the newest outcome, if there is one."""
        statement = (
            select(*columns_of(Outcome, outcomes))
            .where(outcomes.c.lead_id == lead_id)
            .order_by(outcomes.c.at.desc(), outcomes.c.seq.desc())
            .limit(1)
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else from_row(Outcome, row)


async def write_outcomes(connection: AsyncConnection, batch: Sequence[Outcome]) -> int:
    """Append outcomes that are not known word for word. Returns how many."""
    rows = [{**to_row(outcome, outcomes), "fingerprint": fingerprint(outcome)} for outcome in batch]
    return await insert_new(connection, outcomes, rows)
