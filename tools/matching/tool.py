"""The matching capability: who should take a lead, or a whole batch, decided on the live floor and carried out."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from domain.errors import InvalidInputError, LeadNotFoundError
from domain.matches import Match
from domain.people import Lead
from domain.ports import Clock
from domain.routing import RoutingPolicy
from domain.routing_ports import BatchScores
from domain.values import DecisionId, LeadId, RepId, content_hash
from tools.matching.floor_reading import FloorReader, Situation, Wish
from tools.matching.handing_over import decisions_of, settle, with_kin
from tools.matching.history import OutcomeHistory
from tools.matching.learning import AffinityLearner
from tools.matching.plan import Plan
from tools.matching.planning import plan_matches
from tools.matching.ports import RoutingRecords
from tools.matching.recalling import recall
from tools.matching.recording import match_decision_id

ROUNDS = 5
"""How often a lead that lost its place to another process is decided anew, before it waits in the pool."""


@dataclass(frozen=True)
class Assigned:
    """What became of leads that needed a rep.

    Attributes:
        matches: One per lead asked, in order.
        before: Who had a lead before; a lead that nobody had is absent.
        displaced: New matches of leads that gave their place to a VIP.
    """

    matches: tuple[Match, ...]
    before: Mapping[LeadId, RepId]
    displaced: tuple[Match, ...] = ()


@dataclass(frozen=True)
class MatchingTool:
    """Gives leads to reps. Satisfies `domain.ports.Matcher`.

    Assignments of one process are made one after the other, so that they do not compete with each other. Those of
    several processes may compete: what is recorded never breaks a capacity, and who loses a place is decided anew.

    Attributes:
        records: Where everything is read and recorded.
        scorer: Gives leads their probabilities, a batch at a time.
        history: How leads ended in whose hands.
        clock: The time.
        policy: The team's rules.
    """

    records: RoutingRecords
    scorer: BatchScores
    history: OutcomeHistory
    clock: Clock
    policy: RoutingPolicy = field(default_factory=RoutingPolicy)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @cached_property
    def reader(self) -> FloorReader:
        """What reads the floor; it remembers what was learned from the history."""
        records = self.records
        learner = AffinityLearner(self.history, records.rejections, records.match_overrides)
        return FloorReader(records, learner, self.scorer, self.policy)

    async def propose(self, lead_id: LeadId, *, exclude: Sequence[RepId] = ()) -> Match:
        """Say who should take a lead; changes nothing but the decision log. Raises `LeadNotFoundError`."""
        (match,) = await self.propose_batch([lead_id], exclude=exclude)
        return match

    async def propose_batch(self, lead_ids: Sequence[LeadId], *, exclude: Sequence[RepId] = ()) -> tuple[Match, ...]:
        """Say who should take each lead of a batch, as a whole; changes nothing but the decision log."""
        leads = await self.leads_of(lead_ids)
        if not leads:
            return ()
        now = self.clock.now()
        names = {lead.id: match_decision_id(lead.id, f"propose {now.isoformat()}") for lead in leads}
        situation = await self.reader.read(leads, Wish(names, exclude=frozenset(exclude)), now=now)
        plan = await self._plan(situation, explore=False)
        matches = with_kin(plan.matches, situation)
        await self.records.decisions.record_many(list(decisions_of(matches, plan, situation).values()))
        return matches

    async def assign(self, lead_id: LeadId, *, exclude: Sequence[RepId] = (), key: str) -> Match:
        """Choose a rep and record the assignment. Idempotent by `key`. Raises `LeadNotFoundError`."""
        return (await self.give([lead_id], key=key, exclude=frozenset(exclude))).matches[0]

    async def assign_batch(self, lead_ids: Sequence[LeadId], *, key: str) -> tuple[Match, ...]:
        """Choose reps for a whole batch, the best for the batch, and record the assignments.

        Idempotent by `key` and lead. All leads must be of one market.

        Raises:
            LeadNotFoundError: If there is no such lead.
            InvalidInputError: If a lead is named twice, or leads are of several markets.
        """
        return (await self.give(lead_ids, key=key)).matches

    async def replan(
        self, leads: Sequence[Lead], wish: Wish, *, now: datetime, arriving: Mapping[RepId, int] | None = None
    ) -> Plan:
        """Plan a batch on the live floor without exploring; record nothing.

        Args:
            leads: Leads of one market, at least one.
            wish: What is asked.
            now: The moment.
            arriving: Open leads that reps have beyond those on record, fewer if negative: planned before, not done yet.
        """
        situation = await self.reader.read(leads, wish, now=now)
        floor = replace(situation.floor, open_leads=situation.floor.load_with(arriving or {}))
        situation = replace(situation, floor=floor)
        plan = await self._plan(situation, explore=False)
        return replace(plan, matches=with_kin(plan.matches, situation))

    async def give(
        self,
        lead_ids: Sequence[LeadId],
        *,
        key: str,
        exclude: frozenset[RepId] = frozenset(),
        vips: frozenset[LeadId] = frozenset(),
        due: Mapping[LeadId, datetime] | None = None,
        pool_again: bool = True,
    ) -> Assigned:
        """Choose reps for leads and carry it out. Idempotent by `key` and lead.

        Args:
            lead_ids: Leads of one market, each once.
            key: Names the request.
            exclude: Reps who may get none of them.
            vips: Leads on the fast track.
            due: Deadlines of leads that have one.
            pool_again: Whether leads that find nobody are recorded as waiting; otherwise they are left out.

        Raises:
            LeadNotFoundError: If there is no such lead.
            InvalidInputError: If a lead is named twice, or leads are of several markets.
        """
        leads = await self.leads_of(lead_ids)
        async with self._one_at_a_time:
            names = {lead.id: match_decision_id(lead.id, key) for lead in leads}
            found = await recall(self.records, leads, names)
            fresh = [lead for lead in leads if lead.id not in found]
            wish = Wish(names, exclude=exclude, vips=vips, due=due or {})
            assigned = await self._give_fresh(fresh, wish, pool_again=pool_again)
        found |= {match.lead_id: match for match in assigned.matches}
        matches = tuple(found[lead_id] for lead_id in lead_ids if lead_id in found)
        return Assigned(matches, assigned.before, assigned.displaced)

    async def _give_fresh(self, leads: Sequence[Lead], wish: Wish, *, pool_again: bool) -> Assigned:
        """Decide and carry out, and decide anew about leads whose place was taken meanwhile or that were displaced."""
        asked = {lead.id for lead in leads}
        found: dict[LeadId, Match] = {}
        before: dict[LeadId, RepId] = {}
        names = dict(wish.decision_ids)
        for _ in range(ROUNDS):
            if not leads:
                break
            here = Wish(names, wish.exclude, wish.due, wish.vips, wish.movable)
            situation = await self.reader.read(leads, here, now=self.clock.now())
            plan = await self._plan(situation, explore=True)
            settled = await settle(self.records, plan, situation, pool_again=pool_again)
            before = dict(situation.holders) | before
            found |= {match.lead_id: match for match in settled.matches}
            for lead_id in settled.displaced:
                names[lead_id] = match_decision_id(lead_id, f"displaced {names[_vip_of(plan, lead_id)]}")
            leads = await self.leads_of([*settled.lost, *settled.displaced])
        if leads:
            found |= {match.lead_id: match for match in await self._pool_losers(leads, names)}
        given = tuple(match for lead_id, match in found.items() if lead_id in asked)
        return Assigned(given, before, tuple(match for lead_id, match in found.items() if lead_id not in asked))

    async def _pool_losers(self, leads: Sequence[Lead], names: Mapping[LeadId, DecisionId]) -> tuple[Match, ...]:
        """Let leads wait that lost their place again and again: nobody may take them now."""
        reps = await self.records.reps.in_market(leads[0].market)
        wish = Wish(names, exclude=frozenset(rep.id for rep in reps))
        situation = await self.reader.read(leads, wish, now=self.clock.now())
        plan = await self._plan(situation, explore=False)
        why = {"reason": "Waits in the pool: others took every free place while this was decided."}
        plan = replace(
            plan,
            matches=tuple(match.model_copy(update=why) for match in plan.matches),
            pool=tuple(entry.model_copy(update=why) for entry in plan.pool),
        )
        return (await settle(self.records, plan, situation)).matches

    async def _plan(self, situation: Situation, *, explore: bool) -> Plan:
        """Plan a batch in a thread. The same requests draw the same effects, in every process."""
        rng = None
        if explore and self.policy.explore > 0:
            seed = content_hash(sorted(request.decision_id for request in situation.requests), length=16)
            rng = np.random.default_rng(int(seed, 16))
        return await asyncio.to_thread(
            plan_matches, situation.requests, situation.floor, policy=self.policy, now=situation.now, rng=rng
        )

    async def leads_of(self, lead_ids: Sequence[LeadId]) -> list[Lead]:
        """Read leads of one market, in order.

        Raises:
            LeadNotFoundError: If there is no such lead.
            InvalidInputError: If a lead is named twice, or leads are of several markets.
        """
        repeated = [lead_id for lead_id, count in Counter(lead_ids).items() if count > 1]
        if repeated:
            raise InvalidInputError("lead_ids", repeated[0], "is named more than once; name each lead once")
        found = await self.records.routed_leads.get_many(lead_ids)
        for lead_id in lead_ids:
            if lead_id not in found:
                raise LeadNotFoundError(lead_id)
        markets = sorted({lead.market for lead in found.values()})
        if len(markets) > 1:
            raise InvalidInputError("lead_ids", markets, "are leads of several markets; assign each market by itself")
        return [found[lead_id] for lead_id in lead_ids]


def _vip_of(plan: Plan, lead_id: LeadId) -> LeadId:
    """Return the VIP that took the place of a lead."""
    return next(each.by for each in plan.displaced if each.lead_id == lead_id)
