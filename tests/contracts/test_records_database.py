import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from domain.errors import InvalidInputError
from records import migrate as migrate_module
from records.database import Database, open_database
from records.migrate import is_current
from records.sqlite import BEGIN, WRITE, prepare_sqlite
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


async def test_leads_from_before_routing_get_their_keys_when_the_schema_is_brought_up_to_date(tmp_path: Path):
    address = make_url(f"sqlite:///{tmp_path}/old.db")
    engine = create_engine(address, poolclass=NullPool, execution_options={BEGIN: WRITE})
    prepare_sqlite(engine)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate_module.__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for id_, email in (("l-1", "Jo@Miller.example"), ("l-2", None)):
            connection.execute(text(f"INSERT INTO leads VALUES ('{id_}', 1, '', 'roofing', 0)"))
            columns = (
                "id, version, known_from, market, created_at, source, email, language, timezone, fields, provenance"
            )
            values = {"id": id_, "email": email}
            row = "(:id, 1, 0, 'roofing', 0, 'web', :email, 'en', 'UTC', '{}', '{}')"
            connection.execute(text(f"INSERT INTO lead_versions ({columns}) VALUES {row}"), values)
    database = await open_database(f"sqlite:///{tmp_path}/old.db")
    async with database.reading() as connection:
        found = await connection.execute(text("SELECT id, email_key, domain_key FROM leads ORDER BY id"))
        assert [tuple(row) for row in found] == [("l-1", "jo@miller.example", "miller.example"), ("l-2", None, None)]
    await database.close()
