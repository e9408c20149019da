"""Leads that reps declined; append-only. Draws no conclusion from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from domain.people import RejectReason
from domain.routing import LeadRejection
from domain.values import LeadId, Market, ProductId, RepId
from records.columns import require_aware
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import IDS_AT_ONCE, insert_new
from records.tables import lead_rejections, lead_versions, leads


@dataclass(frozen=True)
class SqlRejections:
    """`RejectionRecords` in SQL."""

    database: Database

    async def record(self, rejection: LeadRejection) -> bool:
        """Append a rejection. Idempotent by id."""
        async with self.database.writing() as connection:
            return await insert_new(connection, lead_rejections, [to_row(rejection, lead_rejections)]) > 0

    async def of_lead(self, lead_id: LeadId) -> tuple[LeadRejection, ...]:
        """Return all rejections of a lead, in order of time."""
        return (await self.of_leads([lead_id])).get(lead_id, ())

    async def of_leads(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, tuple[LeadRejection, ...]]:
        """Return the rejections of many leads in few queries; leads without any are absent."""
        found: dict[LeadId, tuple[LeadRejection, ...]] = {}
        async with self.database.reading() as connection:
            for begin in range(0, len(lead_ids), IDS_AT_ONCE):
                statement = (
                    select(*columns_of(LeadRejection, lead_rejections))
                    .where(lead_rejections.c.lead_id.in_(lead_ids[begin : begin + IDS_AT_ONCE]))
                    .order_by(lead_rejections.c.at, lead_rejections.c.seq)
                )
                for row in await connection.execute(statement):
                    rejection = from_row(LeadRejection, row)
                    found[rejection.lead_id] = (*found.get(rejection.lead_id, ()), rejection)
        return found

    async def counts(
        self, market: Market, *, since: datetime, before: datetime
    ) -> Mapping[tuple[RepId, ProductId | None, RejectReason], int]:
        """Count rejections of a period by rep, the lead's product and reason."""
        require_aware(since)
        require_aware(before)
        said, lead, version = lead_rejections.c, leads.c, lead_versions.c
        statement = (
            select(said.rep_id, version.product_id, said.reason, func.count())
            .select_from(
                lead_rejections.join(leads, lead.id == said.lead_id).join(
                    lead_versions, and_(version.id == lead.id, version.version == lead.version)
                )
            )
            .where(lead.market == market, said.at >= since, said.at < before)
            .group_by(said.rep_id, version.product_id, said.reason)
        )
        async with self.database.reading() as connection:
            return {
                (RepId(rep_id), None if product_id is None else ProductId(product_id), RejectReason(reason)): count
                for rep_id, product_id, reason, count in await connection.execute(statement)
            }
