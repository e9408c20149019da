from datetime import UTC, datetime, timedelta

from domain.decisions import AuditEntry
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_entry(n: int, subject: str = "lead-1") -> AuditEntry:
    at = NOON + timedelta(minutes=n)
    return AuditEntry(id=f"a-{n}", at=at, actor="rep-1", action="viewed", subject_id=subject, details={"n": [n, None]})


async def test_entries_about_a_subject_come_newest_first(records: Records):
    for entry in (an_entry(1), an_entry(3), an_entry(2), an_entry(4, "lead-2")):
        await records.audit.append(entry)
    assert await records.audit.about("lead-1", limit=2) == (an_entry(3), an_entry(2))


async def test_an_entry_is_appended_once_and_never_changed(records: Records):
    changed = an_entry(1).model_copy(update={"actor": "somebody else"})
    assert [await records.audit.append(entry) for entry in (an_entry(1), changed)] == [True, False]
    assert await records.audit.about("lead-1") == (an_entry(1),)
