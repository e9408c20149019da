"""Appends facts given by column, with one statement for many rows. Knows no table and checks no cell."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, Executable, Table, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_POSITION = "position"


async def append_facts(connection: AsyncConnection, table: Table, cells: Mapping[str, list[Any]]) -> int:
    """Insert the rows whose unique key is not there yet, also among themselves, in their order.

    Args:
        connection: An open transaction that writes.
        table: A log.
        cells: Its columns but the row number, each shape (n_rows,), as the driver takes them; objects as JSON text.

    Returns:
        How many were inserted.
    """
    if connection.dialect.name == "postgresql":
        statement = _unnested(table, tuple(cells)).execution_options(preserve_rowcount=True)
        return (await connection.execute(statement, cells)).rowcount
    insert = sqlite.insert(table).on_conflict_do_nothing().compile(dialect=connection.dialect, column_keys=list(cells))
    rows = list(zip(*(cells[name] for name in insert.positiontup or ()), strict=True))
    # As text: SQLAlchemy would process each parameter of each row, which takes longer than the insert.
    result = await connection.exec_driver_sql(insert.string, rows, execution_options={"preserve_rowcount": True})
    return result.rowcount


@cache
def _unnested(table: Table, names: tuple[str, ...]) -> Executable:
    """Insert from arrays: one statement and one round trip, whatever the number of rows."""
    arrays = [bindparam(name, type_=ARRAY(_sent(table.c[name]))) for name in names]
    typed = (column(name, _sent(table.c[name])) for name in names)
    rows = func.unnest(*arrays).table_valued(*typed, with_ordinality=_POSITION).render_derived(name="facts")
    values = [cast(rows.c[name], table.c[name].type) for name in names]
    return (
        postgresql.insert(table)
        .from_select(names, select(*values).order_by(rows.c[_POSITION]))
        .on_conflict_do_nothing()
    )


def _sent(stored: Column[Any]) -> Any:
    return Text() if isinstance(stored.type, JSON) else stored.type
