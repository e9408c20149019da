"""The nudge capability: loads facts through ports, chooses an action, records the decision. Sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import DecisionNotFoundError, UnknownMarketError
from domain.nudges import Nudge
from domain.people import Lead
from domain.ports import (
    Clock,
    ConsentLedger,
    DecisionLog,
    InteractionLog,
    LeadRecords,
    NudgeResults,
    OutcomeRecords,
    Scorer,
)
from domain.values import DecisionId, LeadId, Market
from tools.nudges.catalogue import Catalogue
from tools.nudges.contacts import contacts_of
from tools.nudges.eligibility import Situation
from tools.nudges.planning import plan_nudge
from tools.nudges.recording import nudge_decision_id, recall_nudge, record_nudge, rng_of


@dataclass(frozen=True)
class NudgeTool:
    """Chooses the next best action for a lead. Satisfies `domain.ports.NudgePlanner`."""

    leads: LeadRecords
    consents: ConsentLedger
    interactions: InteractionLog
    outcomes: OutcomeRecords
    nudge_results: NudgeResults
    decisions: DecisionLog
    scorer: Scorer
    clock: Clock
    catalogues: Mapping[Market, Catalogue]

    async def plan_nudge(self, lead_id: LeadId, *, key: str) -> Nudge:
        """Choose among the eligible actions, `wait` among them, and record the decision with its propensity.

        The same `key` gives the same nudge.

        Raises:
            LeadNotFoundError: If there is no such lead.
            UnknownMarketError: If the lead's market has no catalogue.
        """
        lead = await self.leads.get(lead_id)
        name = nudge_decision_id(lead_id, key)
        return await self._recall(name) or await self._plan(lead, name)

    async def _recall(self, name: DecisionId) -> Nudge | None:
        try:
            return recall_nudge(await self.decisions.get(name))
        except DecisionNotFoundError:
            return None

    async def _plan(self, lead: Lead, name: DecisionId) -> Nudge:
        catalogue = self.catalogues.get(lead.market)
        if catalogue is None:
            raise UnknownMarketError(lead.market, tuple(sorted(self.catalogues)))
        now = self.clock.now()
        score = await self.scorer.score_lead(lead.id, as_of=now)
        interactions = await self.interactions.of_lead(lead.id, before=now)
        situation = Situation(
            lead=lead,
            temperature=score.temperature,
            consents=await self.consents.of_lead(lead.id),
            interactions=interactions,
            contacts=contacts_of(await self.nudge_results.sent_to(lead.id), interactions),
            outcome=await self.outcomes.of_lead(lead.id),
            now=now,
        )
        counts = await self.nudge_results.counts(lead.market)
        plan = plan_nudge(situation, catalogue, counts, decision_id=name, rng=rng_of(name))
        decision = record_nudge(plan, score_decision=score.decision_id, exploration=catalogue.exploration, at=now)
        if await self.decisions.record(decision):
            return plan.nudge
        # Another worker decided under the same key in the meantime; its decision stands.
        return recall_nudge(await self.decisions.get(name))
