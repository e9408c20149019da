"""The route of replays: the last days handed out again under a draft of other rules. Decides nothing."""

from datetime import timedelta

from fastapi import APIRouter
from pydantic import Field

from api.deps import House
from api.routing import ChangeIn, RulesIn
from runtime.replaying import MOST_DAYS
from tools.matching.replay.replaying import Replay

router = APIRouter(prefix="/v1/routing", tags=["routing"])


class ReplayIn(ChangeIn):
    """Days to hand out again, and the draft to do it under."""

    days: int = Field(default=14, ge=1, le=MOST_DAYS, description="The last so many days.")
    step_hours: float = Field(default=1.0, ge=0.25, le=24, description="Leads of one step are handed out together.")
    policy: RulesIn | None = None


@router.post("/replay")
async def replay(body: ReplayIn, house: House) -> Replay:
    """Hand the last days out again under the present rules and under a draft, beside what really was.

    Says which brings more wins and value, and how sure that is. Takes seconds, minutes for many thousand leads. Nothing
    is recorded, not even a score.
    """
    return await house.replayer.replay(
        house.known_market(body.market),
        body.change(house.matcher.policy, body.policy),
        days=body.days,
        step=timedelta(hours=body.step_hours),
    )
