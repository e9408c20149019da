"""Which rep has which lead; append-only. Chooses no rep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.matches import AssignmentRecord
from domain.values import LeadId, Market, RepId
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import insert_new
from records.tables import assignments, leads, outcomes


@dataclass(frozen=True)
class SqlAssignmentRecords:
    """`AssignmentRecords` in SQL."""

    database: Database

    async def record(self, assignment: AssignmentRecord) -> bool:
        """Append an assignment. Idempotent by id."""
        async with self.database.writing() as connection:
            return await write_assignments(connection, [assignment]) > 0

    async def current(self, lead_id: LeadId) -> AssignmentRecord | None:
        """Return the newest assignment, if there is one."""
        statement = (
            select(*columns_of(AssignmentRecord, assignments))
            .where(assignments.c.lead_id == lead_id)
            .order_by(assignments.c.at.desc(), assignments.c.seq.desc())
            .limit(1)
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else from_row(AssignmentRecord, row)

    async def open_counts(self, market: Market) -> Mapping[RepId, int]:
        """Count, per rep, the leads assigned now that have no outcome. Reps without any may be absent."""
        newest_first = (assignments.c.at.desc(), assignments.c.seq.desc())
        age = func.row_number().over(partition_by=assignments.c.lead_id, order_by=newest_first)
        ranked = (
            select(assignments.c.rep_id, age.label("age"))
            .join(leads, leads.c.id == assignments.c.lead_id)
            .where(leads.c.market == market, ~exists().where(outcomes.c.lead_id == leads.c.id))
            .subquery()
        )
        statement = (
            select(ranked.c.rep_id, func.count())
            .where(ranked.c.age == 1, ranked.c.rep_id.is_not(None))
            .group_by(ranked.c.rep_id)
        )
        async with self.database.reading() as connection:
            return {RepId(rep_id): count for rep_id, count in await connection.execute(statement)}


async def write_assignments(connection: AsyncConnection, batch: Sequence[AssignmentRecord]) -> int:
    """Append assignments whose id is new. Returns how many."""
    return await insert_new(connection, assignments, [to_row(each, assignments) for each in batch])
