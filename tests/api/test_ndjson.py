"""What a stream of lines does when something goes wrong before it, and in the middle of it."""

import json
from collections.abc import AsyncIterator

import pytest

from api.ndjson import ndjson_answer
from domain.errors import RecordsUnavailableError


async def some(n: int, error: Exception | None = None) -> AsyncIterator[bytes]:
    for i in range(n):
        yield json.dumps({"i": i}).encode()
    if error is not None:
        raise error


async def read(lines: AsyncIterator[bytes]) -> list[dict[str, object]]:
    answer = await ndjson_answer(lines)
    text = b"".join([piece async for piece in answer.body_iterator])
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("n", [0, 1, 2, 10_000])
async def test_every_line_arrives_once(n: int):
    assert await read(some(n)) == [{"i": i} for i in range(n)]


async def test_a_failure_before_the_first_line_is_the_answer():
    with pytest.raises(RecordsUnavailableError):
        await ndjson_answer(some(0, RecordsUnavailableError("gone")))


async def test_a_failure_later_on_is_the_last_line():
    *before, last = await read(some(3, RecordsUnavailableError("gone")))
    assert before == [{"i": 0}, {"i": 1}, {"i": 2}]
    assert (last.keys(), last["error"]["status"]) == ({"error"}, 503)


async def test_the_reader_sets_the_pace():
    produced = 0

    async def counting() -> AsyncIterator[bytes]:
        nonlocal produced
        for _ in range(100_000):
            produced += 1
            yield b'{"i": 0}'

    answer = await ndjson_answer(counting())
    await anext(aiter(answer.body_iterator))
    assert produced < 10_000
