"""Which leads there are, and which of them have ended. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from domain.rescoring import LeadStanding
from domain.values import LeadId
from records.database import Database
from records.statements import IDS_AT_ONCE
from records.tables import leads, outcomes


@dataclass(frozen=True)
class SqlLeadStandings:
    """`LeadStandings` in SQL."""

    database: Database

    async def of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, LeadStanding]:
        """Return the standing of each lead that exists."""
        ended_at = select(func.min(outcomes.c.at)).where(outcomes.c.lead_id == leads.c.id).scalar_subquery()
        found: dict[LeadId, LeadStanding] = {}
        async with self.database.reading() as connection:
            for begin in range(0, len(lead_ids), IDS_AT_ONCE):
                statement = select(leads.c.id, leads.c.created_at, ended_at).where(
                    leads.c.id.in_(lead_ids[begin : begin + IDS_AT_ONCE])
                )
                for lead_id, created_at, end in await connection.execute(statement):
                    found[LeadId(lead_id)] = LeadStanding(created_at=created_at, ended_at=end)
        return found
