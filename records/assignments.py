"""Which rep has which lead; append-only. Chooses no rep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.matches import AssignmentRecord
from domain.values import LeadId, Market, RepId
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import IDS_AT_ONCE, insert_new
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

    async def current_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, AssignmentRecord]:
        """Return the newest assignment of each lead that ever had one, in few queries."""
        async with self.database.reading() as connection:
            return await read_current(connection, lead_ids)

    async def first_of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, AssignmentRecord]:
        """Return the oldest assignment to a rep of each lead that a rep ever had, in few queries."""
        earlier = assignments.alias("earlier")
        sooner = or_(
            earlier.c.at < assignments.c.at, and_(earlier.c.at == assignments.c.at, earlier.c.seq < assignments.c.seq)
        )
        preceded = exists().where(earlier.c.lead_id == assignments.c.lead_id, earlier.c.rep_id.is_not(None), sooner)
        async with self.database.reading() as connection:
            return await _read(connection, lead_ids, and_(assignments.c.rep_id.is_not(None), ~preceded))

    async def open_counts(self, market: Market) -> Mapping[RepId, int]:
        """Count, per rep, the leads assigned now that have no outcome. Reps without any may be absent."""
        ended = exists().where(outcomes.c.lead_id == assignments.c.lead_id)
        statement = (
            select(assignments.c.rep_id, func.count())
            .join(leads, leads.c.id == assignments.c.lead_id)
            .where(leads.c.market == market, assignments.c.rep_id.is_not(None), ~superseded(), ~ended)
            .group_by(assignments.c.rep_id)
        )
        async with self.database.reading() as connection:
            return {RepId(rep_id): count for rep_id, count in await connection.execute(statement)}


def superseded(row: FromClause = assignments) -> ColumnElement[bool]:
    """Say of a row of `assignments`, or of an alias of it, that its lead has a newer one."""
    newer = assignments.alias("newer")
    later = or_(newer.c.at > row.c.at, and_(newer.c.at == row.c.at, newer.c.seq > row.c.seq))
    return exists().where(newer.c.lead_id == row.c.lead_id, later)


async def read_current(connection: AsyncConnection, lead_ids: Sequence[LeadId]) -> dict[LeadId, AssignmentRecord]:
    """Return the newest assignment of each lead that ever had one."""
    return await _read(connection, lead_ids, ~superseded())


async def _read(
    connection: AsyncConnection, lead_ids: Sequence[LeadId], wanted: ColumnElement[bool]
) -> dict[LeadId, AssignmentRecord]:
    """Return the assignment of each lead that a condition holds for; it holds for one at most."""
    found: dict[LeadId, AssignmentRecord] = {}
    for begin in range(0, len(lead_ids), IDS_AT_ONCE):
        statement = select(*columns_of(AssignmentRecord, assignments)).where(
            assignments.c.lead_id.in_(lead_ids[begin : begin + IDS_AT_ONCE]), wanted
        )
        for row in await connection.execute(statement):
            assignment = from_row(AssignmentRecord, row)
            found[assignment.lead_id] = assignment
    return found


async def write_assignments(connection: AsyncConnection, batch: Sequence[AssignmentRecord]) -> int:
    """Append assignments whose id is new. Returns how many."""
    return await insert_new(connection, assignments, [to_row(each, assignments) for each in batch])
