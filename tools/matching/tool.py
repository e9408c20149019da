"""The matching capability: loads facts through ports, chooses reps, records decisions and assignments."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from domain.decisions import Decision
from domain.errors import DecisionNotFoundError, InvalidInputError, RepNotFoundError
from domain.matches import AssignmentRecord, Match
from domain.people import Lead, Rep
from domain.ports import AssignmentRecords, Clock, DecisionLog, LeadRecords, ProductRecords, RepRecords, Scorer
from domain.scores import LeadScore
from domain.values import DecisionId, LeadId, Market, RepId, content_hash
from tools.matching.history import OutcomeHistory
from tools.matching.learning import AffinityLearner
from tools.matching.planning import Floor, Request, plan_matches
from tools.matching.recording import match_decision_id, recall_match, record_match

ASSIGNED_BY = "matcher"
DEFAULT_FAIRNESS = 0.1


@dataclass(frozen=True)
class MatchingTool:
    """Gives leads to reps. Satisfies `domain.ports.Matcher`.

    Assignments of one process are made one after the other: each must see the load that the one before it made.

    Attributes:
        fairness: What the last free place of a rep costs, as a part of the mean utility of the allowed pairs.
    """

    leads: LeadRecords
    reps: RepRecords
    products: ProductRecords
    assignments: AssignmentRecords
    decisions: DecisionLog
    scorer: Scorer
    history: OutcomeHistory
    clock: Clock
    fairness: float = DEFAULT_FAIRNESS
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @cached_property
    def _learner(self) -> AffinityLearner:
        return AffinityLearner(self.history)

    async def propose(self, lead_id: LeadId, *, exclude: Sequence[RepId] = ()) -> Match:
        """Say who should take a lead; changes nothing but the decision log. Raises `LeadNotFoundError`."""
        lead = await self.leads.get(lead_id)
        now = self.clock.now()
        (match,) = await self._decide([lead], frozenset(exclude), key=f"propose {now.isoformat()}", now=now)
        return match

    async def assign(self, lead_id: LeadId, *, exclude: Sequence[RepId] = (), key: str) -> Match:
        """Choose a rep and record the assignment. Idempotent by `key`. Raises `LeadNotFoundError`."""
        async with self._one_at_a_time:
            (match,) = await self._assign([lead_id], frozenset(exclude), key=key)
        return match

    async def assign_batch(self, lead_ids: Sequence[LeadId], *, key: str) -> tuple[Match, ...]:
        """Choose reps for a whole batch, the best for the batch, and record the assignments.

        Idempotent by `key` and lead. All leads must be of one market.

        Raises:
            LeadNotFoundError: If there is no such lead.
            InvalidInputError: If a lead is named twice, or leads are of several markets.
        """
        repeated = [lead_id for lead_id, count in Counter(lead_ids).items() if count > 1]
        if repeated:
            raise InvalidInputError("lead_ids", repeated[0], "is named more than once; name each lead once")
        async with self._one_at_a_time:
            return await self._assign(lead_ids, frozenset(), key=key)

    async def _assign(self, lead_ids: Sequence[LeadId], exclude: frozenset[RepId], *, key: str) -> tuple[Match, ...]:
        now = self.clock.now()
        leads = [await self.leads.get(lead_id) for lead_id in lead_ids]
        matches = {lead.id: await self._recall(match_decision_id(lead.id, key)) for lead in leads}
        fresh = [lead for lead in leads if matches[lead.id] is None]
        matches |= {match.lead_id: match for match in await self._decide(fresh, exclude, key=key, now=now)}
        decided = [match for match in matches.values() if match is not None]
        for match in decided:
            await self._hand_over(match)
        return tuple(decided)

    async def _decide(
        self, leads: Sequence[Lead], exclude: frozenset[RepId], *, key: str, now: datetime
    ) -> tuple[Match, ...]:
        if not leads:
            return ()
        markets = sorted({lead.market for lead in leads})
        if len(markets) > 1:
            raise InvalidInputError("lead_ids", markets, "are leads of several markets; assign each market by itself")
        floor = await self._floor(markets[0], now=now)
        scores = [await self.scorer.score_lead(lead.id, as_of=now) for lead in leads]
        requests = [
            Request(
                lead=lead,
                p_convert=score.p_convert,
                value=_value_of_a_win(score),
                owner=await self._owner(lead.id),
                excluded=exclude,
                decision_id=match_decision_id(lead.id, key),
            )
            for lead, score in zip(leads, scores, strict=True)
        ]
        matches = plan_matches(requests, floor, fairness=self.fairness, now=now)
        load = [floor.open_leads.get(rep.id, 0) for rep in floor.reps]
        await self.decisions.record_many(
            [
                record_match(match, score_decision=score.decision_id, open_leads=load)
                for match, score in zip(matches, scores, strict=True)
            ]
        )
        return matches

    async def _floor(self, market: Market, *, now: datetime) -> Floor:
        reps = await self.reps.in_market(market)
        products = await self.products.in_market(market)
        lesson = await self._learner.learn(market, reps, now=now)
        return Floor(
            reps=reps,
            products={product.id: product for product in products},
            open_leads=await self.assignments.open_counts(market),
            model=lesson.model,
            network=lesson.network,
        )

    async def _owner(self, lead_id: LeadId) -> RepId | None:
        current = await self.assignments.current(lead_id)
        return current.rep_id if current else None

    async def _recall(self, decision_id: DecisionId) -> Match | None:
        """Return what was decided under this name before, so that a retry decides nothing anew."""
        try:
            decision = await self.decisions.get(decision_id)
        except DecisionNotFoundError:
            return None
        return recall_match(decision, await self._rep_of(decision))

    async def _rep_of(self, decision: Decision) -> Rep | None:
        if decision.chosen is None:
            return None
        try:
            return await self.reps.get(RepId(decision.chosen))
        except RepNotFoundError:
            return None

    async def _hand_over(self, match: Match) -> None:
        """Record an assignment, unless the lead is there already or was given away after this decision."""
        current = await self.assignments.current(match.lead_id)
        if current and (current.at > match.as_of or current.rep_id == match.rep_id):
            return
        await self.assignments.record(
            AssignmentRecord(
                id=f"assignment-{content_hash(match.decision_id)}",
                lead_id=match.lead_id,
                rep_id=match.rep_id,
                at=match.as_of,
                by=ASSIGNED_BY,
                decision_id=match.decision_id,
                reason=match.reason,
            )
        )


def _value_of_a_win(score: LeadScore) -> float | None:
    """Undo the scorer's `expected_value = p_convert * value of a win`."""
    if score.expected_value is None or score.p_convert <= 0:
        return None
    return score.expected_value / score.p_convert
