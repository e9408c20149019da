"""Ports of routing: who is there, what people said about matches, and which leads wait."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.decisions import Decision
from domain.journeys import RepChanged
from domain.matches import AssignmentRecord
from domain.people import Lead, RejectReason
from domain.ports import DecisionLog
from domain.routing import Kin, LeadRejection, MatchOverride, PoolEntry, RepAvailability
from domain.routing_results import Sweep
from domain.scores import LeadScore
from domain.values import DecisionId, LeadId, Market, ProductId, RepId


class AvailabilityRecords(Protocol):
    """Which reps are there; append-only."""

    async def record(self, availability: RepAvailability) -> bool:
        """Append an entry. Idempotent by id."""
        ...

    async def of_rep(self, rep_id: RepId, *, limit: int = 100) -> tuple[RepAvailability, ...]:
        """Return the newest entries of a rep, in order of recording."""
        ...

    async def in_force(self, market: Market, *, at: datetime) -> Mapping[RepId, RepAvailability]:
        """Return what counts at a moment, for the reps about whom something was said."""
        ...

    async def during(
        self, market: Market, *, since: datetime, before: datetime
    ) -> Mapping[RepId, tuple[RepAvailability, ...]]:
        """Return the entries that cover some moment of a period, by rep, in order of recording."""
        ...

    async def next_change(self, market: Market, *, after: datetime) -> datetime | None:
        """Return when, after a moment, an entry about a rep of a market begins or ends next; None if none does."""
        ...


class RejectionRecords(Protocol):
    """Leads that reps declined; append-only."""

    async def record(self, rejection: LeadRejection) -> bool:
        """Append a rejection. Idempotent by id."""
        ...

    async def of_lead(self, lead_id: LeadId) -> tuple[LeadRejection, ...]:
        """Return all rejections of a lead, in order of time."""
        ...

    async def of_leads(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, tuple[LeadRejection, ...]]:
        """Return the rejections of many leads in few queries; leads without any are absent."""
        ...

    async def counts(
        self, market: Market, *, since: datetime, before: datetime
    ) -> Mapping[tuple[RepId, ProductId | None, RejectReason], int]:
        """Count rejections of a period by rep, the lead's product and reason."""
        ...


class MatchOverrideRecords(Protocol):
    """What managers said about matches; append-only."""

    async def record(self, override: MatchOverride) -> bool:
        """Append an override. Idempotent by id."""
        ...

    async def of_lead(self, lead_id: LeadId) -> tuple[MatchOverride, ...]:
        """Return all overrides of a lead, in order of time."""
        ...

    async def in_market(self, market: Market, *, since: datetime, before: datetime) -> tuple[MatchOverride, ...]:
        """Return the overrides of a period, in order of time."""
        ...


class Pool(Protocol):
    """Leads that wait for a rep. A lead leaves it when it is assigned."""

    async def put(self, entries: Sequence[PoolEntry]) -> int:
        """Note that leads wait; keeps `since`, deadline and owner of one that waits already. Returns how many are new."""
        ...

    async def waiting(self, market: Market) -> tuple[PoolEntry, ...]:
        """Return the leads that wait, the earliest deadline first; not those that ended or are withheld."""
        ...

    async def take_out(self, lead_ids: Sequence[LeadId]) -> int:
        """Remove leads that were given to somebody, or that ended. Returns how many waited."""
        ...


class CapacityKeeper(Protocol):
    """Hands leads over without ever breaking a capacity, whatever other processes do at the same moment."""

    async def hand_over(
        self,
        assignments: Sequence[AssignmentRecord],
        capacities: Mapping[RepId, int],
        *,
        decisions: Sequence[Decision] = (),
    ) -> tuple[AssignmentRecord, ...]:
        """Record, in one transaction, those assignments for which the rep still has a free place; return them.

        Idempotent by id: an assignment recorded before counts as recorded. One of a lead that was given away after
        its moment is not recorded. With an assignment goes the decision that it names, and the lead leaves the pool.

        Args:
            assignments: At most one per lead. One without a rep always fits, and frees the place of the rep before.
            capacities: Most open leads of each rep named in an assignment.
            decisions: Recorded where the assignment that names them is.
        """
        ...


class RoutedLeads(Protocol):
    """Leads as routing reads them: many at once."""

    async def get_many(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, Lead]:
        """Return the newest version of each lead that exists."""
        ...

    async def unassigned(self, market: Market, *, limit: int) -> tuple[LeadId, ...]:
        """Return open leads that no rep has and that are not withheld, the oldest first."""
        ...

    async def unanswered(self, market: Market) -> tuple[AssignmentRecord, ...]:
        """Return the matcher's assignments in force whose rep has neither accepted nor contacted the lead since.

        Leads that are withheld are left out: they stay where they are.
        """
        ...

    async def withheld(self, lead_ids: Sequence[LeadId]) -> frozenset[LeadId]:
        """Return those of the leads that no rep is offered unless a person says so.

        Their person said no to every channel and agreed to nothing since, or somebody stopped their journey and
        nobody gave them to a rep since.
        """
        ...

    async def held_by(self, rep_ids: Sequence[RepId]) -> tuple[AssignmentRecord, ...]:
        """Return the assignments in force of open leads that these reps have, the oldest first."""
        ...

    async def kin_of(self, leads: Sequence[Lead]) -> Mapping[LeadId, Kin]:
        """Return, for each lead, the surest kin that a rep has: the same e-mail, phone or mail domain, and market."""
        ...


class MatchDecisions(DecisionLog, Protocol):
    """The decision log, read many decisions at a time."""

    async def get_many(self, decision_ids: Sequence[DecisionId]) -> Mapping[DecisionId, Decision]:
        """Return those decisions that exist."""
        ...


class BatchScores(Protocol):
    """Scores many leads at once."""

    async def batch_score(
        self, lead_ids: Sequence[LeadId], *, as_of: datetime | None = None, with_reasons: bool = True
    ) -> Sequence[LeadScore]:
        """Score leads, in order, and record the decisions. Raises `LeadNotFoundError`."""
        ...


class OfferDesk(Protocol):
    """What comes of offering leads to reps. Idempotent by `key`."""

    async def answers_by(self, rep_id: RepId, *, at: datetime, patience: timedelta) -> datetime:
        """Say until when a rep may answer an offer: not before he worked. Raises `RepNotFoundError`."""
        ...

    async def accepted(self, lead_id: LeadId, rep_id: RepId, *, at: datetime, key: str) -> bool:
        """Note that a rep takes a lead that he has. Returns whether that is new."""
        ...

    async def rejected(
        self,
        lead_id: LeadId,
        rep_id: RepId,
        *,
        reason: RejectReason,
        note: str | None,
        decision_id: DecisionId | None,
        at: datetime,
        key: str,
    ) -> bool:
        """Note that a rep declined a lead, and take it back from him. Returns whether that is new."""
        ...

    async def stopped(self, lead_id: LeadId, *, at: datetime, key: str) -> bool:
        """Note that somebody stopped a lead's journey: it is offered to nobody by itself. Returns whether that is new."""
        ...

    async def waiting(self, lead_id: LeadId) -> PoolEntry | None:
        """Return since when a lead waits in the pool, if it does. Raises `LeadNotFoundError`."""
        ...

    async def escalate(self, lead_id: LeadId) -> bool:
        """Say that a lead in the pool is overdue. Returns whether that was said now for the first time."""
        ...


class PoolSweeper(Protocol):
    """Keeps a market moving."""

    async def sweep(self, market: Market, *, key: str) -> Sweep:
        """Take leads back from reps who are gone, give waiting leads to who has a place, and say what is overdue.

        Idempotent by `key`: the same key again hands over the same leads.
        """
        ...


class RoutingNews(Protocol):
    """Passes on what changed on the floor. Never fails, and keeps nobody waiting for long."""

    async def floor_changed(self, market: Market) -> None:
        """Say that places came free or leads began to wait, so that the pool of a market is worth another look."""
        ...

    async def leads_moved(self, changes: Mapping[LeadId, RepChanged]) -> None:
        """Tell the journeys of leads that these changed hands; a lead without a journey is passed over."""
        ...


class RoutingKeeper(Protocol):
    """Keeps a market's pool moving: it is swept after every change of the floor, whatever dies meanwhile."""

    async def floor_changed(self, market: Market) -> None:
        """Ask for a sweep. Raises `WorkflowsUnavailableError`; then nothing was asked."""
        ...
