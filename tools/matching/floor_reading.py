"""Reads what a batch is decided from: the leads, their scores and who has them, and the sales floor. Decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.matches import AssignmentRecord
from domain.people import Lead, Rep
from domain.routing import Kin, LeadRejection, Presence, RepAvailability, RoutingPolicy
from domain.routing_ports import BatchScores
from domain.scores import LeadScore, Temperature
from domain.values import DecisionId, LeadId, Market, RepId
from tools.matching.batch import Displaceable, Floor, Request
from tools.matching.learning import AffinityLearner
from tools.matching.ports import RoutingRecords

VIP_FIELD = "vip"


@dataclass(frozen=True)
class Wish:
    """What is asked of the next decision about some leads.

    Attributes:
        decision_ids: Names of the decisions, by lead.
        exclude: Reps who may get none of the leads.
        due: When somebody must have a lead, where it has a deadline.
        vips: Leads on the fast track, whatever their fields say.
        movable: Leads that count as nobody's, though a rep has them.
    """

    decision_ids: Mapping[LeadId, DecisionId]
    exclude: frozenset[RepId] = frozenset()
    due: Mapping[LeadId, datetime] = field(default_factory=dict)
    vips: frozenset[LeadId] = frozenset()
    movable: frozenset[LeadId] = frozenset()


@dataclass(frozen=True)
class Situation:
    """Everything that a batch is decided from.

    Attributes:
        requests: The leads, in the order asked.
        floor: The sales floor.
        holders: Who has a lead now; a lead that nobody has is absent.
        scores: Names of the decisions behind the probabilities.
        kin: For leads that are asked for by way of another lead's rep, that lead.
        now: The moment.
    """

    requests: tuple[Request, ...]
    floor: Floor
    holders: Mapping[LeadId, RepId]
    scores: Mapping[LeadId, DecisionId]
    kin: Mapping[LeadId, Kin]
    now: datetime


@dataclass(frozen=True)
class FloorReader:
    """Reads the floor through ports, each table once for a whole batch."""

    records: RoutingRecords
    learner: AffinityLearner
    scorer: BatchScores
    policy: RoutingPolicy

    async def read(self, leads: Sequence[Lead], wish: Wish, *, now: datetime) -> Situation:
        """Read what is needed to decide about leads of one market.

        Args:
            leads: At least one.
            wish: What is asked.
            now: The moment of decision.
        """
        lead_ids = [lead.id for lead in leads]
        floor = await self.floor(leads[0].market, now=now)
        scores = await self._score(lead_ids, now=max(now, *(lead.created_at for lead in leads)))
        held = await self.records.assignments.current_of(lead_ids)
        rejections = await self.records.rejections.of_leads(lead_ids)
        holders = {lead_id: each.rep_id for lead_id, each in held.items() if each.rep_id is not None}
        owners = {lead_id: rep_id for lead_id, rep_id in holders.items() if lead_id not in wish.movable}
        found = await self.records.routed_leads.kin_of([lead for lead in leads if lead.id not in holders])
        kin = {
            lead_id: each
            for lead_id, each in found.items()
            if _welcomes(floor, each.rep_id, wish.exclude, rejections.get(lead_id, ()))
        }
        floor = replace(
            floor,
            open_leads=_without(floor.open_leads, [holders[lead_id] for lead_id in wish.movable if lead_id in holders]),
            displaceable=await self._displaceable(leads, wish, now=now),
            currency=next((score.currency for score in scores if score.expected_value is not None), None),
        )
        requests = tuple(
            Request(
                lead=_marked(lead) if lead.id in wish.vips else lead,
                p_convert=score.p_convert,
                value=value_of_a_win(score.p_convert, score.expected_value),
                owner=owners.get(lead.id) or (kin[lead.id].rep_id if lead.id in kin else None),
                excluded=wish.exclude,
                decision_id=wish.decision_ids[lead.id],
                owner_since=held[lead.id].at if lead.id in owners else None,
                rejections=tuple(rejections.get(lead.id, ())),
                due_at=wish.due.get(lead.id),
                held=lead.id in owners,
                hot=score.temperature is Temperature.HOT,
            )
            for lead, score in zip(leads, scores, strict=True)
        )
        return Situation(requests, floor, holders, {s.lead_id: s.decision_id for s in scores}, kin, now)

    async def floor(self, market: Market, *, now: datetime) -> Floor:
        """Read the sales floor of a market, without leads whose place could be taken."""
        reps = await self.records.reps.in_market(market)
        products = await self.records.products.in_market(market)
        lesson = await self.learner.learn(market, reps, now=now)
        return Floor(
            reps=reps,
            products={product.id: product for product in products},
            open_leads=await self.records.assignments.open_counts(market),
            model=lesson.model,
            network=lesson.network,
            availability=await self.records.availability.in_force(market, at=now),
        )

    async def _displaceable(
        self, leads: Sequence[Lead], wish: Wish, *, now: datetime
    ) -> Mapping[RepId, Sequence[Displaceable]]:
        """Value the leads that are offered and not yet accepted, where a VIP might take the place of one."""
        flagged = any(lead.fields.get(VIP_FIELD) is True for lead in leads) or wish.vips
        if not self.policy.preempt or not (flagged or self.policy.vip_value is not None):
            return {}
        asked = {lead.id for lead in leads}
        offered = await self.records.routed_leads.unanswered(leads[0].market)
        there = {each.lead_id: each for each in offered if each.lead_id not in asked}
        scores = await self._score(list(there), now=now) if there else []
        found: dict[RepId, list[Displaceable]] = {}
        for score in scores:
            rep_id = there[score.lead_id].rep_id
            worth = score.p_convert if score.expected_value is None else score.expected_value
            if rep_id is not None:
                found.setdefault(rep_id, []).append(Displaceable(score.lead_id, worth))
        return found

    async def _score(self, lead_ids: Sequence[LeadId], *, now: datetime) -> Sequence[LeadScore]:
        return await self.scorer.batch_score(lead_ids, as_of=now, with_reasons=False)


def is_absent(entry: RepAvailability | None) -> bool:
    """Say whether an entry about a rep means that he takes no leads."""
    return entry is not None and entry.presence is not Presence.AVAILABLE


def due_back(
    assignment: AssignmentRecord, rep: Rep | None, entry: RepAvailability | None, policy: RoutingPolicy
) -> datetime | None:
    """Say from when on a lead is taken back from its rep; None while there is no reason to.

    Args:
        assignment: The assignment in force, which the rep has not answered.
        rep: The rep; None when there is no such rep any more.
        entry: What counts about his presence now.
        policy: How long a lead stays with a rep who is gone.
    """
    if rep is None or not rep.active:
        return assignment.at
    if entry is None or not is_absent(entry):
        return None
    left = max(entry.since, assignment.at)
    return left + timedelta(seconds=policy.reclaim_after_s)


def _welcomes(floor: Floor, rep_id: RepId, exclude: frozenset[RepId], rejections: Sequence[LeadRejection]) -> bool:
    """Say whether a rep is there, has a free place and has not declined, so that a lead of his client may go to him."""
    rep = next((rep for rep in floor.reps if rep.id == rep_id), None)
    declined = any(each.rep_id == rep_id for each in rejections)
    if rep is None or not rep.active or rep_id in exclude or declined or is_absent(floor.availability.get(rep_id)):
        return False
    return floor.open_leads.get(rep_id, 0) < rep.capacity


def _without(counts: Mapping[RepId, int], freed: Sequence[RepId]) -> Mapping[RepId, int]:
    left = dict(counts)
    for rep_id in freed:
        left[rep_id] = max(left.get(rep_id, 0) - 1, 0)
    return left


def _marked(lead: Lead) -> Lead:
    return lead.model_copy(update={"fields": {**lead.fields, VIP_FIELD: True}})


def value_of_a_win(p_convert: float, expected_value: float | None) -> float | None:
    """Undo the scorer's `expected_value = p_convert * value of a win`; None where no value is known."""
    return None if expected_value is None or p_convert <= 0 else expected_value / p_convert
