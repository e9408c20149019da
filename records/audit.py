"""The trail of who did what; append-only."""

from dataclasses import dataclass

from sqlalchemy import select

from domain.decisions import AuditEntry
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import insert_new
from records.tables import audit


@dataclass(frozen=True)
class SqlAuditTrail:
    """`AuditTrail` in SQL."""

    database: Database

    async def append(self, entry: AuditEntry) -> bool:
        """Append an entry. Idempotent by id."""
        async with self.database.writing() as connection:
            return await insert_new(connection, audit, [to_row(entry, audit)]) > 0

    async def about(self, subject_id: str, *, limit: int = 100) -> tuple[AuditEntry, ...]:
        """Return the newest entries about a subject, newest first."""
        statement = (
            select(*columns_of(AuditEntry, audit))
            .where(audit.c.subject_id == subject_id)
            .order_by(audit.c.at.desc(), audit.c.seq.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(AuditEntry, row) for row in await connection.execute(statement))
