"""What managers said about matches; append-only. Moves no lead."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.routing import MatchOverride
from domain.values import LeadId, Market
from records.columns import require_aware
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import insert_new
from records.tables import leads, match_overrides


@dataclass(frozen=True)
class SqlMatchOverrides:
    """`MatchOverrideRecords` in SQL."""

    database: Database

    async def record(self, override: MatchOverride) -> bool:
        """Append an override. Idempotent by id."""
        async with self.database.writing() as connection:
            return await insert_new(connection, match_overrides, [to_row(override, match_overrides)]) > 0

    async def of_lead(self, lead_id: LeadId) -> tuple[MatchOverride, ...]:
        """Return all overrides of a lead, in order of time."""
        statement = (
            select(*columns_of(MatchOverride, match_overrides))
            .where(match_overrides.c.lead_id == lead_id)
            .order_by(match_overrides.c.at, match_overrides.c.seq)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(MatchOverride, row) for row in await connection.execute(statement))

    async def in_market(self, market: Market, *, since: datetime, before: datetime) -> tuple[MatchOverride, ...]:
        """Return the overrides of a period, in order of time."""
        require_aware(since)
        require_aware(before)
        said = match_overrides.c
        statement = (
            select(*columns_of(MatchOverride, match_overrides))
            .join(leads, leads.c.id == said.lead_id)
            .where(leads.c.market == market, said.at >= since, said.at < before)
            .order_by(said.at, said.seq)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(MatchOverride, row) for row in await connection.execute(statement))
