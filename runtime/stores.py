"""Opens what is kept: the system of record and the knowledge base. Imports little, for commands that need no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from knowledge.ingest import KnowledgeBase
from records.repositories import Records
from runtime.settings import Settings


@asynccontextmanager
async def open_records(settings: Settings) -> AsyncIterator[Records]:
    """Open the system of record, migrated to its newest form. Raises `RecordsUnavailableError`."""
    from records.database import open_database

    database = await open_database(settings.records_url)
    try:
        yield Records.over(database)
    finally:
        await database.close()


def open_knowledge(settings: Settings) -> KnowledgeBase:
    """Open the knowledge base; nothing is loaded before the first search or ingestion."""
    from knowledge.opening import open_knowledge_base

    return open_knowledge_base(
        settings.home,
        embedding=settings.embedding,
        embedding_url=settings.llm_base_url or None,
        embedding_key=settings.llm_api_key.get_secret_value() if settings.llm_api_key else "",
        qdrant_url=settings.qdrant_url or None,
        qdrant_key=settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None,
    )
