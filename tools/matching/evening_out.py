"""Moves leads that nobody answered from reps with more than their share to reps with less. Touches no lead of a rep."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.matches import AssignmentRecord
from domain.people import Rep
from domain.routing_results import HandOver
from domain.values import LeadId, Market, RepId
from tools.matching.batch import Floor
from tools.matching.chances import Chances
from tools.matching.floor_reading import Wish
from tools.matching.handing_over import ASSIGNED_BY
from tools.matching.recording import match_decision_id
from tools.matching.tool import MatchingTool


@dataclass(frozen=True)
class LoadEvener:
    """Evens the load of a market out.

    Attributes:
        matcher: What chooses reps.
        at_once: Leads decided at once.
    """

    matcher: MatchingTool
    at_once: int

    async def propose(self, market: Market, *, key: str) -> tuple[HandOver, ...]:
        """Say which leads would go from reps above the mean load to reps with less; batch after batch."""
        now = self.matcher.clock.now()
        floor = await self.matcher.reader.floor(market, now=now)
        offered = await self.matcher.records.routed_leads.unanswered(market)
        load, moves, looked_at = Counter(floor.open_leads), list[HandOver](), set[LeadId]()
        while True:
            fresh = [each for each in offered if each.lead_id not in looked_at]
            batch = await self._worth_a_look(fresh, replace(floor, open_leads=load), now)
            if not batch:
                return tuple(moves)
            looked_at |= {each.lead_id for each in batch}
            moved = await self._plan(batch, floor, load, key=key, now=now)
            for move in moved:
                load[move.from_rep_id or RepId("")] -= 1
                load[move.rep_id or RepId("")] += 1
            moves += moved

    async def carry_out(self, market: Market, moves: Sequence[HandOver]) -> tuple[HandOver, ...]:
        """Move leads as far as the receiving reps still have places and nobody has answered meanwhile."""
        if not moves:
            return ()
        now, records = self.matcher.clock.now(), self.matcher.records
        unanswered = {each.lead_id: each for each in await records.routed_leads.unanswered(market)}
        moved = [
            AssignmentRecord(
                id=f"moved-{unanswered[move.lead_id].id}",
                lead_id=move.lead_id,
                rep_id=move.rep_id,
                at=now,
                by=ASSIGNED_BY,
                decision_id=unanswered[move.lead_id].decision_id,
                reason=move.reason,
            )
            for move in moves
            if move.lead_id in unanswered and unanswered[move.lead_id].rep_id == move.from_rep_id
        ]
        capacities = {rep.id: rep.capacity for rep in await records.reps.in_market(market)}
        done = {each.lead_id for each in await records.capacity.hand_over(moved, capacities)}
        return tuple(move for move in moves if move.lead_id in done)

    async def _worth_a_look(
        self, offered: Sequence[AssignmentRecord], floor: Floor, now: datetime
    ) -> list[AssignmentRecord]:
        """Return the next leads of reps above the mean load that a rep with less could take."""
        share = shares(floor.reps, floor.open_leads)
        places = sum(rep.capacity for rep in floor.reps)
        fair = sum(floor.open_leads.get(rep.id, 0) for rep in floor.reps) / max(places, 1)
        busy = {each.lead_id: each for each in offered if each.rep_id in share and share[each.rep_id] > fair}
        if not busy:
            return []
        records = self.matcher.records
        leads = await records.routed_leads.get_many(list(busy))
        chances = Chances(floor, self.matcher.policy, now, await records.rejections.of_leads(list(busy)))
        found: list[AssignmentRecord] = []
        for lead_id, each in busy.items():
            if len(found) == self.at_once:
                break
            if any(share[taker] < share[each.rep_id or taker] for taker in chances.takers(leads[lead_id])):
                found.append(each)
        return found

    async def _plan(
        self, batch: Sequence[AssignmentRecord], floor: Floor, load: Mapping[RepId, int], *, key: str, now: datetime
    ) -> list[HandOver]:
        leads = await self.matcher.leads_of([each.lead_id for each in batch])
        names = {lead.id: match_decision_id(lead.id, f"balance {key}") for lead in leads}
        arriving = {rep.id: load.get(rep.id, 0) - floor.open_leads.get(rep.id, 0) for rep in floor.reps}
        plan = await self.matcher.replan(leads, Wish(names, movable=frozenset(names)), now=now, arriving=arriving)
        before = {each.lead_id: each.rep_id for each in batch}
        share = shares(floor.reps, load)
        return [
            HandOver(lead_id=match.lead_id, from_rep_id=before[match.lead_id], rep_id=match.rep_id, reason=match.reason)
            for match in plan.matches
            if match.rep_id is not None and share[match.rep_id] < share[before[match.lead_id] or match.rep_id]
        ]


def shares(reps: Sequence[Rep], counts: Mapping[RepId, int]) -> dict[RepId, float]:
    """Return the part of each rep's capacity that is taken; a rep without any capacity is full."""
    return {rep.id: counts.get(rep.id, 0) / rep.capacity if rep.capacity else 1.0 for rep in reps}
