"""Answers to questions about matches: everything behind one, and what a change of the floor would do. Assigns nobody."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.decisions import DecisionKind
from domain.errors import InvalidInputError
from domain.matches import Match
from domain.people import Lead
from domain.routing_ports import BatchScores
from domain.routing_results import MatchReport
from domain.values import LeadId, Market
from tools.matching.floor_reading import Wish
from tools.matching.ports import RoutingRecords
from tools.matching.recording import match_decision_id, recall_match
from tools.matching.tool import MatchingTool
from tools.matching.what_if import Comparison, FloorChange, what_if
from tools.matching.wording import explain_not

MOST_LEADS = 2_000
"""Leads that a what-if hands out anew at most: seconds of work."""

_LOOKED_AT = 100


@dataclass(frozen=True)
class MatchingAnswers:
    """Answers questions about matches.

    Attributes:
        matcher: What is asked about.
        rehearser: A scorer that records nothing, for what is only imagined.
    """

    matcher: MatchingTool
    rehearser: BatchScores

    @property
    def records(self) -> RoutingRecords:
        """Where it is looked up."""
        return self.matcher.records

    async def report(self, lead_id: LeadId, *, fresh: bool = False) -> MatchReport:
        """Tell everything behind the match of a lead.

        Args:
            lead_id: The lead.
            fresh: Whether to propose anew instead of telling what was decided last.

        Raises:
            LeadNotFoundError: If there is no such lead.
        """
        (lead,) = await self.matcher.leads_of([lead_id])
        match = None if fresh else await self._last_match(lead)
        if match is None:
            match = await self.matcher.propose(lead_id)
        reps = await self.records.reps.in_market(lead.market)
        waiting = await self.records.pool.waiting(lead.market)
        return MatchReport(
            **dict(match),
            why_not={rep.id: explain_not(match, rep.id, name=rep.name) for rep in reps if rep.id != match.rep_id},
            current=await self.records.assignments.current(lead_id),
            waiting=next((entry for entry in waiting if entry.lead_id == lead_id), None),
            rejections=await self.records.rejections.of_lead(lead_id),
            overrides=await self.records.match_overrides.of_lead(lead_id),
        )

    async def what_if(
        self, market: Market, change: FloorChange, *, lead_ids: Sequence[LeadId] | None = None
    ) -> Comparison:
        """Say what a change of the floor or of the rules would do; nothing is recorded, not even a score.

        Args:
            market: The market.
            change: What is changed.
            lead_ids: Leads that are handed out anew. None: those that wait, that nobody has, that nobody has accepted or
                contacted, and all of the reps who leave; `MOST_LEADS` at most.

        Raises:
            LeadNotFoundError: If there is no such lead.
            InvalidInputError: If a lead is of another market, or the change names a rep who is not of this one.
        """
        asked = list(lead_ids) if lead_ids is not None else await self._in_motion(market, change)
        leads = await self.matcher.leads_of(asked[:MOST_LEADS])
        foreign = next((lead for lead in leads if lead.market != market), None)
        if foreign is not None:
            raise InvalidInputError("lead_ids", foreign.id, f"is a lead of {foreign.market}, not of {market}")
        now = self.matcher.clock.now()
        reader = replace(self.matcher.reader, scorer=self.rehearser)
        if not leads:
            return what_if((), await reader.floor(market, now=now), change, self.matcher.policy, now)
        names = {lead.id: match_decision_id(lead.id, "what if") for lead in leads}
        there = await reader.read(leads, Wish(names, movable=frozenset(names)), now=now)
        return await asyncio.to_thread(what_if, there.requests, there.floor, change, self.matcher.policy, now)

    async def _in_motion(self, market: Market, change: FloorChange) -> list[LeadId]:
        """Return the leads that a change would hand out anew."""
        leads = self.records.routed_leads
        unassigned = await leads.unassigned(market, limit=MOST_LEADS)
        offered = [each.lead_id for each in await leads.unanswered(market)]
        left = [each.lead_id for each in await leads.held_by(sorted(change.leave))]
        return list(dict.fromkeys([*left, *unassigned, *offered]))

    async def _last_match(self, lead: Lead) -> Match | None:
        decisions = await self.records.decisions.about(lead.id, limit=_LOOKED_AT)
        last = next((each for each in decisions if each.kind is DecisionKind.MATCH), None)
        if last is None:
            return None
        reps = {rep.id: rep for rep in await self.records.reps.in_market(lead.market)}
        return recall_match(last, next((rep for id_, rep in reps.items() if id_ == last.chosen), None))
