"""A client of the chat route: asks, and reads server-sent events."""

import json
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient


@dataclass(frozen=True)
class Sent:
    """One server-sent event."""

    number: int | None
    kind: str
    data: dict[str, Any]


def read_events(text: str) -> list[Sent]:
    """Read a whole stream; comments (keep-alive) are not events."""
    events = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            number = int(fields["id"]) if "id" in fields else None
            events.append(Sent(number, fields["event"], json.loads(fields["data"])))
    return events


def kinds(events: list[Sent]) -> list[str]:
    """The kinds in order, with the deltas taken together."""
    seen: list[str] = []
    for event in events:
        if not (event.kind == "delta" and seen[-1:] == ["delta"]):
            seen.append(event.kind)
    return seen


@dataclass(frozen=True)
class Chat:
    """Asks in a conversation of its own."""

    client: TestClient
    prefix: str

    def ask(self, message: str, **body: Any) -> list[Sent]:
        answer = self.post(message, **body)
        assert answer.status_code == 200, answer.text
        return read_events(answer.text)

    def post(self, message: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        body = {"message": message, "turn_id": self.prefix, "conversation_id": self.prefix, **body}
        return self.client.post("/v1/chat", json=body, headers=headers or {})
