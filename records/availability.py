"""Which reps are there; append-only. Gives leads to nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, and_, exists, or_, select

from domain.routing import RepAvailability
from domain.values import Market, RepId
from records.columns import require_aware
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import insert_new
from records.tables import rep_availability, reps


@dataclass(frozen=True)
class SqlAvailability:
    """`AvailabilityRecords` in SQL."""

    database: Database

    async def record(self, availability: RepAvailability) -> bool:
        """Append an entry. Idempotent by id."""
        async with self.database.writing() as connection:
            return await insert_new(connection, rep_availability, [to_row(availability, rep_availability)]) > 0

    async def of_rep(self, rep_id: RepId, *, limit: int = 100) -> tuple[RepAvailability, ...]:
        """Return the newest entries of a rep, in order of recording."""
        table = rep_availability.c
        statement = (
            select(*columns_of(RepAvailability, rep_availability))
            .where(table.rep_id == rep_id)
            .order_by(table.at.desc(), table.seq.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            newest_first = (await connection.execute(statement)).all()
        return tuple(from_row(RepAvailability, row) for row in reversed(newest_first))

    async def in_force(self, market: Market, *, at: datetime) -> Mapping[RepId, RepAvailability]:
        """Return what counts at a moment, for the reps about whom something was said."""
        require_aware(at)
        entry, newer = rep_availability, rep_availability.alias("newer")
        recorded_later = or_(newer.c.at > entry.c.at, and_(newer.c.at == entry.c.at, newer.c.seq > entry.c.seq))
        statement = (
            select(*columns_of(RepAvailability, entry))
            .join(reps, reps.c.id == entry.c.rep_id)
            .where(
                reps.c.market == market,
                _covers(entry, at),
                ~exists().where(newer.c.rep_id == entry.c.rep_id, recorded_later, _covers(newer, at)),
            )
        )
        async with self.database.reading() as connection:
            found = (from_row(RepAvailability, row) for row in await connection.execute(statement))
            return {entry.rep_id: entry for entry in found}

    async def during(
        self, market: Market, *, since: datetime, before: datetime
    ) -> Mapping[RepId, tuple[RepAvailability, ...]]:
        """Return the entries that cover some moment of a period, by rep, in order of recording."""
        require_aware(since)
        require_aware(before)
        table = rep_availability.c
        statement = (
            select(*columns_of(RepAvailability, rep_availability))
            .join(reps, reps.c.id == table.rep_id)
            .where(reps.c.market == market, table.since < before, or_(table.until.is_(None), table.until > since))
            .order_by(table.at, table.seq)
        )
        found: dict[RepId, tuple[RepAvailability, ...]] = {}
        async with self.database.reading() as connection:
            for row in await connection.execute(statement):
                entry = from_row(RepAvailability, row)
                found[entry.rep_id] = (*found.get(entry.rep_id, ()), entry)
        return found

    async def next_change(self, market: Market, *, after: datetime) -> datetime | None:
        """Return when, after a moment, an entry about a rep of a market begins or ends next; None if none does."""
        require_aware(after)
        moments = []
        async with self.database.reading() as connection:
            for column in (rep_availability.c.since, rep_availability.c.until):
                statement = (
                    select(column)
                    .join(reps, reps.c.id == rep_availability.c.rep_id)
                    .where(reps.c.market == market, column > after)
                    .order_by(column)
                    .limit(1)
                )
                moments.append((await connection.execute(statement)).scalar_one_or_none())
        return min((at for at in moments if at is not None), default=None)


def _covers(entries: FromClause, at: datetime) -> ColumnElement[bool]:
    return and_(entries.c.since <= at, or_(entries.c.until.is_(None), entries.c.until > at))
