"""Scores any number of leads, some at a time, as fast as they are taken. One lead that has no score stops no other."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.errors import InvalidInputError, LeadlineError, LeadNotFoundError
from domain.ports import Clock
from domain.rescoring import LeadStanding
from domain.scores import LeadScore
from domain.scoring_ports import LeadStandings, ScoreHistory
from domain.values import LeadId
from runtime.rescoring import BulkScorer

LEADS_AT_ONCE = 200


@dataclass(frozen=True)
class Unscored:
    """A lead that has no score, and why."""

    lead_id: LeadId
    error: LeadlineError


@dataclass(frozen=True)
class BatchScorer:
    """Scores many leads over the scoring tool."""

    scorer: BulkScorer
    standings: LeadStandings
    scores: ScoreHistory
    clock: Clock

    async def score_each(
        self, lead_ids: Sequence[LeadId], *, as_of: datetime | None = None
    ) -> AsyncIterator[LeadScore | Unscored]:
        """Score leads in the order given, and record the scores.

        The next leads are scored when those before have been taken, so a slow reader holds little memory here.

        Args:
            lead_ids: Any number; a lead named twice is scored twice.
            as_of: The moment; each part is scored as of its own now when None.

        Raises:
            RecordsUnavailableError: If the database does not answer; leads yielded before are recorded.
        """
        for begin in range(0, len(lead_ids), LEADS_AT_ONCE):
            for result in await self._score_part(lead_ids[begin : begin + LEADS_AT_ONCE], as_of or self.clock.now()):
                yield result

    async def _score_part(self, part: Sequence[LeadId], moment: datetime) -> list[LeadScore | Unscored]:
        standings = await self.standings.of(part)
        there = [lead_id for lead_id in part if lead_id in standings and standings[lead_id].created_at <= moment]
        scored: dict[LeadId, LeadScore] = {}
        if there:
            before = await self.scores.newest(there, before=moment)
            previous = {lead_id: score.temperature for lead_id, score in before.items()}
            found = await self.scorer.batch_score(there, as_of=moment, previous=previous)
            scored = {score.lead_id: score for score in found}
        return [scored.get(lead_id) or Unscored(lead_id, _why(lead_id, standings, moment)) for lead_id in part]


def _why(lead_id: LeadId, standings: Mapping[LeadId, LeadStanding], moment: datetime) -> LeadlineError:
    if lead_id not in standings:
        return LeadNotFoundError(lead_id)
    created_at = standings[lead_id].created_at.isoformat()
    return InvalidInputError("as_of", moment.isoformat(), f"is before lead {lead_id!r} was created ({created_at})")
