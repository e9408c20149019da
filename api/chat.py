"""Chat routes: a turn as server-sent events, resumable by number."""

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field

from api.deps import House
from api.inputs import Id, RequestBody
from domain.conversations import MAX_MESSAGE_CHARS, Turn, TurnEvent, TurnRequest
from domain.errors import LeadlineError
from domain.values import ConversationId, LeadId, RepId, TurnId, content_hash

router = APIRouter(prefix="/v1/chat", tags=["chat"])

LastEventId = Annotated[int, Header(alias="Last-Event-ID", ge=0)]


class ChatIn(RequestBody):
    """A rep's message."""

    message: str = Field(min_length=1, max_length=MAX_MESSAGE_CHARS, pattern=r"\S")
    conversation_id: Id | None = Field(default=None, description="New if absent.")
    turn_id: Id | None = Field(default=None, description="The same id again answers with the same turn.")
    lead_id: Id | None = Field(default=None, description="The lead in question.")
    rep_id: Id | None = Field(default=None, description="Who asks.")
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
    async for sent in on_the_wire(house.turns.run(request), after=last_event_id):
        yield sent


async def known_turn(turn_id: str, house: House) -> Turn:
    """Find a turn, or answer 404 before any stream begins."""
    return await house.records.turns.get(TurnId(turn_id))


@router.get("/turns/{turn_id}/events", response_class=EventSourceResponse)
async def events(
    turn: Annotated[Turn, Depends(known_turn)], house: House, last_event_id: LastEventId = 0
) -> AsyncIterable[ServerSentEvent]:
    """Follow a turn from the event after `Last-Event-ID` on."""
    async for sent in on_the_wire(house.turns.follow(turn.request.turn_id, after=last_event_id), after=last_event_id):
        yield sent


@router.get("/turns/{turn_id}")
async def get_turn(turn: Annotated[Turn, Depends(known_turn)]) -> Turn:
    """Show a turn with its reply."""
    return turn


async def on_the_wire(events: AsyncIterable[TurnEvent], *, after: int) -> AsyncIterable[ServerSentEvent]:
    """Put a turn's events on the wire.

    When the records stop answering the status is sent already: the client gets an event `interrupted`, which has no
    number, and may follow the turn from the last event that has one.

    Args:
        events: In order.
        after: Events up to this number are left out, >= 0.
    """
    try:
        async for event in events:
            if event.number > after:
                yield ServerSentEvent(data=event.data, event=event.kind, id=str(event.number))
    except LeadlineError as error:
        yield ServerSentEvent(data={"message": str(error)}, event="interrupted")
