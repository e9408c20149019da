"""Keeps a market moving: leads of reps who are gone come back, waiting leads get free places, load evens out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.matches import AssignmentRecord, Match
from domain.people import Rep
from domain.routing import PoolEntry
from domain.routing_results import Balance, HandOver, Sweep
from domain.values import Market, RepId
from tools.matching.desk import MatchingDesk
from tools.matching.floor_reading import Wish, due_back, is_absent
from tools.matching.ports import RoutingRecords
from tools.matching.recording import match_decision_id
from tools.matching.tool import Assigned, MatchingTool

MOST_AT_ONCE = 500
"""Waiting leads looked at in one sweep, the earliest deadline first; the next sweep looks at the next ones."""

_LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Balancer:
    """Sweeps over markets."""

    desk: MatchingDesk

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
        handed = await self._drain(market, key=key) if apply else await self._proposed(market)
        proposed = await self._moves(market, key=key) if moves else ()
        done = await self._carry_out(market, proposed) if apply else proposed
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
        """Give waiting leads to reps with a free place; nothing is recorded about those who wait on."""
        entries = await self._waiting_with_a_chance(market)
        if not entries:
            return ()
        due = {entry.lead_id: entry.deadline for entry in entries}
        given = await self.matcher.give(list(due), key=f"drain {key}", due=due, pool_again=False)
        return handed_over(given)

    async def _proposed(self, market: Market) -> tuple[HandOver, ...]:
        entries = await self._waiting_with_a_chance(market)
        if not entries:
            return ()
        matches = await self.matcher.propose_batch([entry.lead_id for entry in entries])
        return tuple(_hand_over(match, None) for match in matches if match.rep_id is not None)

    async def _waiting_with_a_chance(self, market: Market) -> Sequence[PoolEntry]:
        """Return waiting leads, none where no rep could take one: then there is nothing to decide."""
        entries = await self.records.pool.waiting(market)
        if not entries or not await self._has_place(market):
            return ()
        return entries[:MOST_AT_ONCE]

    async def _has_place(self, market: Market) -> bool:
        counts = await self.records.assignments.open_counts(market)
        absent = await self.records.availability.in_force(market, at=self.matcher.clock.now())
        return any(
            rep.active and not is_absent(absent.get(rep.id)) and counts.get(rep.id, 0) < rep.capacity
            for rep in await self.records.reps.in_market(market)
        )

    async def _moves(self, market: Market, *, key: str) -> tuple[HandOver, ...]:
        """Say which leads that nobody answered would go from reps with more than their share to reps with less."""
        now = self.matcher.clock.now()
        offered = await self.records.routed_leads.unanswered(market)
        reps = {rep.id: rep for rep in await self.records.reps.in_market(market)}
        counts = await self.records.assignments.open_counts(market)
        share = shares(list(reps.values()), counts)
        fair = sum(counts.get(rep.id, 0) for rep in reps.values()) / max(sum(r.capacity for r in reps.values()), 1)
        busy = [each for each in offered if each.rep_id in share and share[each.rep_id] > fair][:MOST_AT_ONCE]
        if not busy:
            return ()
        leads = await self.matcher.leads_of([each.lead_id for each in busy])
        names = {lead.id: match_decision_id(lead.id, f"balance {key}") for lead in leads}
        plan = await self.matcher.replan(leads, Wish(names, movable=frozenset(names)), now=now)
        before = {each.lead_id: each.rep_id for each in busy}
        return tuple(
            _hand_over(match, before[match.lead_id])
            for match in plan.matches
            if match.rep_id is not None and share[match.rep_id] < share[before[match.lead_id] or match.rep_id]
        )

    async def _carry_out(self, market: Market, moves: Sequence[HandOver]) -> tuple[HandOver, ...]:
        """Move leads as far as the receiving reps still have places and nobody has answered meanwhile."""
        if not moves:
            return ()
        now = self.matcher.clock.now()
        unanswered = {each.lead_id: each for each in await self.records.routed_leads.unanswered(market)}
        records = [
            AssignmentRecord(
                id=f"moved-{unanswered[move.lead_id].id}",
                lead_id=move.lead_id,
                rep_id=move.rep_id,
                at=now,
                by="matcher",
                decision_id=unanswered[move.lead_id].decision_id,
                reason=move.reason,
            )
            for move in moves
            if move.lead_id in unanswered and unanswered[move.lead_id].rep_id == move.from_rep_id
        ]
        capacities = {rep.id: rep.capacity for rep in await self.records.reps.in_market(market)}
        done = {each.lead_id for each in await self.records.capacity.hand_over(records, capacities)}
        return tuple(move for move in moves if move.lead_id in done)

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
        if len(waiting) > MOST_AT_ONCE:
            moments.append(now + _LOOK_AGAIN)
        return min((at for at in moments if at > now), default=None)


def handed_over(given: Assigned) -> tuple[HandOver, ...]:
    """List the leads that are in other hands than before, those who gave their place to a VIP among them."""
    return tuple(
        _hand_over(match, given.before.get(match.lead_id))
        for match in (*given.matches, *given.displaced)
        if match.rep_id != given.before.get(match.lead_id)
    )


def shares(reps: Sequence[Rep], counts: Mapping[RepId, int]) -> dict[RepId, float]:
    """Return the part of each rep's capacity that is taken; a rep without any capacity is full."""
    return {rep.id: counts.get(rep.id, 0) / rep.capacity if rep.capacity else 1.0 for rep in reps}


def _hand_over(match: Match, before: RepId | None) -> HandOver:
    return HandOver(lead_id=match.lead_id, from_rep_id=before, rep_id=match.rep_id, reason=match.reason)
