"""The lead analyst: scores and explains the lead in question. Does not decide what to do about it."""

from dataclasses import dataclass

from agents.problems import REPORTABLE, report
from agents.state import CopilotState, FollowUpState, ScoreInput
from domain.ports import Scorer
from domain.values import LeadId


@dataclass(frozen=True)
class LeadAnalystNodes:
    """Asks the scorer."""

    scorer: Scorer

    async def analyse_lead(self, state: CopilotState) -> CopilotState:
        """Score the lead that a rep asks about."""
        try:
            score = await self.scorer.score_lead(LeadId(state["lead_id"] or ""))
        except REPORTABLE as error:
            return report("lead analyst", error)
        return {"score": score.model_dump(mode="json")}

    async def score_lead(self, state: ScoreInput) -> FollowUpState:
        """Score the lead of a journey."""
        score = await self.scorer.score_lead(LeadId(state["lead_id"]))
        return {"score": score.model_dump(mode="json")}
