"""Answers of many lines, one JSON object each, written as they are read. Knows nothing of what they say."""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

from api.problems import problem_of
from domain.errors import LeadlineError

_MEDIA_TYPE = "application/x-ndjson"
_BYTES_AT_ONCE = 32_768


class NdjsonResponse(StreamingResponse):
    """A stream of JSON lines."""

    media_type = _MEDIA_TYPE


def ndjson_documented(lines: str) -> dict[int | str, dict[str, Any]]:
    """Say in the OpenAPI document what the lines are."""
    return {200: {"description": lines, "content": {_MEDIA_TYPE: {"schema": {"type": "string"}}}}}


async def ndjson_answer(lines: AsyncIterator[bytes]) -> NdjsonResponse:
    """Stream lines, without their ends, to the client. It sets the pace: nothing is read ahead of it.

    Raises:
        LeadlineError: If the first line cannot be had: then this is the answer. A failure later on becomes a last
            line that holds only an `error`.
    """
    first = [line async for line in _first(lines)]
    return NdjsonResponse(_written(first, lines))


def problem_line(error: LeadlineError, **beside: object) -> bytes:
    """Write a problem as a line."""
    return json.dumps({**beside, "error": problem_of(error)}, ensure_ascii=False).encode()


async def _first(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield line
        return


async def _written(first: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Join lines to pieces that are worth a system call each."""
    piece = bytearray()
    for line in first:
        piece += line + b"\n"
    try:
        async for line in rest:
            piece += line + b"\n"
            if len(piece) >= _BYTES_AT_ONCE:
                yield bytes(piece)
                piece.clear()
    except LeadlineError as error:
        piece += problem_line(error) + b"\n"
    yield bytes(piece)
