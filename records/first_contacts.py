"""When reps first contacted leads. Reads; changes nothing."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import and_, func, select

from domain.events import OUTBOUND_KINDS
from domain.values import Market
from records.columns import require_aware
from records.database import Database
from records.history import INSTANT
from records.history_sql import micros
from records.tables import interactions, lead_versions, leads


@dataclass(frozen=True)
class SqlFirstContacts:
    """The first contact of each lead, and the language it speaks."""

    database: Database

    async def of_market(self, market: Market, *, since: datetime, before: datetime) -> pl.DataFrame:
        """Return the leads of a market created in a period, with language and first contact.

        Args:
            market: The market.
            since: First moment of creation, aware.
            before: Leads from then on are left out, and contacts too.

        Returns:
            Columns lead_id, language, first_contact_at; the last is null where no rep contacted the lead.
        """
        require_aware(since)
        require_aware(before)
        dialect = self.database.engine.dialect.name
        first = (
            select(interactions.c.lead_id, func.min(interactions.c.at).label("at"))
            .where(
                interactions.c.rep_id.is_not(None),
                interactions.c.kind.in_(sorted(OUTBOUND_KINDS)),
                interactions.c.at < before,
            )
            .group_by(interactions.c.lead_id)
            .subquery()
        )
        newest = and_(lead_versions.c.id == leads.c.id, lead_versions.c.version == leads.c.version)
        statement = (
            select(leads.c.id, lead_versions.c.language, micros(dialect, first.c.at))
            .select_from(leads.join(lead_versions, newest).outerjoin(first, first.c.lead_id == leads.c.id))
            .where(leads.c.market == market, leads.c.created_at >= since, leads.c.created_at < before)
            .order_by(leads.c.id)
        )
        async with self.database.reading() as connection:
            rows = [tuple(row) for row in await connection.execute(statement)]
        schema = {"lead_id": pl.String(), "language": pl.String(), "first_contact_at": INSTANT}
        return pl.DataFrame(rows, schema=schema, orient="row")
