"""The first look of a journey's step: is there still a lead to follow up? Reads only."""

from dataclasses import dataclass

from agents.state import FollowUpState, StepInput
from agents.steps import conclude_closed, is_reachable
from domain.ports import Clock, ConsentLedger, LeadRecords, OutcomeRecords
from domain.values import LeadId


@dataclass(frozen=True)
class LeadCheckNodes:
    """Reads the lead, its outcome and its consents."""

    leads: LeadRecords
    outcomes: OutcomeRecords
    consents: ConsentLedger
    clock: Clock

    async def check_lead(self, state: StepInput) -> FollowUpState:
        """Stop where the lead has ended; else hand on who it is and whether any channel is open."""
        lead_id, now = LeadId(state["lead_id"]), self.clock.now()
        lead = await self.leads.get(lead_id)
        if (outcome := await self.outcomes.of_lead(lead_id)) is not None:
            return {"step": conclude_closed(outcome, now=now).model_dump(mode="json")}
        return {
            # The step needs these and no more: what crosses stays in the journey's history.
            "lead": {"id": lead.id, "name": lead.name, "language": lead.language, "product_id": lead.product_id},
            "reachable": is_reachable(await self.consents.of_lead(lead_id), now=now),
        }
