"""A past period as it can be handed out again: its leads, the floor they met, and who really had them. Data only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.errors import InvalidInputError
from domain.people import Lead
from domain.routing import RepAvailability
from domain.values import LeadId, Market, RepId
from tools.matching.batch import Floor


@dataclass(frozen=True)
class Arrival:
    """A lead that needed a rep in the period.

    Attributes:
        lead: The lead; a field `vip` that is true marks a VIP.
        at: When it began to need a rep: before the period if it waited already when that began.
        p_convert: Its chance before anybody had it, in [0, 1], whoever takes it.
        value: What a win is worth; None when nobody knows.
        hot: Whether it was hot: a rep who begins to work late loses some of it.
        stays: How long it takes up the place of a rep who gets it; None beyond the end of the period.
        gone_at: When it ended though nobody ever had it; from then on it waits no longer. None otherwise.
        due_at: When somebody must have it; None without a deadline of its own.
        rep_id: Who really had it, at the end; None for nobody.
        given_at: When it really got its first rep; None where it never did.
        won: Whether it was won; None while it is open.
    """

    lead: Lead
    at: datetime
    p_convert: float
    value: float | None = None
    hot: bool = False
    stays: timedelta | None = None
    gone_at: datetime | None = None
    due_at: datetime | None = None
    rep_id: RepId | None = None
    given_at: datetime | None = None
    won: bool | None = None

    @property
    def id(self) -> LeadId:
        """Id of the lead."""
        return self.lead.id


@dataclass(frozen=True)
class Held:
    """A lead that a rep had when the period began.

    Attributes:
        rep_id: The rep.
        until: When it freed his place; None where it had not by the end of the period.
    """

    rep_id: RepId
    until: datetime | None


@dataclass(frozen=True)
class Period:
    """What happened between two moments, and what was known at the first of them.

    Attributes:
        market: The market.
        since: First moment.
        until: Last moment, exclusive.
        floor: Reps and products as they are known now; the model is learned from what was known before `since`, and
            open leads and presence are left empty.
        arrivals: Leads that needed a rep, in any order.
        held: Leads that reps had at `since`.
        presence: What was said about who is there, by rep, in order of recording.
    """

    market: Market
    since: datetime
    until: datetime
    floor: Floor
    arrivals: Sequence[Arrival]
    held: Sequence[Held] = ()
    presence: Mapping[RepId, Sequence[RepAvailability]] = field(default_factory=dict)

    def require_leads(self) -> None:
        """Raise `InvalidInputError` if no lead needed a rep: then there is nothing to hand out."""
        if not self.arrivals:
            rule = f"hold no lead of {self.market} that needed a rep; ask for more days, or for another market"
            raise InvalidInputError("days", f"{self.days:g}", rule)

    @property
    def days(self) -> float:
        """Length in days."""
        return (self.until - self.since) / timedelta(days=1)
