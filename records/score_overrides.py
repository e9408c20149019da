"""What people said a score should be; append-only. Changes no score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.scores import ScoreOverride, override_in_force
from domain.values import LeadId
from records.columns import require_aware
from records.database import Database
from records.rows import columns_of, from_row, to_row
from records.statements import IDS_AT_ONCE, insert_new
from records.tables import score_overrides


@dataclass(frozen=True)
class SqlScoreOverrides:
    """`ScoreOverrides` in SQL."""

    database: Database

    async def record(self, override: ScoreOverride) -> bool:
        """Append an override or a withdrawal. Idempotent by id."""
        async with self.database.writing() as connection:
            return await insert_new(connection, score_overrides, [to_row(override, score_overrides)]) > 0

    async def of_lead(self, lead_id: LeadId) -> tuple[ScoreOverride, ...]:
        """Return all overrides of a lead, in order of time."""
        return tuple((await self._of([lead_id])).get(lead_id, ()))

    async def in_force(self, lead_ids: Sequence[LeadId], *, at: datetime) -> Mapping[LeadId, ScoreOverride]:
        """Return the override that counts at a moment, for the leads that have one."""
        require_aware(at)
        found = {lead_id: override_in_force(each, now=at) for lead_id, each in (await self._of(lead_ids)).items()}
        return {lead_id: override for lead_id, override in found.items() if override is not None}

    async def _of(self, lead_ids: Sequence[LeadId]) -> dict[LeadId, list[ScoreOverride]]:
        found: dict[LeadId, list[ScoreOverride]] = {}
        async with self.database.reading() as connection:
            for begin in range(0, len(lead_ids), IDS_AT_ONCE):
                statement = (
                    select(*columns_of(ScoreOverride, score_overrides))
                    .where(score_overrides.c.lead_id.in_(lead_ids[begin : begin + IDS_AT_ONCE]))
                    .order_by(score_overrides.c.at, score_overrides.c.seq)
                )
                for row in await connection.execute(statement):
                    override = from_row(ScoreOverride, row)
                    found.setdefault(override.lead_id, []).append(override)
        return found
