"""The nudge planner: decides the next best action, or to wait. Sends nothing."""

from dataclasses import dataclass

from agents.problems import REPORTABLE, report
from agents.state import CopilotState, FollowUpState, PlanInput
from agents.steps import conclude_without_message
from domain.nudges import Nudge
from domain.ports import NudgePlanner
from domain.scores import LeadScore
from domain.values import LeadId


@dataclass(frozen=True)
class NudgePlannerNodes:
    """Asks the planner, with a key that makes asking twice the same as asking once."""

    planner: NudgePlanner

    async def plan_nudge(self, state: CopilotState) -> CopilotState:
        """Choose the next action for the lead that a rep asks about."""
        try:
            nudge = await self.planner.plan_nudge(LeadId(state["lead_id"] or ""), key=f"turn:{state['turn_id']}")
        except REPORTABLE as error:
            return report("nudge planner", error)
        return {"nudge": nudge.model_dump(mode="json")}

    async def plan_step(self, state: PlanInput) -> FollowUpState:
        """Choose the next action of a journey; a step that needs no message is concluded here."""
        nudge: Nudge = await self.planner.plan_nudge(LeadId(state["lead_id"]), key=state["key"])
        score = LeadScore.model_validate(state["score"])
        update: FollowUpState = {"nudge": nudge.model_dump(mode="json")}
        if (step := conclude_without_message(nudge, score, reachable=state["reachable"])) is not None:
            update["step"] = step.model_dump(mode="json")
        return update
