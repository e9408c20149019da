"""A place of work for the scoring workflows: real records in SQLite, a scorer that records decisions and does no sums."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.decisions import Decision, DecisionKind, decision_id
from domain.events import Outcome, OutcomeKind
from domain.people import Lead
from domain.ports import DecisionLog
from domain.scores import LeadScore, Rung, Temperature
from domain.values import LeadId, Market
from records.database import open_database
from records.repositories import Records
from runtime.rescoring import Rescorer

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MARKET = Market("insurance_partners")


@dataclass(frozen=True)
class RecordingScorer:
    """Scores all leads alike and records it, as the scoring tool does; a lead that was warm stays so."""

    decisions: DecisionLog

    async def batch_score(
        self,
        lead_ids: Sequence[LeadId],
        *,
        as_of: datetime | None = None,
        previous: Mapping[LeadId, Temperature] | None = None,
    ) -> list[LeadScore]:
        assert as_of is not None
        scores = [_score(lead_id, as_of, (previous or {}).get(lead_id, Temperature.COLD)) for lead_id in lead_ids]
        await self.decisions.record_many([_decision(score) for score in scores])
        return scores


def _score(lead_id: LeadId, as_of: datetime, temperature: Temperature) -> LeadScore:
    return LeadScore(
        lead_id=lead_id,
        p_convert=0.2,
        p_low=0.1,
        p_high=0.3,
        points=20,
        base_points=20,
        other_points=0,
        temperature=temperature,
        reasons=(),
        rung=Rung.RULES,
        model_version="scripted",
        feature_hash="-",
        as_of=as_of,
        decision_id=decision_id(DecisionKind.SCORE, lead_id, "-", as_of.isoformat()),
    )


def _decision(score: LeadScore) -> Decision:
    numbers = score.model_dump(include={"p_convert", "p_low", "p_high", "points", "base_points", "expected_value"})
    return Decision(
        id=score.decision_id,
        kind=DecisionKind.SCORE,
        subject_id=score.lead_id,
        at=score.as_of,
        inputs_hash="-",
        versions={"model": "scripted", "features": "1", "rung": "rules"},
        chosen=score.temperature,
        considered=({**numbers, "no_signal": None},),
    )


@dataclass(frozen=True)
class ScoringFloor:
    records: Records
    scorer: RecordingScorer

    @property
    def rescorer(self) -> Rescorer:
        return Rescorer(self.scorer, self.records.standings, self.records.scores)

    async def add_leads(self, *names: str, created_at: datetime = LONG_AGO) -> list[LeadId]:
        leads = [Lead(id=LeadId(name), market=MARKET, created_at=created_at, source="form") for name in names]
        for lead in leads:
            await self.records.leads.save(lead, at=created_at)
        return [lead.id for lead in leads]

    async def end(self, lead_id: LeadId, at: datetime = LONG_AGO + timedelta(days=1)) -> None:
        await self.records.outcomes.record(Outcome(lead_id=lead_id, kind=OutcomeKind.WON, at=at))


@asynccontextmanager
async def open_scoring_floor(home: Path) -> AsyncIterator[ScoringFloor]:
    database = await open_database(f"sqlite:///{home / 'leadline.db'}")
    records = Records.over(database)
    try:
        yield ScoringFloor(records, RecordingScorer(records.decisions))
    finally:
        await database.close()
