"""Point-in-time reads: what was known about leads, and how they ended, as Polars frames. Changes nothing.

Whatever happened at or after the moment asked about is in no frame, so that a score cannot see the future.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Executable

from domain.errors import InvalidInputError
from domain.values import Market
from records.columns import require_aware
from records.database import Database
from records.history_sql import MOMENTS, encoded, history_query
from records.outcomes_sql import open_leads_query, outcomes_query

_Schema = Mapping[str, pl.DataType]

INSTANT = pl.Datetime("us", "UTC")

HISTORY_SCHEMA: _Schema = {
    "lead_id": pl.String(),
    "as_of": INSTANT,
    "record": pl.String(),
    "id": pl.String(),
    "at": INSTANT,
    "kind": pl.String(),
    "channel": pl.String(),
    "rep_id": pl.String(),
    "product_id": pl.String(),
    "value": pl.Float64(),
    "payload": pl.String(),
}

OUTCOMES_SCHEMA: _Schema = {
    "lead_id": pl.String(),
    "created_at": INSTANT,
    "product_id": pl.String(),
    "region": pl.String(),
    "source": pl.String(),
    "rep_id": pl.String(),
    "outcome": pl.String(),
    "outcome_at": INSTANT,
    "value": pl.Float64(),
    "currency": pl.String(),
}

OPEN_LEADS_SCHEMA: _Schema = {"lead_id": pl.String(), "created_at": INSTANT}

_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class SqlHistory:
    """The typed event log, read as of a moment."""

    database: Database

    async def known_before(self, moments: pl.DataFrame) -> pl.DataFrame:
        """Return everything known about leads before moments, in one query.

        The record `lead` is the version known at the moment itself (`at` is its creation); all other records happened
        strictly before. A `nudge` is a message sent: `kind` is the action, `value` 1 or 0 once it was known whether
        the lead replied. A lead that did not exist yet at a moment has no row for it.

        Args:
            moments: Columns `lead_id` (text) and `as_of` (aware); a lead may appear at several moments.

        Returns:
            Frame of `HISTORY_SCHEMA`, ordered by lead, moment and time. `payload` is a JSON object or null.

        Raises:
            InvalidInputError: When a column is missing or `as_of` is naive.
            RecordsUnavailableError: When the database does not answer.
        """
        parameters = {MOMENTS: encoded(_checked(moments).unique(), self._dialect)}
        history = await self._frame(history_query(self._dialect), HISTORY_SCHEMA, parameters)
        return history.sort("lead_id", "as_of", "at", "record", "id")

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Return how every lead of a market created before a moment had ended by then.

        Args:
            market: The market.
            before: Aware. Outcomes, assignments and versions of leads from then on are left out.

        Returns:
            Frame of `OUTCOMES_SCHEMA` by time of creation, one row per lead; `outcome` and what follows it is null
            for a lead still open. `rep_id` is the rep of the outcome, else the one who had the lead at that time.
        """
        require_aware(before)
        statement = outcomes_query(self._dialect, market, before)
        return (await self._frame(statement, OUTCOMES_SCHEMA, {})).sort("created_at", "lead_id")

    async def open_leads(self, market: Market, *, as_of: datetime) -> pl.DataFrame:
        """Return the leads of a market that exist and have no outcome before a moment, by time of creation."""
        require_aware(as_of)
        statement = open_leads_query(self._dialect, market, as_of)
        return (await self._frame(statement, OPEN_LEADS_SCHEMA, {})).sort("created_at", "lead_id")

    @property
    def _dialect(self) -> str:
        return self.database.engine.dialect.name

    async def _frame(self, statement: Executable, schema: _Schema, parameters: Mapping[str, str]) -> pl.DataFrame:
        """Run a statement and stream its rows, by position, into a frame; the rows never exist all at once."""
        parts = [pl.DataFrame(schema=schema)]
        async with self.database.reading() as connection, connection.stream(statement, dict(parameters)) as rows:
            async for part in rows.partitions(_ROWS_AT_ONCE):
                columns = zip(schema.items(), zip(*part, strict=True), strict=True)
                parts.append(pl.DataFrame([pl.Series(name, values, dtype) for (name, dtype), values in columns]))
        return pl.concat(parts)


def _checked(moments: pl.DataFrame) -> pl.DataFrame:
    for name in ("lead_id", "as_of"):
        if name not in moments.columns:
            raise InvalidInputError("moments", moments.columns, f"lacks the column {name!r}")
    dtype = moments.schema["as_of"]
    if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
        raise InvalidInputError("moments.as_of", str(dtype), "is no aware time; use Datetime with a time zone")
    return moments.select(
        pl.col("lead_id").cast(pl.String), pl.col("as_of").dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    )
