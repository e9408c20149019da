"""The OpenAI-compatible face of the co-pilot: `/v1/chat/completions` and `/v1/models`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.deps import House
from domain.conversations import MAX_MESSAGE_CHARS, Reply, TurnRequest
from domain.errors import InvalidInputError, UnavailableError
from domain.values import ConversationId, LeadId, RepId, TurnId, content_hash
from runtime.wiring import Leadline

router = APIRouter(prefix="/v1", tags=["openai"])

MODEL = "leadline-copilot"


class ContentPart(BaseModel):
    """One part of a message; only text is read."""

    type: str
    text: str = Field(default="", max_length=MAX_MESSAGE_CHARS)


class ChatMessage(BaseModel):
    """A message in OpenAI's form."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """The text of the message."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class CompletionIn(BaseModel):
    """A request in OpenAI's form. Parameters that a grounded co-pilot has no use for are accepted and ignored."""

    model_config = ConfigDict(extra="allow")

    model: str = MODEL
    messages: list[ChatMessage] = Field(min_length=1, max_length=500)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    metadata: dict[str, str] = Field(
        default_factory=dict, description="`lead_id`, `rep_id`, `conversation_id`, `turn_id`, `market`."
    )
    user: str | None = Field(default=None, max_length=200)


async def opened_completion(body: CompletionIn, house: House) -> TurnRequest:
    """Turn a completion request into a stored chat turn.

    A conversation is recognised by `metadata.conversation_id`, or else by its first user message.
    """
    asked = [message.text for message in body.messages if message.role == "user"]
    if not asked or not asked[-1].strip():
        raise InvalidInputError("messages", [m.role for m in body.messages], "must hold a user message with a text")
    if len(asked[-1]) > MAX_MESSAGE_CHARS:
        raise InvalidInputError("messages", asked[-1], f"must have at most {MAX_MESSAGE_CHARS} characters")
    told, now = body.metadata, house.clock.now()
    market = house.known_market(told.get("market"))
    lead_id = LeadId(told["lead_id"]) if told.get("lead_id") else None
    if lead_id is not None:
        market = (await house.records.leads.get(lead_id)).market
    conversation = told.get("conversation_id") or f"openai-{content_hash(body.user, asked[0])}"
    request = TurnRequest(
        turn_id=TurnId(told.get("turn_id") or f"turn-{content_hash(conversation, asked, now.isoformat())}"),
        conversation_id=ConversationId(conversation),
        rep_id=RepId(told["rep_id"]) if told.get("rep_id") else None,
        lead_id=lead_id,
        market=market,
        text=asked[-1],
    )
    return (await house.records.turns.open(request, at=now)).request


@router.post("/chat/completions", response_model=None)
async def completions(
    body: CompletionIn, request: Annotated[TurnRequest, Depends(opened_completion)], house: House
) -> dict[str, Any] | StreamingResponse:
    """Answer like OpenAI's chat completions, streaming or not."""
    head = {"id": f"chatcmpl-{request.turn_id}", "created": _seconds(house.clock.now()), "model": MODEL}
    if body.stream:
        wants_usage = bool((body.stream_options or {}).get("include_usage"))
        return StreamingResponse(_stream(house, request, head, usage=wants_usage), media_type="text/event-stream")
    async for _ in house.turns.run(request):
        pass
    reply = (await house.records.turns.get(request.turn_id)).reply
    if reply is None:
        raise UnavailableError(f"turn {request.turn_id!r} failed; its events say why, see /v1/chat/turns")
    message = {"role": "assistant", "content": reply.text, "refusal": None, "annotations": _annotations(reply)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(request, reply)}


async def _stream(house: Leadline, request: TurnRequest, head: dict[str, Any], *, usage: bool) -> AsyncIterator[bytes]:
    yield _chunk(head, {"role": "assistant", "content": ""})
    async for event in house.turns.run(request):
        if event.kind == "delta":
            yield _chunk(head, {"content": event.data["text"]})
        elif event.kind == "error":
            yield _line({"error": {"message": event.data["message"], "type": "server_error", "code": None}})
            return
    yield _chunk(head, {}, finish="stop")
    reply = (await house.records.turns.get(request.turn_id)).reply
    if usage and reply is not None:
        yield _line({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(request, reply)})
    yield b"data: [DONE]\n\n"


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _line({**head, "object": "chat.completion.chunk", "choices": [choice]})


def _line(value: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def _annotations(reply: Reply) -> list[dict[str, Any]]:
    return [
        {"type": "leadline_citation", "marker": c.marker, "source_id": c.source_id, "title": c.title}
        for c in reply.citations
    ]


def _usage(request: TurnRequest, reply: Reply) -> dict[str, int]:
    """Count words: the co-pilot's own unit, whatever writes the text."""
    asked, said = len(request.text.split()), len(reply.text.split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


@router.get("/models")
async def models() -> dict[str, Any]:
    """List the one model there is."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "leadline"}]}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
