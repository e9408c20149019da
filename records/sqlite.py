"""How connections to SQLite behave: write-ahead log, foreign keys, honest transactions. No statement of the domain."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

BEGIN = "leadline_begin"
"""Execution option: the statement that opens a transaction on SQLite. Without it, a read transaction."""

WRITE = "BEGIN IMMEDIATE"
"""Takes the write lock at once. A read transaction that turns into a writer fails when another one wrote meanwhile."""

BUSY_TIMEOUT_S = 30
"""Seconds that a writer waits for the one before it. A chunk of an import may hold the lock for a while."""


def prepare_sqlite(engine: Engine) -> None:
    """Set up every connection that an engine will open.

    Python's driver opens transactions late, and none before reads or DDL, so it is told to open none
    (`isolation_level=None`) and SQLAlchemy's `begin` event does it.
    """
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)


def _configure(connection: DBAPIConnection, _record: object) -> None:
    driver: Any = connection
    driver.isolation_level = None
    cursor = driver.cursor()
    pragmas = (f"busy_timeout={BUSY_TIMEOUT_S * 1000}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))
