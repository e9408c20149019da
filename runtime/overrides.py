"""A person's word on a score: stored beside the model's value, with an entry in the audit trail. Changes no score."""

from dataclasses import dataclass
from datetime import datetime

from domain.decisions import AuditEntry
from domain.errors import InvalidInputError
from domain.ports import AuditTrail, Clock, LeadRecords
from domain.scores import ScoreOverride, Temperature
from domain.scoring_ports import ScoreOverrides
from domain.values import LeadId, content_hash


@dataclass(frozen=True)
class OverrideDesk:
    """Takes in and takes back what people say a score should be."""

    leads: LeadRecords
    overrides: ScoreOverrides
    audit: AuditTrail
    clock: Clock

    async def set_override(
        self,
        lead_id: LeadId,
        *,
        points: float | None,
        temperature: Temperature | None,
        reason: str,
        by: str,
        expires_at: datetime | None = None,
    ) -> ScoreOverride:
        """Record that from now on a lead's score counts as something else.

        Args:
            lead_id: Whose score.
            points: What it should be, 0 to 100.
            temperature: What it should be; one of the two is needed.
            reason: Why, for whoever asks later.
            by: Who says so.
            expires_at: From when on the model's value counts again; None: until withdrawn.

        Raises:
            LeadNotFoundError: No such lead.
            InvalidInputError: Neither points nor a temperature, or it has expired already.
        """
        await self.leads.get(lead_id)
        now = self.clock.now()
        if points is None and temperature is None:
            raise InvalidInputError("points", None, "is missing, and so is temperature; give at least one of them")
        if expires_at is not None and expires_at <= now:
            raise InvalidInputError("expires_at", expires_at.isoformat(), "is over already; name a moment to come")
        said = ScoreOverride(
            id=f"override-{content_hash(lead_id, points, temperature, reason, by, now.isoformat())}",
            lead_id=lead_id,
            points=points,
            temperature=temperature,
            reason=reason,
            by=by,
            at=now,
            expires_at=expires_at,
        )
        await self.overrides.record(said)
        await self._audit("score_overridden", said)
        return said

    async def withdraw_override(self, lead_id: LeadId, *, reason: str, by: str) -> bool:
        """Let the model's value count again. Returns whether there was anything to withdraw.

        Raises:
            LeadNotFoundError: No such lead.
        """
        await self.leads.get(lead_id)
        now = self.clock.now()
        if lead_id not in await self.overrides.in_force([lead_id], at=now):
            return False
        withdrawal = ScoreOverride(
            id=f"override-{content_hash(lead_id, 'withdrawn', by, now.isoformat())}",
            lead_id=lead_id,
            reason=reason,
            by=by,
            at=now,
            withdrawn=True,
        )
        await self.overrides.record(withdrawal)
        await self._audit("score_override_withdrawn", withdrawal)
        return True

    async def _audit(self, action: str, override: ScoreOverride) -> None:
        details = override.model_dump(mode="json", include={"points", "temperature", "reason", "expires_at"})
        await self.audit.append(
            AuditEntry(
                id=f"audit-{override.id}",
                at=override.at,
                actor=override.by,
                action=action,
                subject_id=override.lead_id,
                details=details,
            )
        )
