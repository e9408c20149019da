"""Routes about leads: arrival, score, match, replies, consent, outcome."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field

from api.deps import House
from api.inputs import Id, LeadIdInPath, Moment, NoNulText, RequestBody, Timezone
from domain.conversations import MAX_MESSAGE_CHARS, MessageReading
from domain.decisions import Decision
from domain.errors import InvalidInputError, LeadNotFoundError
from domain.events import Channel, ConsentEvent, Outcome, OutcomeKind, Purpose
from domain.people import Lead, Provenance
from domain.scores import LeadScore
from domain.values import FieldValue, LeadId, ProductId, RepId, content_hash
from runtime.wiring import Leadline

router = APIRouter(prefix="/v1/leads", tags=["leads"])


class ConsentGiven(RequestBody):
    """A grant of consent that came with the lead."""

    channel: Channel
    purpose: Purpose = Purpose.MARKETING
    granted: bool = True
    proof: NoNulText | None = Field(default=None, max_length=2_000)


class NewLead(RequestBody):
    """A lead as it arrives. It replaces what was stored under its id."""

    id: Id | None = Field(default=None, description="Derived from the content if absent.")
    market: str | None = Field(default=None, min_length=1, max_length=100)
    created_at: Moment | None = Field(default=None, description="A moment to come counts as now.")
    source: NoNulText = Field(default="api", min_length=1, max_length=200)
    name: NoNulText | None = Field(default=None, max_length=200)
    company: NoNulText | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")
    phone: NoNulText | None = Field(default=None, max_length=40)
    region: NoNulText | None = Field(default=None, max_length=100)
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    timezone: Timezone = "UTC"
    product_id: Id | None = None
    fields: dict[str, FieldValue] = Field(default_factory=dict, max_length=200)
    consents: list[ConsentGiven] = Field(default_factory=list, max_length=20)
    follow_up: bool = Field(default=True, description="Whether to start the lead's journey.")


class LeadStored(BaseModel):
    """The lead as stored."""

    lead: Lead
    journey_started: bool


class ReplyIn(RequestBody):
    """What a lead answered."""

    id: Id = Field(description="The provider's id; the same id again changes nothing.")
    channel: Channel
    text: str = Field(min_length=1, max_length=MAX_MESSAGE_CHARS, pattern=r"\S")
    at: Moment | None = Field(default=None, description="A moment to come counts as now.")


class OptOutIn(RequestBody):
    """A refusal."""

    channel: Channel | None = Field(default=None, description="Absent refuses every channel.")
    source: NoNulText = Field(default="api", min_length=1, max_length=200)
    proof: NoNulText | None = Field(default=None, max_length=2_000)


class OutcomeIn(RequestBody):
    """How a lead ended."""

    kind: OutcomeKind
    at: Moment | None = Field(default=None, description="A moment to come counts as now.")
    rep_id: Id | None = None
    product_id: Id | None = None
    value: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    reason: NoNulText | None = Field(default=None, max_length=2_000)


@router.post("", status_code=status.HTTP_201_CREATED)
async def lead_arrives(body: NewLead, house: House) -> LeadStored:
    """Take in a lead, with its consents, and start its journey. The same lead again changes nothing."""
    now = house.clock.now()
    market = house.known_market(body.market)
    told = body.model_dump(mode="json", exclude={"id", "created_at", "consents", "follow_up"})
    lead_id = LeadId(body.id or f"lead-{content_hash(told, length=16)}")
    if body.product_id is not None:
        await house.records.products.get(ProductId(body.product_id))
    known = await _known(house, lead_id)
    first_seen = known.created_at if known else now
    lead = Lead(
        id=lead_id,
        market=market,
        created_at=min(body.created_at or first_seen, now),
        provenance={"*": Provenance(source=body.source, recorded_at=first_seen, recorded_by="api")},
        **{k: v for k, v in body if k not in {"id", "market", "created_at", "consents", "follow_up"}},
    )
    consents = [
        ConsentEvent(
            id=f"consent-{content_hash(lead_id, c.channel, c.purpose, c.granted, lead.created_at.isoformat())}",
            lead_id=lead_id,
            at=lead.created_at,
            source=body.source,
            **c.model_dump(),
        )
        for c in body.consents
    ]
    started = await house.front_desk.lead_arrived(lead, consents=consents, follow_up=body.follow_up)
    return LeadStored(lead=lead, journey_started=started)


async def _known(house: Leadline, lead_id: LeadId) -> Lead | None:
    try:
        return await house.records.leads.get(lead_id)
    except LeadNotFoundError:
        return None


@router.get("")
async def newest_leads(
    house: House, market: str | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[Lead]:
    """List leads, newest first."""
    chosen = house.known_market(market) if market is not None else None
    return list(await house.records.leads.newest(chosen, limit=limit))


@router.get("/{lead_id}")
async def get_lead(lead_id: LeadIdInPath, house: House) -> Lead:
    """Show a lead."""
    return await house.records.leads.get(LeadId(lead_id))


@router.get("/{lead_id}/score")
async def score_lead(lead_id: LeadIdInPath, house: House, as_of: Moment | None = None) -> LeadScore:
    """Score a lead now, or as of a moment in the past, with reasons."""
    if as_of is not None and as_of > house.clock.now():
        raise InvalidInputError("as_of", as_of.isoformat(), "lies in the future; leave it out to score the lead now")
    return await house.scorer.score_lead(LeadId(lead_id), as_of=as_of)


@router.get("/{lead_id}/decisions")
async def decisions(
    lead_id: LeadIdInPath, house: House, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[Decision]:
    """List the newest decisions about a lead."""
    await house.records.leads.get(LeadId(lead_id))
    return list(await house.records.decisions.about(lead_id, limit=limit))


@router.post("/{lead_id}/replies")
async def reply_arrives(lead_id: LeadIdInPath, body: ReplyIn, house: House) -> MessageReading:
    """Take in a lead's reply: it is read, stored, and its journey is told. A refusal stops everything."""
    return await house.front_desk.reply_arrived(
        LeadId(lead_id), reply_id=body.id, channel=body.channel, text=body.text, at=body.at or house.clock.now()
    )


@router.post("/{lead_id}/consents", status_code=status.HTTP_201_CREATED)
async def grant_consent(lead_id: LeadIdInPath, body: ConsentGiven, house: House) -> ConsentEvent:
    """Record a grant (or a withdrawal) of consent."""
    await house.records.leads.get(LeadId(lead_id))
    now = house.clock.now()
    event = ConsentEvent(
        id=f"consent-{content_hash(lead_id, body.channel, body.purpose, body.granted, now.isoformat())}",
        lead_id=LeadId(lead_id),
        at=now,
        source="api",
        **body.model_dump(),
    )
    await house.records.consents.record(event)
    return event


@router.post("/{lead_id}/opt-out", status_code=status.HTTP_204_NO_CONTENT)
async def opt_out(lead_id: LeadIdInPath, body: OptOutIn, house: House) -> None:
    """Withdraw consent and stop the lead's journey."""
    now = house.clock.now()
    await house.front_desk.opted_out(
        LeadId(lead_id), source=body.source, proof=body.proof, channel=body.channel, at=now, key=now.isoformat()
    )


@router.post("/{lead_id}/outcome", status_code=status.HTTP_204_NO_CONTENT)
async def outcome(lead_id: LeadIdInPath, body: OutcomeIn, house: House) -> None:
    """Record how a lead ended, and end its journey."""
    if body.rep_id is not None:
        await house.records.reps.get(RepId(body.rep_id))
    if body.product_id is not None:
        await house.records.products.get(ProductId(body.product_id))
    now = house.clock.now()
    ended = Outcome(
        lead_id=LeadId(lead_id),
        kind=body.kind,
        at=min(body.at or now, now),
        rep_id=RepId(body.rep_id) if body.rep_id else None,
        product_id=ProductId(body.product_id) if body.product_id else None,
        value=body.value,
        currency=body.currency,
        reason=body.reason,
    )
    known = await house.records.outcomes.of_lead(ended.lead_id)
    if body.at is None and known is not None and known.model_copy(update={"at": now}) == ended:
        ended = known  # the same request again
    await house.front_desk.outcome_reached(ended)
