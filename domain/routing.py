"""Routing: who is there to take leads, what people said about a match, and the team's rules for handing leads out."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import Self

from pydantic import Field, model_validator

from domain.people import Lead, RejectReason
from domain.values import DecisionId, Instant, LeadId, Market, Place, RepId, Value

EARTH_RADIUS_KM = 6371.0088
LEGAL_RULES = frozenset({"inactive", "market", "certificate", "language", "region"})
"""Rules that nobody may override: the law, or what the rep is. Capacity, presence and rejections a manager may."""

STOPPED_BY = "stop"
"""Who an assignment to nobody is by that was made because somebody stopped the lead's journey."""

FREE_MAIL = frozenset(
    {
        "aol.com", "fastmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com",
        "icloud.com", "live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "outlook.com", "proton.me",
        "protonmail.com", "qq.com", "web.de", "yahoo.com", "yandex.ru", "zoho.com",
    }
)  # fmt: skip
"""Mail providers for everybody: two addresses there do not make two people of one company."""

_SHORTEST_PHONE = 7


class ContactKeys(Value):
    """What makes two leads the same person or company, by exact equality; None where nothing usable is known."""

    email: str | None = None
    phone: str | None = None
    domain: str | None = None


def contact_keys(email: str | None, phone: str | None) -> ContactKeys:
    """Return an e-mail address in lower case, the digits of a phone number, and the company's mail domain."""
    email = (email or "").strip().lower()
    local, _, domain = email.rpartition("@")
    digits = "".join(character for character in phone or "" if character.isascii() and character.isdigit())
    return ContactKeys(
        email=email if local and domain else None,
        phone=digits if len(digits) >= _SHORTEST_PHONE else None,
        domain=domain if local and "." in domain and domain not in FREE_MAIL else None,
    )


class Kinship(StrEnum):
    """How a lead is known to belong to another one, the surest first."""

    EMAIL = "email"
    PHONE = "phone"
    DOMAIN = "domain"


class Kin(Value):
    """Another open or won lead of the same person or company, and the rep who has it."""

    lead_id: LeadId
    rep_id: RepId
    kinship: Kinship


class Presence(StrEnum):
    """Whether a rep can take leads now."""

    AVAILABLE = "available"
    AWAY = "away"
    """Planned: holiday, training, sick leave. Leads of a rep away stay with him until the reclaim time is over."""
    OFFLINE = "offline"
    """Unplanned: not reachable."""


class RepAvailability(Value):
    """A rep is available, away or offline from a moment on; append-only, the newest recorded one that covers counts."""

    id: str = Field(min_length=1, max_length=200)
    rep_id: RepId
    presence: Presence
    since: Instant
    until: Instant | None = Field(default=None, description="Exclusive; open-ended if absent.")
    reason: str = Field(default="", max_length=2_000)
    at: Instant = Field(description="When it was recorded.")
    by: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until is not None and self.until <= self.since:
            raise ValueError("until must lie after since")
        return self


class LeadRejection(Value):
    """A rep declined a lead, and why."""

    id: str = Field(min_length=1, max_length=200)
    lead_id: LeadId
    rep_id: RepId
    reason: RejectReason
    note: str | None = Field(default=None, max_length=2_000)
    at: Instant
    decision_id: DecisionId | None = Field(default=None, description="The match that was declined.")


class MatchOverride(Value):
    """A manager gave a lead to somebody else than the matcher would have, or did."""

    id: str = Field(min_length=1, max_length=200)
    lead_id: LeadId
    from_rep_id: RepId | None
    rep_id: RepId | None = Field(description="None puts the lead into the pool.")
    reason: str = Field(min_length=1, max_length=2_000)
    at: Instant
    by: str = Field(min_length=1, max_length=200)
    decision_id: DecisionId | None = Field(default=None, description="The match that was overridden.")


class PoolEntry(Value):
    """A lead that nobody can take now: who answers for it, and until when somebody must have it."""

    lead_id: LeadId
    market: Market
    since: Instant
    deadline: Instant
    owner: str = Field(min_length=1, description="Who is told when the deadline passes.")
    reason: str
    decision_id: DecisionId | None = None


class RoutingPolicy(Value):
    """How a team hands leads out. The defaults are what Leadline does when nobody says anything."""

    fairness: float = Field(
        default=0.1,
        ge=0,
        le=10,
        description="Cost of the next lead of a rep at his fair share of the batch, in mean utilities.",
    )
    vip_value: float | None = Field(
        default=None, ge=0, description="Expected value from which a lead is a VIP; none means only those marked."
    )
    vip_reserve: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Part of each rep's capacity kept for VIPs, once `vip_value` says who they are.",
    )
    preempt: bool = Field(default=True, description="Whether a VIP may take the place of a lead not yet accepted.")
    explore: float = Field(
        default=0.05, ge=0, le=0.5, description="Most of the batch's expected value that may be spent on learning."
    )
    travel_cost_per_km: float = Field(default=0.0, ge=0, description="In the currency of the lead's value.")
    reclaim_after_s: float = Field(
        default=14_400.0, ge=0, description="Seconds that a lead stays with an owner who is away or offline."
    )
    off_duty: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Part of its value that a hot lead loses with a rep who begins to work in 8 hours or later.",
    )
    holidays: tuple[date, ...] = Field(default=(), description="Local dates on which no rep begins to work.")
    pool_deadline_s: float = Field(default=3_600.0, gt=0, description="Seconds until a pooled lead is escalated.")
    pool_owner: str = Field(default="sales-manager", min_length=1, max_length=200)

    @property
    def reserve(self) -> float:
        """Part of each rep's capacity kept for VIPs: none as long as `vip_value` does not say who they are."""
        return 0.0 if self.vip_value is None else self.vip_reserve


def availability_at(events: Sequence[RepAvailability], *, now: datetime) -> RepAvailability | None:
    """Return what counts about one rep at a moment: of the entries that cover it, the one recorded last.

    Args:
        events: Entries of one rep, in order of recording.
        now: The moment.
    """
    covering = [e for e in events if e.since <= now and (e.until is None or now < e.until)]
    return max(reversed(covering), key=lambda e: e.at) if covering else None


def place_of(lead: Lead) -> Place | None:
    """Return where a lead is: its fields `latitude` and `longitude`; None without two numbers in range."""
    at = (lead.fields.get("latitude"), lead.fields.get("longitude"))
    latitude, longitude = (float(x) if isinstance(x, int | float) and not isinstance(x, bool) else None for x in at)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004 - degrees
        return None
    return Place(latitude=latitude, longitude=longitude)


def kilometres(a: Place, b: Place) -> float:
    """Return the great-circle distance of two places, by the haversine formula (Sinnott, Sky & Telescope 1984)."""
    lat_a, lat_b = radians(a.latitude), radians(b.latitude)
    half = sin((lat_b - lat_a) / 2) ** 2
    half += cos(lat_a) * cos(lat_b) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))
