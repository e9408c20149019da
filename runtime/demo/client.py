"""What the demo does, it does through the API, as any client would."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2

from domain.errors import UnavailableError

_PATIENCE_S = 60.0
_POLL_S = 0.1

Json = dict[str, Any]


class DemoClient:
    """Talks to a running API; anything but success is an error with what the API said."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        """Wrap an HTTP client whose base URL is the API."""
        self._http = http

    async def get(self, path: str) -> Json:
        """GET a JSON object."""
        return _said(await self._http.get(path))

    async def post(self, path: str, body: Json | list[Json]) -> Json:
        """POST JSON."""
        return _said(await self._http.post(path, json=body))

    async def chat(self, body: Json) -> AsyncIterator[tuple[str, Json]]:
        """Ask the co-pilot and yield (kind, data) of each server-sent event."""
        async with self._http.stream("POST", "/v1/chat", json=body) as answer:
            if not answer.is_success:
                await answer.aread()
                _said(answer)
            kind = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield kind, json.loads(line.removeprefix("data: "))

    async def journey_until(self, lead_id: str, done: Callable[[Json], bool]) -> Json:
        """Look at a journey until a condition holds."""
        last: Json = {}
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    last = await self.get(f"/v1/leads/{lead_id}/journey")
                    if done(last):
                        return last
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise UnavailableError(f"the journey of {lead_id} stands still at {last}; see the worker's log") from None


def _said(answer: httpx2.Response) -> Json:
    if not answer.is_success:
        raise UnavailableError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
    body: Json = answer.json() if answer.content else {}
    return body
