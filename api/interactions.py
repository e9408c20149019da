"""Routes by which what a lead does comes in, and can be read: page views, opens, calls, meetings."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, status
from pydantic import BaseModel, Field

from api.deps import House
from api.inputs import Id, LeadIdInPath, Moment, NoNulText, RequestBody
from domain.conversations import MAX_MESSAGE_CHARS
from domain.events import Channel, Interaction, InteractionKind
from domain.values import FieldValue, LeadId, RepId, content_hash

router = APIRouter(prefix="/v1/leads/{lead_id}/interactions", tags=["leads"])


class InteractionIn(RequestBody):
    """Something that happened."""

    id: Id | None = Field(default=None, description="Derived from the content if absent.")
    kind: InteractionKind
    at: Moment | None = Field(default=None, description="Now if absent; a moment to come counts as now.")
    channel: Channel | None = None
    rep_id: Id | None = None
    duration_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    text: NoNulText | None = Field(default=None, max_length=MAX_MESSAGE_CHARS)
    attributes: dict[str, FieldValue] = Field(default_factory=dict, max_length=50)


class Stored(BaseModel):
    """How many were new."""

    stored: int


@router.post("", status_code=status.HTTP_201_CREATED)
async def interactions_happen(
    lead_id: LeadIdInPath, body: Annotated[list[InteractionIn], Body(min_length=1, max_length=1_000)], house: House
) -> Stored:
    """Store interactions of a lead; it is scored anew within seconds. Those whose id is known change nothing."""
    lead = await house.records.leads.get(LeadId(lead_id))
    now = house.clock.now()
    interactions = [
        Interaction(
            # What says when it happened is the same interaction when it is sent again.
            id=item.id or f"interaction-{content_hash(lead.id, place, item.model_dump(mode='json'), item.at or now)}",
            lead_id=lead.id,
            at=min(item.at or now, now),
            rep_id=RepId(item.rep_id) if item.rep_id else None,
            **item.model_dump(exclude={"id", "at", "rep_id"}),
        )
        for place, item in enumerate(body)
    ]
    return Stored(stored=await house.front_desk.interactions_happened(lead, interactions))


@router.get("")
async def interactions(
    lead_id: LeadIdInPath, house: House, limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> list[Interaction]:
    """List what happened with a lead, oldest first."""
    await house.records.leads.get(LeadId(lead_id))
    return list(await house.records.interactions.of_lead(LeadId(lead_id), before=house.clock.now(), limit=limit))
