"""Routes of routing: hand leads out, balance, fast track, what people say about matches, who is there, who waits."""

from collections.abc import Sequence
from typing import Annotated, Self

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field, model_validator

from api.deps import House
from api.inputs import Id, LeadIdInPath, Moment, NoNulText, RepIdInPath, RequestBody
from domain.matches import Match
from domain.people import RejectReason
from domain.routing import LeadRejection, MatchOverride, PoolEntry, Presence, RepAvailability, RoutingPolicy
from domain.routing_results import Balance, MatchReport
from domain.values import DecisionId, LeadId, RepId
from tools.matching.what_if import Comparison, FloorChange

MOST_LEADS = 10_000
MOST_IMAGINED = 2_000
ROOMIER = {"/v1/routing/assign": 1_000_000}
"""Bodies that may be larger than others: ten thousand ids."""

router = APIRouter(tags=["routing"])

Key = Annotated[
    str | None,
    Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="Names the request: the same key again changes nothing. Without it every call is a new one.",
    ),
]


class AssignIn(RequestBody):
    """Which leads to hand out: those named, or all open leads of a market that no rep has."""

    lead_ids: list[Id] | None = Field(default=None, min_length=1, max_length=MOST_LEADS)
    market: str | None = Field(default=None, min_length=1, max_length=100, description="All its unassigned leads.")
    key: Key
    dry_run: bool = Field(default=False, description="Only propose; hand out nothing.")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.lead_ids is None) is (self.market is None):
            raise ValueError("needs either lead_ids or a market")
        return self


class AssignedLead(BaseModel):
    """Who has a lead; who was considered and excluded is told by `GET /v1/leads/{lead_id}/match`."""

    lead_id: LeadId
    rep_id: RepId | None = Field(description="null: it waits in the pool.")
    rep_name: str | None
    p_convert: float | None
    reason: str
    decision_id: DecisionId

    @classmethod
    def of(cls, match: Match) -> Self:
        """Tell the outcome of a match, without what is behind it."""
        return cls(**{name: getattr(match, name) for name in cls.model_fields})


class Assigned(BaseModel):
    """What became of the leads."""

    matches: list[AssignedLead]
    assigned: int = Field(description="Leads that have a rep.")
    pooled: int = Field(description="Leads that wait.")


class BalanceIn(RequestBody):
    """How a market is balanced."""

    market: str | None = Field(default=None, min_length=1, max_length=100)
    moves: bool = Field(default=False, description="Whether leads not yet contacted may move to reps with less load.")
    apply: bool = Field(default=False, description="Whether it is done; otherwise it is only said.")
    key: Key


class RulesIn(RequestBody):
    """Rules of the team that would be different; what is absent stays as it is."""

    fairness: float | None = Field(default=None, ge=0, le=10)
    vip_value: float | None = Field(default=None, ge=0)
    vip_reserve: float | None = Field(default=None, ge=0, lt=1)
    travel_cost_per_km: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class PolicyIn(RulesIn):
    """Rules of the team that would be different; what is absent stays as it is."""

    preempt: bool | None = None


class ChangeIn(RequestBody):
    """A change of the floor or of the rules to imagine."""

    market: str | None = Field(default=None, min_length=1, max_length=100)
    leave: list[Id] = Field(default_factory=list, max_length=1_000, description="Reps who are no longer there.")
    capacity: dict[Id, Annotated[int, Field(ge=-1_000_000, le=1_000_000)]] = Field(
        default_factory=dict, max_length=1_000, description="Places added per rep; negative takes places away."
    )

    def change(self, rules: RoutingPolicy, others: RulesIn | None) -> FloorChange:
        """Return the change, where some rules differ from those in force."""
        given = others.model_dump(exclude_none=True) if others is not None else {}
        return FloorChange(
            leave=frozenset(RepId(rep_id) for rep_id in self.leave),
            capacity={RepId(rep_id): places for rep_id, places in self.capacity.items()},
            policy=rules.model_copy(update=given) if given else None,
        )


class WhatIfIn(ChangeIn):
    """A change to imagine."""

    lead_ids: list[Id] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_IMAGINED,
        description="Leads handed out anew; those not yet accepted, and all of reps who leave, if absent.",
    )
    policy: PolicyIn | None = None


class VipIn(RequestBody):
    """A lead for the fast track."""

    lead_id: Id
    key: Key


class MatchOverrideIn(RequestBody):
    """Who gets the lead instead."""

    rep_id: Id | None = Field(description="null puts the lead into the pool.")
    reason: NoNulText = Field(min_length=1, max_length=2_000)
    by: NoNulText = Field(min_length=1, max_length=200)
    key: Key


class RejectionIn(RequestBody):
    """Why a rep declines a lead."""

    rep_id: Id
    reason: RejectReason
    note: NoNulText | None = Field(default=None, max_length=2_000)
    key: Key


class Rejected(BaseModel):
    """What became of a lead that was declined."""

    rejections: list[LeadRejection]
    match: Match | None = Field(
        description="Who has it now; null where its journey looks for somebody, or where nobody is asked by itself."
    )
    pending: bool = Field(
        description="Whether the journey has the answer but it is not yet among the rejections; it will be."
    )


class AvailabilityIn(RequestBody):
    """Whether a rep takes leads."""

    presence: Presence
    since: Moment | None = Field(default=None, description="Now if absent.")
    until: Moment | None = Field(default=None, description="Exclusive; open-ended if absent.")
    reason: NoNulText = Field(default="", max_length=2_000)
    by: NoNulText = Field(min_length=1, max_length=200)
    key: Key


class Availability(BaseModel):
    """Whether a rep takes leads, and what was said about it."""

    presence: Presence
    in_force: RepAvailability | None
    entries: list[RepAvailability] = Field(description="In order of recording.")


@router.post("/v1/routing/assign")
async def assign(body: AssignIn, house: House) -> Assigned:
    """Give leads to reps, the best for the whole batch; never more than a rep's capacity. Who finds nobody waits."""
    if body.lead_ids is not None:
        lead_ids: Sequence[LeadId] = [LeadId(lead_id) for lead_id in body.lead_ids]
    else:
        lead_ids = await house.records.routed_leads.unassigned(house.known_market(body.market), limit=MOST_LEADS)
    matches = await house.routing_desk.assign(lead_ids, key=_key(body.key, house), dry_run=body.dry_run)
    assigned = sum(match.rep_id is not None for match in matches)
    return Assigned(
        matches=[AssignedLead.of(match) for match in matches], assigned=assigned, pooled=len(matches) - assigned
    )


@router.post("/v1/routing/balance")
async def balance(body: BalanceIn, house: House) -> Balance:
    """Give waiting leads to reps with a free place and, if asked, move leads not yet contacted to reps with less load."""
    market = house.known_market(body.market)
    return await house.routing_desk.balance(market, moves=body.moves, apply=body.apply, key=_key(body.key, house))


@router.post("/v1/routing/vip")
async def vip(body: VipIn, house: House) -> Match:
    """Put a lead on the fast track: reserved places are open to it, and it may take that of a lead not yet accepted."""
    return await house.routing_desk.vip(LeadId(body.lead_id), key=_key(body.key, house))


@router.post("/v1/routing/what-if")
async def what_if(body: WhatIfIn, house: House) -> Comparison:
    """Say what would change if reps left, capacities or rules were different. Nothing is recorded, not even a score."""
    change = body.change(house.matcher.policy, body.policy)
    lead_ids = None if body.lead_ids is None else [LeadId(lead_id) for lead_id in body.lead_ids]
    return await house.matching_answers.what_if(house.known_market(body.market), change, lead_ids=lead_ids)


@router.get("/v1/routing/pool")
async def pool(house: House, market: str | None = None) -> list[PoolEntry]:
    """List the leads that wait for a rep, the earliest deadline first."""
    return list(await house.records.pool.waiting(house.known_market(market)))


@router.get("/v1/leads/{lead_id}/match")
async def match_lead(
    lead_id: LeadIdInPath,
    house: House,
    fresh: Annotated[bool, Query(description="Decide anew even if something was decided.")] = False,  # noqa: FBT002 - FastAPI reads the default
) -> MatchReport:
    """Say who should take a lead, why, and why not every other rep: the last decision, or a proposal. Assigns nobody."""
    return await house.matching_answers.report(LeadId(lead_id), fresh=fresh)


@router.post("/v1/leads/{lead_id}/match-override", status_code=status.HTTP_201_CREATED)
async def override_match(lead_id: LeadIdInPath, body: MatchOverrideIn, house: House) -> MatchOverride:
    """Give a lead to the rep that a manager names. Capacity and presence may be overridden, the law may not."""
    return await house.routing_desk.override(
        LeadId(lead_id),
        RepId(body.rep_id) if body.rep_id is not None else None,
        reason=body.reason,
        by=body.by,
        key=_key(body.key, house),
    )


@router.post("/v1/leads/{lead_id}/rejections", status_code=status.HTTP_201_CREATED)
async def reject_lead(lead_id: LeadIdInPath, body: RejectionIn, house: House) -> Rejected:
    """Take a lead back from a rep who declines it; the reason is learned from, and another rep is found."""
    declined = await house.routing_desk.reject(
        LeadId(lead_id), RepId(body.rep_id), reason=body.reason, note=body.note, key=_key(body.key, house)
    )
    rejections = await house.records.rejections.of_lead(LeadId(lead_id))
    return Rejected(rejections=list(rejections), match=declined.match, pending=declined.pending)


@router.get("/v1/reps/{rep_id}/availability")
async def availability(rep_id: RepIdInPath, house: House) -> Availability:
    """Say whether a rep takes leads now, and what was said about it."""
    rep = await house.records.reps.get(RepId(rep_id))
    in_force = await house.records.availability.in_force(rep.market, at=house.clock.now())
    entry = in_force.get(rep.id)
    return Availability(
        presence=entry.presence if entry else Presence.AVAILABLE,
        in_force=entry,
        entries=list(await house.records.availability.of_rep(rep.id)),
    )


@router.post("/v1/reps/{rep_id}/availability", status_code=status.HTTP_201_CREATED)
async def set_availability(rep_id: RepIdInPath, body: AvailabilityIn, house: House) -> RepAvailability:
    """Say that a rep is available, away or offline. Who is gone gets nothing, and loses unanswered leads after a while."""
    return await house.routing_desk.set_availability(
        RepId(rep_id),
        body.presence,
        since=body.since,
        until=body.until,
        reason=body.reason,
        by=body.by,
        key=_key(body.key, house),
    )


def _key(given: str | None, house: House) -> str:
    return given or house.clock.now().isoformat()
