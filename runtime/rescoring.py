"""Scores leads anew after something happened to them. Holds no method of scoring: the scoring tool does that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.rescoring import Rescored
from domain.scores import LeadScore, Temperature
from domain.scoring_ports import LeadStandings, ScoreHistory
from domain.values import LeadId


class BulkScorer(Protocol):
    """What a rescorer needs of the scoring tool."""

    async def batch_score(
        self,
        lead_ids: Sequence[LeadId],
        *,
        as_of: datetime | None = None,
        previous: Mapping[LeadId, Temperature] | None = None,
    ) -> list[LeadScore]:
        """Score leads with one query and record all decisions in one transaction."""
        ...


@dataclass(frozen=True)
class Rescorer:
    """`domain.scoring_ports.LeadRescorer` over the scoring tool."""

    scorer: BulkScorer
    standings: LeadStandings
    scores: ScoreHistory

    async def rescore(self, lead_ids: Sequence[LeadId], *, as_of: datetime) -> Rescored:
        """Score those that exist and have not ended, with hysteresis from their newest scores, and record the scores."""
        standings = await self.standings.of(lead_ids)
        there = [lead_id for lead_id in lead_ids if lead_id in standings and standings[lead_id].created_at <= as_of]
        ends = {lead_id: standings[lead_id].ended_at for lead_id in there}
        still_open = [lead_id for lead_id, end in ends.items() if end is None or end >= as_of]
        if still_open:
            before = await self.scores.newest(still_open, before=as_of)
            previous = {lead_id: score.temperature for lead_id, score in before.items()}
            await self.scorer.batch_score(still_open, as_of=as_of, previous=previous)
        return Rescored(scored=len(still_open), ended=len(there) - len(still_open), missing=len(lead_ids) - len(there))
