import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import InvalidInputError, RecordsUnavailableError
from records.database import open_database


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def test_the_folder_of_a_new_database_is_created(tmp_path: Path):
    database = await open_database(f"sqlite:///{tmp_path}/a/b/records.db")
    await database.close()
    assert (tmp_path / "a/b/records.db").exists()


async def test_sqlite_writes_ahead_and_minds_foreign_keys(tmp_path: Path):
    database = await open_database(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    async with database.reading() as connection:
        settings = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await database.close()
    assert settings == ["wal", 1, 1]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("mysql://root@localhost/x", "'mysql' is no kind of database"),
        ("leads.db", "write sqlite:///FILE"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("postgresql://host:port/x", "check the address"),
    ],
)
async def test_what_is_no_address_is_refused(url: str, rule: str):
    with pytest.raises(InvalidInputError, match=rule):
        await open_database(url)


async def test_a_server_that_is_not_there_is_named_without_its_password(closed_port: int):
    with pytest.raises(RecordsUnavailableError) as caught:
        await open_database(f"postgresql://me:sekret@127.0.0.1:{closed_port}/leads?password=sekret")
    message = str(caught.value)
    assert (f"me:***@127.0.0.1:{closed_port}/leads" in message, "sekret" in message) == (True, False)


async def test_a_server_that_says_nothing_is_given_up(silent_port: int):
    with pytest.raises(RecordsUnavailableError, match=r"no answer within 0\.2 seconds"):
        await open_database(f"postgresql://me@127.0.0.1:{silent_port}/leads", connect_timeout_s=0.2)


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada, this is no database. " * 50)
    with pytest.raises(RecordsUnavailableError, match="not a database"):
        await open_database(f"sqlite:///{letter}")
    assert letter.read_text().startswith("Dear Ada")


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordsUnavailableError, match="file"):
        await open_database(f"sqlite:///{tmp_path}/file/records.db")


async def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/records.db"
    database = await open_database(url)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(RecordsUnavailableError, match="another version of Leadline"):
        await open_database(url)
