"""Chat routes: a turn as server-sent events, resumable by number."""

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from api.deps import House
from domain.conversations import MAX_MESSAGE_CHARS, Turn, TurnEvent, TurnRequest
from domain.values import ConversationId, LeadId, RepId, TurnId, content_hash

router = APIRouter(prefix="/v1/chat", tags=["chat"])

LastEventId = Annotated[int, Header(alias="Last-Event-ID", ge=0)]


class ChatIn(BaseModel):
    """A rep's message."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(min_length=1, max_length=MAX_MESSAGE_CHARS, pattern=r"\S")
    conversation_id: str | None = Field(default=None, min_length=1, max_length=200, description="New if absent.")
    turn_id: str | None = Field(
        default=None, min_length=1, max_length=200, description="The same id again answers with the same turn."
    )
    lead_id: str | None = Field(default=None, min_length=1, max_length=200, description="The lead in question.")
    rep_id: str | None = Field(default=None, min_length=1, max_length=200, description="Who asks.")
    market: str | None = Field(default=None, min_length=1, max_length=100)


async def opened_turn(body: ChatIn, house: House) -> TurnRequest:
    """Check a message and store it, before anything runs. What is wrong with it is said with a status, not a stream."""
    now = house.clock.now()
    unique = content_hash(body.model_dump(), now.isoformat())
    market = house.known_market(body.market)
    if body.lead_id is not None:
        market = (await house.records.leads.get(LeadId(body.lead_id))).market
    if body.rep_id is not None:
        await house.records.reps.get(RepId(body.rep_id))
    request = TurnRequest(
        turn_id=TurnId(body.turn_id or f"turn-{unique}"),
        conversation_id=ConversationId(body.conversation_id or f"conversation-{unique}"),
        rep_id=RepId(body.rep_id) if body.rep_id else None,
        lead_id=LeadId(body.lead_id) if body.lead_id else None,
        market=market,
        text=body.message,
    )
    return (await house.records.turns.open(request, at=now)).request


@router.post("", response_class=EventSourceResponse)
async def chat(
    request: Annotated[TurnRequest, Depends(opened_turn)], house: House, last_event_id: LastEventId = 0
) -> AsyncIterable[ServerSentEvent]:
    """Answer a message. Events: started, reading, score, match, passages, nudge, delta, reply, done; or error."""
    async for event in house.turns.run(request):
        if event.number > last_event_id:
            yield as_sse(event)


async def known_turn(turn_id: str, house: House) -> Turn:
    """Find a turn, or answer 404 before any stream begins."""
    return await house.records.turns.get(TurnId(turn_id))


@router.get("/turns/{turn_id}/events", response_class=EventSourceResponse)
async def events(
    turn: Annotated[Turn, Depends(known_turn)], house: House, last_event_id: LastEventId = 0
) -> AsyncIterable[ServerSentEvent]:
    """Follow a turn from the event after `Last-Event-ID` on."""
    async for event in house.turns.follow(turn.request.turn_id, after=last_event_id):
        yield as_sse(event)


@router.get("/turns/{turn_id}")
async def get_turn(turn: Annotated[Turn, Depends(known_turn)]) -> Turn:
    """Show a turn with its reply."""
    return turn


def as_sse(event: TurnEvent) -> ServerSentEvent:
    """Put a turn's event on the wire."""
    return ServerSentEvent(data=event.data, event=event.kind, id=str(event.number))
