"""The routing desk: what a caller asks of routing is done by the tool, then journeys and the keeper of the pool hear of it.

Records are written first, so an unreachable workflow server loses nothing: a journey that was not told asks again.
"""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from domain.errors import ConflictError, JourneyClosedError, JourneyNotFoundError, WorkflowsUnavailableError
from domain.journeys import RepAnswer, RepChanged
from domain.matches import Match
from domain.people import RejectReason
from domain.ports import Journeys
from domain.routing import MatchOverride, Presence, RepAvailability
from domain.routing_ports import RoutingNews
from domain.routing_results import Balance, HandOver
from domain.values import LeadId, Market, RepId
from tools.matching.balancing import Balancer, handed_over
from tools.matching.desk import MatchingDesk
from tools.matching.tool import MatchingTool

MATCHER = "matcher"
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True)
class Declined:
    """What became of a lead that a rep declined.

    Attributes:
        match: Who has it now; None where its journey looks for somebody, or where it is withheld.
        pending: Whether the journey has the answer but has not put it on record yet.
    """

    match: Match | None
    pending: bool = False


@dataclass(frozen=True)
class RoutingDesk:
    """Hands leads out and takes in what people say about it.

    Attributes:
        balancer: What routes.
        journeys: What offers leads to reps.
        news: Who hears of changes.
        patience_s: Seconds that an answer given through a journey may take to be on record.
    """

    balancer: Balancer
    journeys: Journeys
    news: RoutingNews
    patience_s: float = 3.0

    @property
    def desk(self) -> MatchingDesk:
        """What takes in what people say about matches."""
        return self.balancer.desk

    @property
    def matcher(self) -> MatchingTool:
        """What chooses reps."""
        return self.desk.matcher

    async def assign(self, lead_ids: Sequence[LeadId], *, key: str, dry_run: bool = False) -> tuple[Match, ...]:
        """Give leads of one market to reps, the best for the batch.

        Args:
            lead_ids: The leads.
            key: Names the request; the same key gives the same matches.
            dry_run: Only propose.

        Raises:
            LeadNotFoundError: No such lead.
            InvalidInputError: A lead is named twice, or leads are of several markets.
        """
        if dry_run or not lead_ids:
            return await self.matcher.propose_batch(lead_ids)
        return await self._give(lead_ids, key=key)

    async def vip(self, lead_id: LeadId, *, key: str) -> Match:
        """Give a lead the fast track: reserved places are open to it, and it may take the place of a lead not accepted.

        Raises:
            LeadNotFoundError: No such lead.
        """
        (match,) = await self._give([lead_id], key=key, vips=frozenset([lead_id]))
        return match

    async def _give(
        self, lead_ids: Sequence[LeadId], *, key: str, vips: frozenset[LeadId] = frozenset()
    ) -> tuple[Match, ...]:
        (first, *_) = leads = await self.matcher.leads_of(lead_ids)
        waited = {entry.lead_id for entry in await self.matcher.records.pool.waiting(first.market)}
        given = await self.matcher.give([lead.id for lead in leads], key=key, vips=vips)
        moved = [each for each in handed_over(given) if each.lead_id in waited or each.lead_id in given.before or vips]
        await self._tell(moved)
        if any(match.rep_id is None for match in (*given.matches, *given.displaced)) or given.before:
            await self.news.floor_changed(first.market)
        return given.matches

    async def balance(self, market: Market, *, moves: bool, apply: bool, key: str) -> Balance:
        """Give waiting leads to who has a place and, if asked, even the load out. Nothing moves unless `apply`."""
        done = await self.balancer.balance(market, moves=moves, apply=apply, key=key)
        if apply:
            await self._tell([*done.handed, *done.moves])
        return done

    async def override(self, lead_id: LeadId, rep_id: RepId | None, *, reason: str, by: str, key: str) -> MatchOverride:
        """Give a lead to the rep that a manager names; a running journey follows him.

        Raises:
            LeadNotFoundError: No such lead.
            RepNotFoundError: No such rep.
            UnqualifiedRepError: The law or the rep's own limits forbid it.
        """
        said, _ = await self.desk.override(lead_id, rep_id, reason=reason, by=by, key=key)
        await self.news.leads_moved({lead_id: RepChanged(rep_id=rep_id, by=by, decided=True)})
        await self._floor_changed(lead_id)
        return said

    async def reject(
        self, lead_id: LeadId, rep_id: RepId, *, reason: RejectReason, note: str | None, key: str
    ) -> Declined:
        """Take a lead back from a rep who declines it. What he said is on record then, unless it is pending.

        Raises:
            LeadNotFoundError: No such lead.
            RepNotFoundError: No such rep.
            ConflictError: The rep does not have the lead.
        """
        await self.matcher.leads_of([lead_id])
        await self.matcher.records.reps.get(rep_id)
        answer = RepAnswer(rep_id=rep_id, accepted=False, reason=reason, note=note)
        known = await self._rejections(lead_id, rep_id)
        try:
            await self.journeys.answer_offer(lead_id, answer)
        except (ConflictError, JourneyNotFoundError, JourneyClosedError, WorkflowsUnavailableError):
            # No journey offers it to him now: it is his already, or nobody follows it up.
            match = await self.desk.reject(lead_id, rep_id, reason=reason, note=note, key=key)
            holder = match.rep_id if match is not None else None
            await self._tell([HandOver(lead_id=lead_id, from_rep_id=rep_id, rep_id=holder, reason=reason.value)])
            await self._floor_changed(lead_id)
            return Declined(match)
        return Declined(None, pending=not await self._is_recorded(lead_id, rep_id, known))

    async def set_availability(
        self,
        rep_id: RepId,
        presence: Presence,
        *,
        since: datetime | None,
        until: datetime | None,
        reason: str,
        by: str,
        key: str,
    ) -> RepAvailability:
        """Note that a rep is available, away or offline; waiting leads get his places, or others get his leads.

        Raises:
            RepNotFoundError: No such rep.
            InvalidInputError: The end does not lie after the beginning and after now.
        """
        entry = await self.desk.set_availability(
            rep_id, presence, since=since, until=until, reason=reason, by=by, key=key
        )
        await self.news.floor_changed((await self.matcher.records.reps.get(rep_id)).market)
        return entry

    async def _is_recorded(self, lead_id: LeadId, rep_id: RepId, known: AbstractSet[str]) -> bool:
        """Wait until a journey has put a rep's answer on record. Returns whether it did in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience_s
        while await self._rejections(lead_id, rep_id) <= known:
            if loop.time() >= until:
                return False
            await asyncio.sleep(_LOOK_AGAIN_S)
        return True

    async def _rejections(self, lead_id: LeadId, rep_id: RepId) -> frozenset[str]:
        said = await self.matcher.records.rejections.of_lead(lead_id)
        return frozenset(each.id for each in said if each.rep_id == rep_id)

    async def _tell(self, handed: Sequence[HandOver]) -> None:
        await self.news.leads_moved({each.lead_id: RepChanged(rep_id=each.rep_id, by=MATCHER) for each in handed})

    async def _floor_changed(self, lead_id: LeadId) -> None:
        (lead,) = await self.matcher.leads_of([lead_id])
        await self.news.floor_changed(lead.market)
