"""Routes about a lead's journey: start, where it stands, a rep's answer, approvals."""

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from api.deps import House
from api.inputs import LeadIdInPath, NoNulText, RequestBody
from domain.journeys import Approval, JourneyState, RepAnswer
from domain.values import LeadId

router = APIRouter(prefix="/v1/leads/{lead_id}/journey", tags=["journeys"])


class StopIn(RequestBody):
    """Who ends a journey, and why."""

    by: NoNulText = Field(min_length=1, max_length=200)
    reason: NoNulText = Field(min_length=1, max_length=2_000)


class JourneyStarted(BaseModel):
    """Whether a journey began."""

    started: bool


@router.post("", status_code=status.HTTP_202_ACCEPTED)
async def start_journey(lead_id: LeadIdInPath, house: House) -> JourneyStarted:
    """Start following a lead up. A journey that is running goes on."""
    return JourneyStarted(started=await house.front_desk.start_journey(LeadId(lead_id)))


@router.get("")
async def journey_state(lead_id: LeadIdInPath, house: House) -> JourneyState:
    """Say where the journey stands, what is next and when."""
    return await house.journeys.state(LeadId(lead_id))


@router.post("/offer")
async def answer_offer(lead_id: LeadIdInPath, body: RepAnswer, house: House) -> JourneyState:
    """Accept or reject the lead for the rep it is offered to."""
    return await house.journeys.answer_offer(LeadId(lead_id), body)


@router.post("/approval")
async def approve(lead_id: LeadIdInPath, body: Approval, house: House) -> JourneyState:
    """Approve, edit or decline the message that waits."""
    return await house.journeys.approve(LeadId(lead_id), body)


@router.post("/stop", status_code=status.HTTP_204_NO_CONTENT)
async def stop_journey(lead_id: LeadIdInPath, body: StopIn, house: House) -> None:
    """End the journey for good; nothing happens if it has ended. A lead that no rep has taken is routed no more by itself."""
    await house.front_desk.stop_journey(LeadId(lead_id), by=body.by, reason=body.reason)
