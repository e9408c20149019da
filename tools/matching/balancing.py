"""Keeps a market moving: leads of reps who are gone come back, waiting leads get free places, load evens out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from domain.matches import AssignmentRecord, Match
from domain.routing import PoolEntry
from domain.routing_results import Balance, HandOver, Sweep
from domain.values import LeadId, Market, RepId
from tools.matching.chances import Chances
from tools.matching.desk import MatchingDesk
from tools.matching.evening_out import LoadEvener
from tools.matching.floor_reading import Wish, due_back, is_absent
from tools.matching.ports import RoutingRecords
from tools.matching.recording import match_decision_id
from tools.matching.tool import Assigned, MatchingTool

MOST_AT_ONCE = 500
"""Leads decided at once: waiting ones with the earliest deadline first, then the next ones while places are left."""


@dataclass(frozen=True)
class Balancer:
    """Sweeps over markets.

    Attributes:
        desk: What takes in what people say about matches, over what chooses reps.
        at_once: Leads decided at once.
    """

    desk: MatchingDesk
    at_once: int = MOST_AT_ONCE

    @property
    def matcher(self) -> MatchingTool:
        """What chooses reps."""
        return self.desk.matcher

    @property
    def records(self) -> RoutingRecords:
        """Where it is recorded."""
        return self.matcher.records

    async def sweep(self, market: Market, *, key: str) -> Sweep:
        """Take leads back from reps who are gone, give waiting leads to who has a place, and say what is overdue.

        Idempotent by `key`: the same key again hands over the same leads.
        """
        reclaimed = await self._reclaim(market, key=key)
        drained = await self._drain(market, key=key)
        now = self.matcher.clock.now()
        waiting = await self.records.pool.waiting(market)
        overdue = [entry for entry in waiting if entry.deadline <= now]
        escalated = tuple([entry for entry in overdue if await self.desk.escalate_entry(entry)])
        return Sweep(
            market=market,
            handed=(*reclaimed, *drained),
            escalated=escalated,
            waiting=len(waiting),
            next_at=await self._next_at(market, waiting, now=now),
        )

    async def balance(self, market: Market, *, moves: bool, apply: bool, key: str) -> Balance:
        """Give waiting leads to who has a place and, if asked, leads not yet contacted to reps with less to do.

        Args:
            market: The market.
            moves: Whether leads that a rep has, but neither accepted nor contacted, may move to a rep with less load.
            apply: Whether it is done; otherwise it is only said.
            key: Names the request; the same key again changes nothing.
        """
        handed = await self._drain(market, key=key) if apply else await self._proposed(market, key=key)
        evener = LoadEvener(self.matcher, self.at_once)
        proposed = await evener.propose(market, key=key) if moves else ()
        done = await evener.carry_out(market, proposed) if apply else proposed
        waiting = await self.records.pool.waiting(market)
        still = len(waiting) if apply else len(waiting) - len(handed)
        return Balance(market=market, handed=handed, moves=done, waiting=max(still, 0), applied=apply)

    async def _reclaim(self, market: Market, *, key: str) -> tuple[HandOver, ...]:
        """Take leads that nobody answered back from reps who are inactive, or gone for longer than allowed."""
        now = self.matcher.clock.now()
        due = [each for each, at in await self._due_back(market, now=now) if at <= now]
        if not due:
            return ()
        gone = frozenset(each.rep_id for each in due if each.rep_id is not None)
        given = await self.matcher.give([each.lead_id for each in due], key=f"reclaim {key}", exclude=gone)
        return handed_over(given)

    async def _drain(self, market: Market, *, key: str) -> tuple[HandOver, ...]:
        """Give waiting leads to reps with a free place, batch after batch; nothing is recorded about who waits on."""
        handed, looked_at = list[HandOver](), set[LeadId]()
        while batch := await self._with_a_chance(market, looked_at):
            looked_at |= {entry.lead_id for entry in batch}
            due = {entry.lead_id: entry.deadline for entry in batch}
            handed += handed_over(await self.matcher.give(list(due), key=f"drain {key}", due=due, pool_again=False))
        return tuple(handed)

    async def _proposed(self, market: Market, *, key: str) -> tuple[HandOver, ...]:
        """Say what `_drain` would do. Records nothing, so places that would be taken are counted here."""
        now, looked_at = self.matcher.clock.now(), set[LeadId]()
        handed, taken = list[HandOver](), Counter[RepId]()
        while batch := await self._with_a_chance(market, looked_at, taken=taken):
            looked_at |= {entry.lead_id for entry in batch}
            leads = await self.matcher.leads_of([entry.lead_id for entry in batch])
            names = {lead.id: match_decision_id(lead.id, f"drain {key}") for lead in leads}
            wish = Wish(names, due={entry.lead_id: entry.deadline for entry in batch})
            plan = await self.matcher.replan(leads, wish, now=now, arriving=taken)
            handed += [_hand_over(match, None) for match in plan.matches if match.rep_id is not None]
            taken.update(match.rep_id for match in plan.matches if match.rep_id is not None)
        return tuple(handed)

    async def _with_a_chance(
        self, market: Market, looked_at: AbstractSet[LeadId], *, taken: Mapping[RepId, int] | None = None
    ) -> Sequence[PoolEntry]:
        """Return the next waiting leads that a rep with a free place may take, the earliest deadline first.

        Args:
            market: The market.
            looked_at: Leads that were decided already.
            taken: Places taken on paper, by rep.
        """
        entries = [each for each in await self.records.pool.waiting(market) if each.lead_id not in looked_at]
        if not entries or not await self._has_place(market):
            return ()
        now = self.matcher.clock.now()
        floor = await self.matcher.reader.floor(market, now=now)
        floor = replace(floor, open_leads=floor.load_with(taken or {}))
        lead_ids = [each.lead_id for each in entries]
        leads = await self.records.routed_leads.get_many(lead_ids)
        chances = Chances(floor, self.matcher.policy, now, await self.records.rejections.of_leads(lead_ids))
        return list(islice((each for each in entries if chances.takers(leads[each.lead_id])), self.at_once))

    async def _has_place(self, market: Market) -> bool:
        counts = await self.records.assignments.open_counts(market)
        absent = await self.records.availability.in_force(market, at=self.matcher.clock.now())
        return any(
            rep.active and not is_absent(absent.get(rep.id)) and counts.get(rep.id, 0) < rep.capacity
            for rep in await self.records.reps.in_market(market)
        )

    async def _due_back(self, market: Market, *, now: datetime) -> list[tuple[AssignmentRecord, datetime]]:
        reps = {rep.id: rep for rep in await self.records.reps.in_market(market)}
        entries = await self.records.availability.in_force(market, at=now)
        found = []
        for each in await self.records.routed_leads.unanswered(market):
            rep_id = each.rep_id or RepId("")
            at = due_back(each, reps.get(rep_id), entries.get(rep_id), self.matcher.policy)
            if at is not None:
                found.append((each, at))
        return found

    async def _next_at(self, market: Market, waiting: Sequence[PoolEntry], *, now: datetime) -> datetime | None:
        """Say when a deadline passes, a lead is to be taken back, or a rep's presence changes."""
        moments = [entry.deadline for entry in waiting]
        moments += [at for _, at in await self._due_back(market, now=now)]
        change = await self.records.availability.next_change(market, after=now)
        moments += [] if change is None else [change]
        return min((at for at in moments if at > now), default=None)


def handed_over(given: Assigned) -> tuple[HandOver, ...]:
    """List the leads that are in other hands than before, those who gave their place to a VIP among them."""
    return tuple(
        _hand_over(match, given.before.get(match.lead_id))
        for match in (*given.matches, *given.displaced)
        if match.rep_id != given.before.get(match.lead_id)
    )


def _hand_over(match: Match, before: RepId | None) -> HandOver:
    return HandOver(lead_id=match.lead_id, from_rep_id=before, rep_id=match.rep_id, reason=match.reason)
