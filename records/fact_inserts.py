"""Appends facts given by column, with one statement for many rows. Knows no table and checks no cell."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, Dialect, Executable, Table, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_ROWS = 3_000
"""Most rows of one statement: SQLite takes 32,766 parameters, and no log has more than ten columns."""

_POSITION = "position"


async def append_facts(connection: AsyncConnection, table: Table, cells: Mapping[str, list[Any]]) -> int:
    """Insert the rows whose unique key is not there yet, also among themselves, in their order.

    Args:
        connection: An open transaction that writes.
        table: A log.
        cells: Its columns but the row number, each shape (n_rows,), 0 < n_rows <= `MOST_ROWS`, as the driver takes
            them; objects as JSON text.

    Returns:
        How many were inserted.
    """
    if connection.dialect.name == "postgresql":
        statement = _unnested(table, tuple(cells)).execution_options(preserve_rowcount=True)
        return (await connection.execute(statement, cells)).rowcount
    return (await connection.exec_driver_sql(*_many_values(connection.dialect, table, cells))).rowcount


def _many_values(dialect: Dialect, table: Table, cells: Mapping[str, list[Any]]) -> tuple[str, tuple[Any, ...]]:
    """Write the statement for SQLite, and its parameters.

    One statement with many rows takes three quarters of the time of one that is run for each, and gives up Python's
    lock once instead of for each row. As text: SQLAlchemy would process each parameter of each row.
    """
    insert = sqlite.insert(table).on_conflict_do_nothing().compile(dialect=dialect, column_keys=list(cells))
    names = insert.positiontup or []
    row = f"({', '.join('?' * len(names))})"
    n_rows = len(cells[names[0]])
    parameters: list[Any] = [None] * (n_rows * len(names))
    for place, name in enumerate(names):
        parameters[place :: len(names)] = cells[name]
    return insert.string.replace(row, ", ".join([row] * n_rows)), tuple(parameters)


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
