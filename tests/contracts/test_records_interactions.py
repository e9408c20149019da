import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InvalidInputError
from domain.events import Channel, Interaction, InteractionKind
from records.repositories import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_interaction(n: int, **changes) -> Interaction:
    values = {
        "id": f"i-{n}",
        "lead_id": "lead-1",
        "kind": InteractionKind.EMAIL_REPLIED,
        "at": NOON + timedelta(minutes=n),
        "channel": Channel.EMAIL,
        "text": f"“Grüße” {n}",
        "attributes": {"user_agent": "Mozilla", "bot": False, "n": float(n), "gap": None},
    }
    return Interaction(**{**values, **changes})


async def test_interactions_come_back_in_order_of_time(records: Records):
    said = [an_interaction(n) for n in (3, 1, 2)]
    await records.interactions.append(said)
    assert await records.interactions.of_lead("lead-1", before=NOON + timedelta(hours=1)) == (said[1], said[2], said[0])


async def test_only_new_ids_are_appended(records: Records):
    first = await records.interactions.append([an_interaction(1), an_interaction(2), an_interaction(2)])
    second = await records.interactions.append([an_interaction(2, text="changed"), an_interaction(3)])
    assert (first, second, await records.interactions.append([])) == (2, 1, 0)
    kept = await records.interactions.of_lead("lead-1", before=NOON + timedelta(hours=1))
    assert kept == tuple(an_interaction(n) for n in (1, 2, 3))


async def test_an_interaction_at_the_moment_itself_is_not_before_it(records: Records):
    await records.interactions.append([an_interaction(1), an_interaction(2)])
    assert await records.interactions.of_lead("lead-1", before=NOON + timedelta(minutes=2)) == (an_interaction(1),)


async def test_the_limit_keeps_the_newest(records: Records):
    await records.interactions.append([an_interaction(n) for n in range(5)])
    newest = await records.interactions.of_lead("lead-1", before=NOON + timedelta(hours=1), limit=2)
    assert [each.id for each in newest] == ["i-3", "i-4"]


async def test_interactions_of_one_moment_keep_the_order_of_their_arrival(records: Records):
    await records.interactions.append([an_interaction(n, at=NOON) for n in (2, 1, 3)])
    same = await records.interactions.of_lead("lead-1", before=NOON + timedelta(hours=1), limit=2)
    assert [each.id for each in same] == ["i-1", "i-3"]


async def test_writers_appending_the_same_facts_at_once_append_them_once(records: Records):
    facts = [an_interaction(n) for n in range(20)]
    written = await asyncio.gather(*(records.interactions.append(facts) for _ in range(4)))
    assert sorted(written) == [0, 0, 0, 20]


async def test_a_naive_moment_is_refused(records: Records):
    with pytest.raises(InvalidInputError, match="time zone"):
        await records.interactions.of_lead("lead-1", before=datetime(2026, 3, 1))  # noqa: DTZ001 - naive on purpose
