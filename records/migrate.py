"""Brings a database to the newest schema with Alembic. Blocks; the asynchronous side calls it in a thread."""

import threading
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, create_engine, text

from records.sqlite import BEGIN, WRITE, prepare_sqlite

_SCRIPTS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 4_995_137_201
"""Any number that no other program on the server uses."""

# Alembic keeps the operation it is at in module globals.
_one_at_a_time = threading.Lock()


def migrate(url: URL) -> None:
    """Run the migrations that a database lacks, all in one transaction.

    Two processes may do so at once: the second waits for a lock that lives as long as the transaction of the first,
    and finds nothing left to do. A process killed half-way leaves the old schema.

    Args:
        url: Address; its driver must work without asyncio.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url.set(drivername="sqlite"), poolclass=NullPool, execution_options={BEGIN: WRITE})
        prepare_sqlite(engine)
    else:
        engine = create_engine(url, poolclass=NullPool)
    with _one_at_a_time, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        if not is_current(connection):
            config = Config()
            config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def is_current(connection: Connection) -> bool:
    """Say whether a database has the newest schema that this program knows."""
    return MigrationContext.configure(connection).get_current_revision() == _newest_revision()


@cache
def _newest_revision() -> str | None:
    return ScriptDirectory(str(_SCRIPTS)).get_current_head()
