"""Who had which lead and when, over a period. Reads; changes nothing."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import exists, select

from domain.values import Market
from records.columns import require_aware
from records.database import Database
from records.history import INSTANT
from records.history_sql import micros
from records.tables import assignments, leads, outcomes


@dataclass(frozen=True)
class SqlAssignmentLog:
    """The assignments of many leads in order."""

    database: Database

    async def of_market(self, market: Market, *, since: datetime, before: datetime) -> pl.DataFrame:
        """Return every assignment until a moment, of the leads of a market that had not ended before another.

        Args:
            market: The market.
            since: Leads with an outcome before it are left out, aware.
            before: Assignments from then on are left out, aware.

        Returns:
            Columns lead_id, rep_id (null: back in the pool) and at, in order of time and then of recording.
        """
        require_aware(since)
        require_aware(before)
        ended = exists().where(outcomes.c.lead_id == leads.c.id, outcomes.c.at < since)
        statement = (
            select(assignments.c.lead_id, assignments.c.rep_id, micros(self._dialect, assignments.c.at))
            .join(leads, leads.c.id == assignments.c.lead_id)
            .where(leads.c.market == market, assignments.c.at < before, ~ended)
            .order_by(assignments.c.at, assignments.c.seq)
        )
        async with self.database.reading() as connection:
            rows = [tuple(row) for row in await connection.execute(statement)]
        return pl.DataFrame(rows, schema={"lead_id": pl.String(), "rep_id": pl.String(), "at": INSTANT}, orient="row")

    @property
    def _dialect(self) -> str:
        return self.database.engine.dialect.name
