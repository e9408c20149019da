"""What people say to routing: a rep takes or declines a lead or is away, a manager decides otherwise. Plans nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.decisions import AuditEntry, DecisionKind
from domain.errors import ConflictError, InvalidInputError, UnqualifiedRepError
from domain.matches import AssignmentRecord, Match
from domain.people import Lead, RejectReason
from domain.routing import (
    LEGAL_RULES,
    STOPPED_BY,
    LeadRejection,
    MatchOverride,
    PoolEntry,
    Presence,
    RepAvailability,
)
from domain.routing_results import HandOver
from domain.values import DecisionId, LeadId, RepId, content_hash
from tools.matching.eligibility import exclude_unqualified, requirement_of
from tools.matching.handing_over import pool_entry
from tools.matching.ports import RoutingRecords
from tools.matching.tool import MatchingTool

_LOOKED_AT = 100


@dataclass(frozen=True)
class MatchingDesk:
    """Takes in what people say about matches. Idempotent by `key`."""

    matcher: MatchingTool

    @property
    def records(self) -> RoutingRecords:
        """Where it is recorded."""
        return self.matcher.records

    async def answers_by(self, rep_id: RepId, *, at: datetime, patience: timedelta) -> datetime:
        """Say until when a rep may answer an offer: not before he worked. Raises `RepNotFoundError`."""
        rep = await self.records.reps.get(rep_id)
        return rep.hours.answers_by(at, patience, holidays=self.matcher.policy.holidays)

    async def accepted(self, lead_id: LeadId, rep_id: RepId, *, at: datetime, key: str) -> bool:
        """Note that a rep takes a lead that he has: from now on nobody takes it from him. Returns whether that is new."""
        current = await self.records.assignments.current(lead_id)
        if current is None or current.rep_id != rep_id:
            return False
        accepted = AssignmentRecord(
            id=f"accepted-{content_hash(lead_id, rep_id, key)}",
            lead_id=lead_id,
            rep_id=rep_id,
            at=max(at, current.at),
            by="rep",
            decision_id=current.decision_id,
            reason="accepted",
        )
        return await self.records.assignments.record(accepted)

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
        """Note that a rep declined a lead, and take it back from him. Returns whether that is new.

        Bad data says something about the record: it goes to the audit trail by its own name, for whoever mends records.

        Raises:
            LeadNotFoundError: No such lead.
        """
        (lead,) = await self.matcher.leads_of([lead_id])
        name = content_hash(lead_id, rep_id, key)
        rejection = LeadRejection(
            id=f"rejection-{name}",
            lead_id=lead_id,
            rep_id=rep_id,
            reason=reason,
            note=note,
            at=at,
            decision_id=decision_id or await self._decided(lead_id),
        )
        is_new = await self.records.rejections.record(rejection)
        self.matcher.reader.learner.look_again(lead.market)
        current = await self.records.assignments.current(lead_id)
        if current is not None and current.rep_id == rep_id:
            await self._release(
                lead_id, at=max(at, current.at), by="rep", reason=f"declined: {reason.value}", name=name
            )
        action = "lead_data_reported" if reason is RejectReason.BAD_DATA else "lead_rejected"
        details = {"reason": reason.value, "note": note, "decision_id": rejection.decision_id}
        await self._audit(rejection.id, at, rep_id, action, lead_id, details)
        return is_new

    async def reject(
        self, lead_id: LeadId, rep_id: RepId, *, reason: RejectReason, note: str | None = None, key: str
    ) -> Match | None:
        """Take a lead back from a rep who declines it, and find another one or let it wait.

        Returns:
            Who has it now; None where it is withheld, so that nobody is asked by itself.

        Raises:
            LeadNotFoundError: No such lead.
            RepNotFoundError: No such rep.
            ConflictError: The rep does not have the lead.
        """
        await self.matcher.leads_of([lead_id])
        await self.records.reps.get(rep_id)
        current = await self.records.assignments.current(lead_id)
        declined = {each.rep_id for each in await self.records.rejections.of_lead(lead_id)}
        if rep_id not in declined and (current is None or current.rep_id != rep_id):
            held = "nobody" if current is None or current.rep_id is None else f"rep {current.rep_id!r}"
            raise ConflictError(f"lead {lead_id!r} is with {held}, not with rep {rep_id!r}, who cannot decline it")
        now = self.matcher.clock.now()
        await self.rejected(lead_id, rep_id, reason=reason, note=note, decision_id=None, at=now, key=key)
        if await self.records.routed_leads.withheld([lead_id]):
            return None
        return await self.matcher.assign(lead_id, exclude=[rep_id], key=f"rejected {rep_id} {key}")

    async def stopped(self, lead_id: LeadId, *, at: datetime, key: str) -> bool:
        """Note that somebody stopped a lead's journey: it is offered to nobody by itself. Returns whether that is new.

        A rep who accepted or contacted the lead keeps it; one to whom it was only offered has his place back.

        Raises:
            LeadNotFoundError: No such lead.
        """
        (lead,) = await self.matcher.leads_of([lead_id])
        current = await self.records.assignments.current(lead_id)
        if current is not None and current.rep_id is not None:
            offered = await self.records.routed_leads.unanswered(lead.market)
            if all(each.lead_id != lead_id for each in offered):
                return False
        stop = AssignmentRecord(
            id=f"stop-{content_hash(lead_id, key)}",
            lead_id=lead_id,
            rep_id=None,
            at=max(at, current.at) if current else at,
            by=STOPPED_BY,
            reason="somebody stopped its journey",
        )
        is_new = await self.records.assignments.record(stop)
        await self.records.pool.take_out([lead_id])
        return is_new

    async def override(
        self, lead_id: LeadId, rep_id: RepId | None, *, reason: str, by: str, key: str
    ) -> tuple[MatchOverride, HandOver]:
        """Give a lead to the rep that a manager names, or into the pool, whatever capacity and presence say.

        Raises:
            LeadNotFoundError: No such lead.
            RepNotFoundError: No such rep.
            UnqualifiedRepError: A rule of `LEGAL_RULES` forbids it.
        """
        (lead,) = await self.matcher.leads_of([lead_id])
        now = self.matcher.clock.now()
        name = content_hash(lead_id, rep_id, by, key)
        known = {each.id: each for each in await self.records.match_overrides.of_lead(lead_id)}
        said = known.get(f"match-override-{name}")
        if said is None:
            await self._check_legal(lead, rep_id)
            current = await self.records.assignments.current(lead_id)
            said = MatchOverride(
                id=f"match-override-{name}",
                lead_id=lead_id,
                from_rep_id=current.rep_id if current else None,
                rep_id=rep_id,
                reason=reason,
                at=max(now, current.at) if current else now,
                by=by,
                decision_id=await self._decided(lead_id),
            )
            await self.records.match_overrides.record(said)
            self.matcher.reader.learner.look_again(lead.market)
        given = AssignmentRecord(
            id=f"assignment-{said.id}",
            lead_id=lead_id,
            rep_id=rep_id,
            at=said.at,
            by="manager",
            decision_id=said.decision_id,
            reason=reason,
        )
        await self.records.assignments.record(given)
        if rep_id is None:
            await self.records.pool.put([pool_entry(lead, self.matcher.policy, at=said.at, reason=f"{by}: {reason}")])
        else:
            await self.records.pool.take_out([lead_id])
        details = said.model_dump(mode="json", include={"from_rep_id", "rep_id", "reason", "decision_id"})
        await self._audit(said.id, said.at, by, "match_overridden", lead_id, details)
        return said, HandOver(lead_id=lead_id, from_rep_id=said.from_rep_id, rep_id=rep_id, reason=reason)

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
        """Note that a rep is available, away or offline from a moment on (now if None).

        Raises:
            RepNotFoundError: No such rep.
            InvalidInputError: The end does not lie after the beginning and after now.
        """
        await self.records.reps.get(rep_id)
        now = self.matcher.clock.now()
        begin = since or now
        if until is not None and until <= max(begin, now):
            raise InvalidInputError("until", until.isoformat(), "must lie after its beginning and in the future")
        entry = RepAvailability(
            id=f"availability-{content_hash(rep_id, presence, by, key)}",
            rep_id=rep_id,
            presence=presence,
            since=begin,
            until=until,
            reason=reason,
            at=now,
            by=by,
        )
        if not await self.records.availability.record(entry):
            recorded = await self.records.availability.of_rep(rep_id)
            return next((each for each in recorded if each.id == entry.id), entry)
        details = entry.model_dump(mode="json", include={"presence", "since", "until", "reason"})
        await self._audit(entry.id, now, by, "rep_availability_set", rep_id, details)
        return entry

    async def waiting(self, lead_id: LeadId) -> PoolEntry | None:
        """Return since when a lead waits in the pool, if it does. Raises `LeadNotFoundError`."""
        (lead,) = await self.matcher.leads_of([lead_id])
        entries = await self.records.pool.waiting(lead.market)
        return next((each for each in entries if each.lead_id == lead_id), None)

    async def escalate(self, lead_id: LeadId) -> bool:
        """Say that a lead in the pool is overdue. Returns whether that was said now for the first time."""
        entry = await self.waiting(lead_id)
        return entry is not None and await self.escalate_entry(entry)

    async def escalate_entry(self, entry: PoolEntry) -> bool:
        """Say that a pool entry is overdue, once. Returns whether that was said now for the first time."""
        now = self.matcher.clock.now()
        name = f"overdue-{content_hash(entry.lead_id, entry.since.isoformat())}"
        details = {"owner": entry.owner, "deadline": entry.deadline.isoformat(), "reason": entry.reason}
        return await self._audit(name, max(now, entry.deadline), "leadline", "pool_overdue", entry.lead_id, details)

    async def _check_legal(self, lead: Lead, rep_id: RepId | None) -> None:
        if rep_id is None:
            return
        rep = await self.records.reps.get(rep_id)
        products = await self.records.products.in_market(lead.market)
        product = next((each for each in products if each.id == lead.product_id), None)
        exclusion = exclude_unqualified(requirement_of(lead, product), [rep]).get(rep_id)
        if exclusion is not None and exclusion.rule in LEGAL_RULES:
            raise UnqualifiedRepError(lead.id, rep_id, exclusion.rule, exclusion.detail)

    async def _decided(self, lead_id: LeadId) -> DecisionId | None:
        decisions = await self.records.decisions.about(lead_id, limit=_LOOKED_AT)
        return next((each.id for each in decisions if each.kind is DecisionKind.MATCH), None)

    async def _release(self, lead_id: LeadId, *, at: datetime, by: str, reason: str, name: str) -> None:
        release = AssignmentRecord(
            id=f"release-{name}", lead_id=lead_id, rep_id=None, at=at, by=by, decision_id=None, reason=reason
        )
        await self.records.assignments.record(release)

    async def _audit(
        self, name: str, at: datetime, actor: str, action: str, subject: str, details: Mapping[str, object]
    ) -> bool:
        entry = AuditEntry(
            id=f"audit-{name}", at=at, actor=actor, action=action, subject_id=subject, details=dict(details)
        )
        return await self.records.audit.append(entry)
