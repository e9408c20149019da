"""The OpenAI-compatible face of the co-pilot: `/v1/chat/completions` and `/v1/models`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.deps import House
from api.inputs import Id
from domain.conversations import MAX_MESSAGE_CHARS, Reply, TurnRequest
from domain.errors import InvalidInputError, LeadlineError, UnavailableError
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


class Context(BaseModel):
    """What OpenAI's form has no field for. Other keys are ignored."""

    lead_id: Id | None = None
    rep_id: Id | None = None
    conversation_id: Id | None = None
    turn_id: Id | None = None
    market: str | None = Field(default=None, max_length=100)


class CompletionIn(BaseModel):
    """A request in OpenAI's form. Parameters that a grounded co-pilot has no use for are accepted and ignored."""

    model_config = ConfigDict(extra="allow")

    model: str = MODEL
    messages: list[ChatMessage] = Field(min_length=1, max_length=500)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    metadata: Context = Field(default_factory=Context)
    user: str | None = Field(default=None, max_length=200)


@dataclass(frozen=True)
class Completion:
    """A completion request as the chat turn that it stands for.

    Attributes:
        turn: Stored already.
        stream: Whether the caller wants chunks.
        wants_usage: Whether the last chunk is to count words.
    """

    turn: TurnRequest
    stream: bool
    wants_usage: bool


async def opened_completion(body: CompletionIn, house: House) -> Completion:
    """Turn a completion request into a stored chat turn.

    A conversation is recognised by `metadata.conversation_id`, or else by its first user message.
    """
    asked = [message.text for message in body.messages if message.role == "user"]
    if not asked or not asked[-1].strip():
        raise InvalidInputError("messages", [m.role for m in body.messages], "must hold a user message with a text")
    if len(asked[-1]) > MAX_MESSAGE_CHARS:
        raise InvalidInputError("messages", asked[-1], f"must have at most {MAX_MESSAGE_CHARS} characters")
    told, now = body.metadata, house.clock.now()
    market = house.known_market(told.market)
    if told.lead_id is not None:
        market = (await house.records.leads.get(LeadId(told.lead_id))).market
    if told.rep_id is not None:
        await house.records.reps.get(RepId(told.rep_id))
    conversation = told.conversation_id or f"openai-{content_hash(body.user, asked[0])}"
    request = TurnRequest(
        turn_id=TurnId(told.turn_id or f"turn-{content_hash(conversation, asked, now.isoformat())}"),
        conversation_id=ConversationId(conversation),
        rep_id=RepId(told.rep_id) if told.rep_id else None,
        lead_id=LeadId(told.lead_id) if told.lead_id else None,
        market=market,
        text=asked[-1],
    )
    turn = await house.records.turns.open(request, at=now)
    return Completion(turn.request, body.stream, bool((body.stream_options or {}).get("include_usage")))


@router.post("/chat/completions", response_model=None)
async def completions(
    asked: Annotated[Completion, Depends(opened_completion)], house: House
) -> dict[str, Any] | StreamingResponse:
    """Answer like OpenAI's chat completions, streaming or not."""
    request = asked.turn
    head = {"id": f"chatcmpl-{request.turn_id}", "created": _seconds(house.clock.now()), "model": MODEL}
    if asked.stream:
        return StreamingResponse(_stream(house, asked, head), media_type="text/event-stream")
    async for _ in house.turns.run(request):
        pass
    reply = (await house.records.turns.get(request.turn_id)).reply
    if reply is None:
        raise UnavailableError(f"turn {request.turn_id!r} failed; its events say why, see /v1/chat/turns")
    message = {"role": "assistant", "content": reply.text, "refusal": None, "annotations": _annotations(reply)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(request, reply)}


async def _stream(house: Leadline, asked: Completion, head: dict[str, Any]) -> AsyncIterator[bytes]:
    yield _chunk(head, {"role": "assistant", "content": ""})
    try:
        async for event in house.turns.run(asked.turn):
            if event.kind == "delta":
                yield _chunk(head, {"content": event.data["text"]})
            elif event.kind == "error":
                yield _error(event.data["message"])
                return
        reply = (await house.records.turns.get(asked.turn.turn_id)).reply
    except LeadlineError as error:
        yield _error(str(error))
        return
    yield _chunk(head, {}, finish="stop")
    if asked.wants_usage and reply is not None:
        yield _line({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(asked.turn, reply)})
    yield b"data: [DONE]\n\n"


def _error(message: str) -> bytes:
    return _line({"error": {"message": message, "type": "server_error", "code": None}})


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
