"""Routes about decisions: look one up, say what you think of it."""

from fastapi import APIRouter, status
from pydantic import Field

from api.deps import House
from api.inputs import NoNulText, RequestBody
from domain.decisions import Decision, Feedback
from domain.values import DecisionId, content_hash

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])


class FeedbackIn(RequestBody):
    """A verdict."""

    by: NoNulText = Field(min_length=1, max_length=200)
    helpful: bool | None = None
    code: NoNulText | None = Field(default=None, max_length=100)
    note: NoNulText | None = Field(default=None, max_length=10_000)


@router.get("/{decision_id}")
async def get_decision(decision_id: str, house: House) -> Decision:
    """Show a decision: what was considered, excluded and chosen, with which versions."""
    return await house.records.decisions.get(DecisionId(decision_id))


@router.post("/{decision_id}/feedback", status_code=status.HTTP_201_CREATED)
async def give_feedback(decision_id: str, body: FeedbackIn, house: House) -> Feedback:
    """Store feedback on a decision."""
    decision = await house.records.decisions.get(DecisionId(decision_id))
    now = house.clock.now()
    feedback = Feedback(
        id=f"feedback-{content_hash(decision.id, body.model_dump(), now.isoformat())}",
        decision_id=decision.id,
        at=now,
        **body.model_dump(),
    )
    await house.records.feedback.record(feedback)
    return feedback
