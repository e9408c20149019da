"""Carries a plan out: what still fits is recorded with its decision, what waits goes into the pool. Chooses no rep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.decisions import Decision
from domain.matches import AssignmentRecord, Match
from domain.people import Lead
from domain.routing import Kin, Kinship, PoolEntry, RoutingPolicy
from domain.values import LeadId, content_hash
from tools.matching.floor_reading import Situation
from tools.matching.plan import Displacement, Plan
from tools.matching.ports import RoutingRecords
from tools.matching.recording import record_matches

ASSIGNED_BY = "matcher"

_SAME = {
    Kinship.EMAIL: "has the same e-mail address",
    Kinship.PHONE: "has the same phone number",
    Kinship.DOMAIN: "is of the same company",
}


@dataclass(frozen=True)
class Settled:
    """What became of a plan.

    Attributes:
        matches: Matches that are now so.
        lost: Leads whose place somebody else took between reading and writing; they need a fresh look.
        displaced: Leads that gave their place to a VIP; they need a rep again.
    """

    matches: tuple[Match, ...]
    lost: tuple[LeadId, ...]
    displaced: tuple[LeadId, ...]


async def settle(records: RoutingRecords, plan: Plan, situation: Situation, *, pool_again: bool = True) -> Settled:
    """Carry a plan out, as far as the floor still allows it.

    Args:
        records: Where.
        plan: What was decided.
        situation: From what.
        pool_again: Whether leads that find nobody are recorded as waiting; otherwise nothing is said of them.
    """
    matches = with_kin(plan.matches, situation)
    moving = [match for match in matches if match.rep_id != situation.holders.get(match.lead_id)]
    pooled = {match.lead_id for match in matches if match.rep_id is None}
    if not pool_again:
        moving = [match for match in moving if match.lead_id not in pooled]
    decisions = decisions_of(matches, plan, situation)
    recorded = await records.capacity.hand_over(
        [*(_assignment(match) for match in moving), *(_release(each, plan) for each in plan.displaced)],
        {rep.id: rep.capacity for rep in situation.floor.reps},
        decisions=list(decisions.values()),
    )
    done = {each.lead_id for each in recorded}
    lost = {match.lead_id for match in moving if match.rep_id is not None and match.lead_id not in done}
    silent = set() if pool_again else pooled
    settled = tuple(match for match in matches if match.lead_id not in lost | silent)
    unwritten = [decisions[match.lead_id] for match in settled if match.lead_id not in done]
    if unwritten:  # leads that stay where they are, and those that wait for the first time
        await records.decisions.record_many(unwritten)
    await records.pool.put([entry for entry in plan.pool if pool_again and entry.lead_id not in lost])
    displaced = tuple(each.lead_id for each in plan.displaced if each.lead_id in done)
    return Settled(settled, tuple(match.lead_id for match in matches if match.lead_id in lost), displaced)


def decisions_of(matches: Sequence[Match], plan: Plan, situation: Situation) -> dict[LeadId, Decision]:
    """Turn matches of one batch into the decisions to record, by lead, each with the gap that was proven for the batch."""
    decisions = record_matches(
        matches,
        score_decisions=[situation.scores[match.lead_id] for match in matches],
        open_leads=[situation.floor.open_leads.get(rep.id, 0) for rep in situation.floor.reps],
    )
    gap = {"gap": f"{plan.gap:.6f}"}
    return {
        match.lead_id: decision.model_copy(update={"versions": decision.versions | gap})
        for match, decision in zip(matches, decisions, strict=True)
    }


def with_kin(matches: Sequence[Match], situation: Situation) -> tuple[Match, ...]:
    """Say of a match that a lead goes to the rep of another lead, where that is why."""
    return tuple(_with_kin(match, situation.kin.get(match.lead_id)) for match in matches)


def pool_entry(lead: Lead, policy: RoutingPolicy, *, at: datetime, reason: str) -> PoolEntry:
    """Note that a lead waits from a moment on, by the team's rules."""
    return PoolEntry(
        lead_id=lead.id,
        market=lead.market,
        since=at,
        deadline=at + timedelta(seconds=policy.pool_deadline_s),
        owner=policy.pool_owner,
        reason=reason,
    )


def _with_kin(match: Match, kin: Kin | None) -> Match:
    if kin is None or match.rep_id != kin.rep_id:
        return match
    why = f"{match.rep_name or match.rep_id}: has lead {kin.lead_id} already, which {_SAME[kin.kinship]}."
    return match.model_copy(update={"reason": why})


def _assignment(match: Match) -> AssignmentRecord:
    return AssignmentRecord(
        id=f"assignment-{content_hash(match.decision_id)}",
        lead_id=match.lead_id,
        rep_id=match.rep_id,
        at=match.as_of,
        by=ASSIGNED_BY,
        decision_id=match.decision_id,
        reason=match.reason,
    )


def _release(displaced: Displacement, plan: Plan) -> AssignmentRecord:
    vip = next(match for match in plan.matches if match.lead_id == displaced.by)
    return AssignmentRecord(
        id=f"displaced-{content_hash(vip.decision_id, displaced.lead_id)}",
        lead_id=displaced.lead_id,
        rep_id=None,
        at=vip.as_of,
        by=ASSIGNED_BY,
        decision_id=None,
        reason=f"gave its place to VIP {displaced.by}",
    )
