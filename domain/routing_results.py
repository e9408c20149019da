"""What comes of routing: leads that changed hands, what a sweep did, and everything behind one match."""

from pydantic import Field

from domain.matches import AssignmentRecord, Match
from domain.routing import LeadRejection, MatchOverride, PoolEntry
from domain.values import Instant, LeadId, Market, RepId, Value


class HandOver(Value):
    """A lead changed hands, or would. `rep_id=None` means that it waits in the pool."""

    lead_id: LeadId
    from_rep_id: RepId | None
    rep_id: RepId | None
    reason: str


class Sweep(Value):
    """What a sweep over a market did: places that had come free are taken, and what is overdue is said."""

    market: Market
    handed: tuple[HandOver, ...] = Field(description="Leads that changed hands.")
    escalated: tuple[PoolEntry, ...] = Field(
        description="Leads whose deadline in the pool passed since the last sweep."
    )
    waiting: int = Field(ge=0, description="Leads that still wait.")
    next_at: Instant | None = Field(default=None, description="When something is due next, if nothing happens before.")


class Balance(Value):
    """How the load of a market could be spread better, or was."""

    market: Market
    handed: tuple[HandOver, ...] = Field(description="Leads of the pool that found a rep.")
    moves: tuple[HandOver, ...] = Field(description="Leads not yet contacted that would be better with another rep.")
    waiting: int = Field(ge=0, description="Leads that wait in the pool after that.")
    applied: bool = Field(description="Whether anything was moved; otherwise it is a proposal.")


class MatchReport(Match):
    """A match with everything behind it."""

    why_not: dict[RepId, str] = Field(description="For every other rep of the market, why not him.")
    current: AssignmentRecord | None = Field(description="Who has the lead now.")
    waiting: PoolEntry | None = Field(description="Since when it waits in the pool, if it does.")
    rejections: tuple[LeadRejection, ...]
    overrides: tuple[MatchOverride, ...]
