"""Databases for the contract suites: a fresh SQLite file, and PostgreSQL in a schema of its own."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete

from records.database import Database, open_database
from records.repositories import Records
from records.tables import metadata

LOCAL_SERVER = "postgresql://postgres@127.0.0.1:5432/test"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of an empty schema, dropped at the end; each process of pytest-xdist has its own."""
    server = os.environ.get("LEADLINE_TEST_POSTGRES_URL")  # noqa: TID251 - tests find the server
    schema = f"leadline_test_{uuid.uuid4().hex}"
    try:
        connection = psycopg.connect(server or LOCAL_SERVER, connect_timeout=3, autocommit=True)
    except psycopg.OperationalError:
        if server:
            raise
        pytest.skip("no PostgreSQL at LEADLINE_TEST_POSTGRES_URL nor on 127.0.0.1:5432")
    with connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
        separator = "&" if "?" in (server or LOCAL_SERVER) else "?"
        yield f"{server or LOCAL_SERVER}{separator}options=-csearch_path%3D{schema}"
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/records.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url)
    yield opened
    if opened.engine.dialect.name == "postgresql":
        # On tables as small as these, ten times as fast as TRUNCATE.
        async with opened.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(delete(table))
    await opened.close()


@pytest.fixture
def records(database: Database) -> Records:
    return Records.over(database)
