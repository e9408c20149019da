"""Where LangGraph keeps conversations: SQLite beside the records, or PostgreSQL with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.base import BaseCheckpointSaver

from domain.errors import RecordsUnavailableError
from runtime.settings import Settings


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

    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        async with AsyncPostgresSaver.from_conn_string(address) as saver:
            await saver.setup()
            yield saver
    except psycopg.OperationalError as error:
        raise RecordsUnavailableError(f"PostgreSQL does not answer for the conversations: {error}") from error
