"""What both back ends share: two ways to insert (what is new, what has changed), and how many ids at once. Knows no table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

IDS_AT_ONCE = 1_000
"""Most ids in one `IN`; SQLite allows 32,766 parameters."""

_Insert = postgresql.Insert | sqlite.Insert


async def insert_new(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows whose unique key is not there yet, also among themselves.

    Returns:
        How many were inserted.
    """
    return await _run(connection, _insert(connection, table).on_conflict_do_nothing(), rows)


async def upsert_changed(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows, or replace those of the same `id` whose `fingerprint` differs.

    Returns:
        How many were inserted or replaced.
    """
    statement = _insert(connection, table)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.id],
        set_={column.name: new[column.name] for column in table.c if not column.primary_key},
        where=table.c.fingerprint != new.fingerprint,
    )
    return await _run(connection, statement, rows)


def _insert(connection: AsyncConnection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


async def _run(connection: AsyncConnection, statement: _Insert, rows: Sequence[dict[str, Any]]) -> int:
    if not rows:
        return 0
    # Rows without `preserve_rowcount` are counted for UPDATE and DELETE only.
    result = await connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True})
    return result.rowcount
