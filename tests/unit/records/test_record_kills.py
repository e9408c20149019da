"""A process killed in the middle of its writing leaves whole facts only."""

import asyncio
import signal
import sys
from pathlib import Path

from sqlalchemy import text

from records.database import open_database

ROOT = Path(__file__).parents[3]
WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from domain.people import Lead
from records.database import open_database
from records.repositories import Records

async def write_for_ever():
    records = Records.over(await open_database(sys.argv[1]))
    at = datetime(2026, 3, 1, tzinfo=UTC)
    n = 0
    while True:
        n += 1
        for lead in range(3):
            await records.leads.save(
                Lead(id=f"lead-{lead}", market="m", created_at=at, source="s", fields={"n": float(n)}), at=at
            )
        print(n, flush=True)

asyncio.run(write_for_ever())
"""


async def test_a_killed_writer_leaves_every_lead_with_exactly_the_versions_it_points_to(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/records.db"
    for rounds in (1, 4):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert writer.stdout is not None
        for _ in range(rounds):
            await writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        await writer.communicate()
    database = await open_database(url)
    async with database.reading() as connection:
        versions = await connection.execute(
            text(
                "SELECT leads.version, count(*), max(lead_versions.version) FROM leads"
                " JOIN lead_versions ON lead_versions.id = leads.id GROUP BY leads.id, leads.version"
            )
        )
        found = versions.all()
    await database.close()
    assert [(row[1], row[2]) for row in found] == [(row[0], row[0]) for row in found]
    assert len(found) == 3
