"""Leads in versions: none is ever changed or lost. Decides nothing about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import LeadNotFoundError
from domain.people import Lead
from domain.routing import contact_keys
from domain.values import LeadId, Market
from records.columns import require_aware
from records.database import Database
from records.rows import columns_of, fingerprint, from_row, to_row
from records.statements import IDS_AT_ONCE, insert_new
from records.tables import lead_versions, leads


@dataclass(frozen=True)
class SqlLeadRecords:
    """`LeadRecords` in SQL."""

    database: Database

    async def get(self, lead_id: LeadId) -> Lead:
        """Return the newest version. Raises `LeadNotFoundError`."""
        found = await self._newest(leads.c.id == lead_id, limit=1)
        if not found:
            raise LeadNotFoundError(lead_id)
        return found[0]

    async def save(self, lead: Lead, *, at: datetime) -> bool:
        """Store a new version if it differs from the newest. Returns whether anything was written."""
        async with self.database.writing() as connection:
            return await write_leads(connection, [lead], at=at) > 0

    async def newest(self, market: Market | None, *, limit: int) -> tuple[Lead, ...]:
        """Return leads by `created_at`, newest first."""
        return await self._newest(*() if market is None else (leads.c.market == market,), limit=limit)

    async def get_many(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, Lead]:
        """Return the newest version of each lead that exists."""
        found: dict[LeadId, Lead] = {}
        for begin in range(0, len(lead_ids), IDS_AT_ONCE):
            part = lead_ids[begin : begin + IDS_AT_ONCE]
            found |= {lead.id: lead for lead in await self._newest(leads.c.id.in_(part), limit=IDS_AT_ONCE)}
        return found

    async def _newest(self, *conditions: ColumnElement[bool], limit: int) -> tuple[Lead, ...]:
        newest = and_(lead_versions.c.id == leads.c.id, lead_versions.c.version == leads.c.version)
        statement = (
            select(*columns_of(Lead, lead_versions))
            .select_from(leads.join(lead_versions, newest))
            .where(*conditions)
            .order_by(leads.c.created_at.desc(), leads.c.id.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return tuple(from_row(Lead, row) for row in await connection.execute(statement))


async def write_leads(connection: AsyncConnection, batch: Sequence[Lead], *, at: datetime) -> int:
    """Store a version of each lead that is new or differs from its newest version.

    Of several leads with one id in the batch, the last counts. Rows of leads are locked in the order of their ids,
    so that two writers number the versions one after the other.

    Args:
        connection: An open transaction that writes.
        batch: At most some thousand leads.
        at: When this became known. Version 1 counts as known from `created_at`, whenever it arrives.

    Returns:
        How many versions were written.
    """
    require_aware(at)
    wanted = {lead.id: lead for lead in sorted(batch, key=lambda lead: lead.id)}
    marks = {lead_id: fingerprint(lead) for lead_id, lead in wanted.items()}
    await insert_new(connection, leads, [_pointer(lead, 0, "") for lead in wanted.values()])
    held = await connection.execute(
        select(leads.c.id, leads.c.version, leads.c.fingerprint)
        .where(leads.c.id.in_(wanted))
        .order_by(leads.c.id)
        .with_for_update()
    )
    news = [(wanted[row.id], row.version + 1) for row in held if row.fingerprint != marks[row.id]]
    if news:
        await connection.execute(lead_versions.insert(), [_version(lead, number, at) for lead, number in news])
        await connection.execute(_MOVE, [_pointer(lead, number, marks[lead.id], "new_") for lead, number in news])
    return len(news)


_POINTED = ("version", "fingerprint", "market", "created_at", "email_key", "phone_key", "domain_key")
_MOVE = (
    update(leads).where(leads.c.id == bindparam("new_id")).values({name: bindparam(f"new_{name}") for name in _POINTED})
)


def _pointer(lead: Lead, version: int, mark: str, prefix: str = "") -> dict[str, Any]:
    keys = contact_keys(lead.email, lead.phone)
    row = {
        "id": lead.id,
        "version": version,
        "fingerprint": mark,
        "market": lead.market,
        "created_at": lead.created_at,
        "email_key": keys.email,
        "phone_key": keys.phone,
        "domain_key": keys.domain,
    }
    return {f"{prefix}{name}": value for name, value in row.items()}


def _version(lead: Lead, number: int, at: datetime) -> dict[str, Any]:
    known_from = lead.created_at if number == 1 else max(at, lead.created_at)
    return {**to_row(lead, lead_versions), "version": number, "known_from": known_from}
