import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from domain.errors import InvalidInputError
from records.database import Database, open_database
from records.migrate import is_current
from records.tables import leads, metadata


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


async def test_the_migrations_build_the_tables_that_the_repositories_use(database: Database):
    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_open_database_has_the_newest_schema(database: Database):
    async with database.reading() as connection:
        assert await connection.run_sync(is_current)


async def test_a_database_opened_by_several_at_once_is_migrated_once(database_url: str):
    opened = await asyncio.gather(*(open_database(database_url) for _ in range(4)))
    for database in opened:
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM alembic_version"))).scalar_one() == 1
        await database.close()


async def test_a_block_that_raises_leaves_nothing(database: Database):
    with pytest.raises(InvalidInputError, match="half-way"):
        await write_half(database)
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM products"))).scalar_one() == 0


async def write_half(database: Database) -> None:
    row = "INSERT INTO products (id, fingerprint, market, name, currency, description) VALUES ('p', '', '', '', '', '')"
    async with database.writing() as connection:
        await connection.execute(text(row))
        raise InvalidInputError("deal", 1, "stopped half-way")


async def test_a_reader_sees_one_state_however_long_it_reads(database: Database):
    if database.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL reads committed rows, statement by statement")
    async with database.reading() as reader:
        before = (await reader.execute(text("SELECT count(*) FROM products"))).scalar_one()
        row = "INSERT INTO products (id, fingerprint, market, name, currency, description) VALUES ('p','','','','','')"
        async with database.writing() as writer:
            await writer.execute(text(row))
        assert (await reader.execute(text("SELECT count(*) FROM products"))).scalar_one() == before


async def test_a_value_that_no_column_can_hold_is_named(database: Database):
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite holds it")
    with pytest.raises(InvalidInputError, match="NUL"):
        async with database.writing() as connection:
            await connection.execute(leads.insert().values(id="a\0b", version=1, fingerprint="", market=""))
