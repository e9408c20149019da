"""Where LangGraph keeps conversations: SQLite beside the records, or PostgreSQL with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.base import BaseCheckpointSaver

from domain.errors import RecordsUnavailableError
from runtime.settings import Settings

_PATIENCE_S = 10.0


@asynccontextmanager
async def open_checkpointer(settings: Settings) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """Open the checkpointer that suits the records.

    Raises:
        RecordsUnavailableError: If PostgreSQL does not answer.
    """
    if settings.records_url.startswith("postgres"):
        async with _postgres(settings.records_url) as saver:
            yield saver
        return
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    settings.home.mkdir(parents=True, exist_ok=True)
    async with AsyncSqliteSaver.from_conn_string(str(settings.home / "conversations.db")) as saver:
        await saver.setup()
        # A turn is stored and numbered by the records; losing the last checkpoint in a power cut costs a re-run.
        await saver.conn.execute("pragma synchronous=NORMAL")
        yield saver


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[BaseCheckpointSaver[str]]:
    import psycopg
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg.rows import DictRow, dict_row
    from psycopg_pool import AsyncConnectionPool

    # A pool, whose connections are looked at before use: a single one would be lost for ever with the server's restart.
    pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
        url.replace("postgresql+psycopg://", "postgresql://", 1),
        connection_class=psycopg.AsyncConnection[DictRow],
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
        check=AsyncConnectionPool.check_connection,
        min_size=1,
        open=False,
    )
    try:
        await pool.open(wait=True, timeout=_PATIENCE_S)
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
    except psycopg.OperationalError as error:
        await pool.close()
        raise RecordsUnavailableError(f"PostgreSQL does not answer for the conversations: {error}") from error
    try:
        yield saver
    finally:
        await pool.close()
