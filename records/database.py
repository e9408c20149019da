"""The one door to the database: opens it, hands out transactions, translates its errors. Holds no table."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from domain.errors import InvalidInputError, LeadlineError, RecordsUnavailableError
from records.columns import dump_json
from records.migrate import is_current, migrate
from records.sqlite import BEGIN, WRITE, prepare_sqlite

CONNECT_TIMEOUT_S = 5

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True)
class Database:
    """An open database. What happens in one `writing` block happens as a whole or not at all.

    Attributes:
        engine: Connections, pooled.
        address: Where it is, without the password; for messages.
    """

    engine: AsyncEngine
    address: str

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads. Raises `RecordsUnavailableError`."""
        with _translated(self.address):
            async with self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that is committed at the end of the block, or undone when the block raises.

        Raises:
            RecordsUnavailableError: When the database does not answer.
            InvalidInputError: When it cannot hold a value.
        """
        with _translated(self.address):
            async with self.engine.execution_options(**{BEGIN: WRITE}).begin() as connection:
                yield connection

    async def close(self) -> None:
        """Close every connection. The database can be opened again."""
        await self.engine.dispose()


async def open_database(url: str, *, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> Database:
    """Connect and bring the schema up to date.

    Args:
        url: `sqlite:///leads.db` (the folder is created) or `postgresql://user:password@host/name`.
        connect_timeout_s: Seconds that a server has to answer, > 0.

    Raises:
        InvalidInputError: When the address is none of these.
        RecordsUnavailableError: When the database refuses, or does not answer in time.
    """
    address = _parse(url)
    shown = address.set(query={}).render_as_string(hide_password=True)
    try:
        database = Database(_engine(address), shown)
        try:
            await _bring_up_to_date(database, address, connect_timeout_s)
        except BaseException:
            await database.close()
            raise
    except TimeoutError as error:
        raise _unavailable(shown, f"no answer within {connect_timeout_s:g} seconds") from error
    except ModuleNotFoundError as error:
        raise _unavailable(shown, f"the package {error.name!r} is missing; install leadline[postgres]") from error
    except CommandError as error:
        raise _unavailable(shown, f"another version of Leadline wrote it ({error})") from error
    except DBAPIError as error:
        raise _unavailable(shown, _reason(error)) from error
    except OSError as error:
        raise _unavailable(shown, str(error)) from error
    return database


async def _bring_up_to_date(database: Database, address: URL, connect_timeout_s: float) -> None:
    async with asyncio.timeout(connect_timeout_s), database.engine.connect() as connection:
        current = await connection.run_sync(is_current)
    if not current:
        await asyncio.to_thread(migrate, address)


def _parse(url: str) -> URL:
    # A message names the scheme only: what follows may hold a password.
    scheme, _, rest = url.partition(":")
    backend = scheme.partition("+")[0]
    if backend not in _DRIVERS:
        raise InvalidInputError(
            "database", scheme, "is no kind of database; write sqlite:///FILE or postgresql://HOST/NAME"
        )
    try:
        address = make_url(f"{_DRIVERS[backend]}:{rest}")
    except (ArgumentError, ValueError):
        raise InvalidInputError(
            "database", scheme, "is not followed by host, port and name; check the address"
        ) from None
    if backend == "sqlite":
        if address.database in {None, "", ":memory:"}:
            raise InvalidInputError("database", url, "has no file, and connections cannot share memory; name a file")
        return address
    return address.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT_S), **address.query})


def _engine(address: URL) -> AsyncEngine:
    if address.get_backend_name() == "sqlite":
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(address, json_serializer=dump_json)
        prepare_sqlite(engine.sync_engine)
        return engine
    return create_async_engine(address, json_serializer=dump_json, pool_pre_ping=True)


@contextmanager
def _translated(address: str) -> Iterator[None]:
    """Turn the errors of drivers into those of the domain. An error of programming passes as it is."""
    try:
        yield
    except NoFreeConnectionError as error:
        raise _unavailable(address, "all connections are in use") from error
    except DataError as error:
        raise InvalidInputError("record", _reason(error), "is why the database cannot hold it") from error
    except (OperationalError, InterfaceError, InternalError) as error:
        raise _unavailable(address, _reason(error)) from error
    except StatementError as error:
        if isinstance(error.orig, LeadlineError):
            raise error.orig from None
        raise


def _unavailable(address: str, reason: str) -> RecordsUnavailableError:
    return RecordsUnavailableError(
        f"the database {address} cannot be used: {reason}. Check the address, and that the server runs or the file may be written"
    )


def _reason(error: DBAPIError) -> str:
    return " ".join(str(error.orig).split())
