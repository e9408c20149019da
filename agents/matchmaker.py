"""The matchmaker: says who should take the lead in question. Assigns nobody."""

from dataclasses import dataclass

from agents.problems import REPORTABLE, report
from agents.state import CopilotState
from domain.ports import Matcher
from domain.values import LeadId


@dataclass(frozen=True)
class MatchmakerNodes:
    """Asks the matcher for a proposal."""

    matcher: Matcher

    async def find_rep(self, state: CopilotState) -> CopilotState:
        """Propose a rep for the lead that a rep asks about."""
        try:
            match = await self.matcher.propose(LeadId(state["lead_id"] or ""))
        except REPORTABLE as error:
            return report("matchmaker", error)
        return {"match": match.model_dump(mode="json")}
