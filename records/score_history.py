"""The scores that were recorded, read from the decision log. Changes nothing."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, exists, func, select

from domain.decisions import Decision, DecisionKind
from domain.score_history import RecordedScore
from domain.values import LeadId, Market
from records.columns import require_aware
from records.database import Database
from records.rows import AnyRow, columns_of
from records.statements import IDS_AT_ONCE
from records.tables import assignments, decisions, leads

_PAGE = 500
_IS_SCORE = decisions.c.kind == DecisionKind.SCORE.value


@dataclass(frozen=True)
class SqlScoreHistory:
    """`ScoreHistory` in SQL."""

    database: Database

    async def of_lead(self, lead_id: LeadId, *, limit: int) -> tuple[RecordedScore, ...]:
        """Return the newest scores of a lead, newest first."""
        statement = (
            select(*columns_of(Decision, decisions))
            .where(decisions.c.subject_id == lead_id, _IS_SCORE)
            .order_by(decisions.c.at.desc(), decisions.c.seq.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return tuple(_score(row) for row in await connection.execute(statement))

    async def newest(self, lead_ids: Sequence[LeadId], *, before: datetime) -> Mapping[LeadId, RecordedScore]:
        """Return each lead's newest score before a moment; a lead without one is absent."""
        require_aware(before)
        other = decisions.alias("other")
        # One look into the index for each lead, however many scores it has.
        newest = (
            select(other.c.seq)
            .where(other.c.subject_id == leads.c.id, other.c.kind == DecisionKind.SCORE.value, other.c.at < before)
            .order_by(other.c.at.desc(), other.c.seq.desc())
            .limit(1)
            .scalar_subquery()
        )
        found: dict[LeadId, RecordedScore] = {}
        async with self.database.reading() as connection:
            for begin in range(0, len(lead_ids), IDS_AT_ONCE):
                statement = (
                    select(*columns_of(Decision, decisions))
                    .select_from(leads.join(decisions, decisions.c.seq == newest))
                    .where(leads.c.id.in_(lead_ids[begin : begin + IDS_AT_ONCE]))
                )
                for row in await connection.execute(statement):
                    score = _score(row)
                    found[score.lead_id] = score
        return found

    async def before_assignment(self, market: Market, *, before: datetime) -> Mapping[LeadId, float]:
        """Return the probability that each lead had when nobody had it yet: of its newest score up to its first rep.

        Leads that were never scored before that are absent; scores and assignments at or after `before` do not count.
        """
        require_aware(before)
        _, newest = _first_offer(before)
        statement = (
            select(leads.c.id, decisions.c.considered)
            .select_from(leads.join(decisions, decisions.c.seq == newest))
            .where(leads.c.market == market)
        )
        async with self.database.reading() as connection:
            rows = await connection.execute(statement)
            return {LeadId(lead_id): float(considered[0]["p_convert"]) for lead_id, considered in rows}

    async def at_first_offer(
        self, market: Market, *, since: datetime, before: datetime
    ) -> Mapping[LeadId, RecordedScore]:
        """Return the score that counts as `before_assignment`, for leads whose first rep got them within a period."""
        require_aware(since)
        require_aware(before)
        first_at, newest = _first_offer(before)
        statement = (
            select(*columns_of(Decision, decisions))
            .select_from(leads.join(decisions, decisions.c.seq == newest))
            .where(leads.c.market == market, first_at >= since)
        )
        async with self.database.reading() as connection:
            scores = [_score(row) for row in await connection.execute(statement)]
        return {score.lead_id: score for score in scores}

    async def recorded(self, market: Market, *, since: datetime | None = None) -> AsyncIterator[RecordedScore]:
        """Go through every score of a market's leads from a moment on, in the order they were recorded.

        Page by page, each in a transaction of its own: a slow reader holds no snapshot of the database.
        """
        of_market = exists().where(leads.c.id == decisions.c.subject_id, leads.c.market == market)
        wanted = [_IS_SCORE, of_market]
        if since is not None:
            require_aware(since)
            wanted.append(decisions.c.at >= since)
        last = 0
        while True:
            statement = (
                select(decisions.c.seq, *columns_of(Decision, decisions))
                .where(decisions.c.seq > last, *wanted)
                .order_by(decisions.c.seq)
                .limit(_PAGE)
            )
            async with self.database.reading() as connection:
                rows = (await connection.execute(statement)).all()
            for row in rows:
                yield _score(row)
            if len(rows) < _PAGE:
                return
            last = rows[-1].seq


def _first_offer(before: datetime) -> tuple[ScalarSelect[Any], ScalarSelect[Any]]:
    """Select when each lead got its first rep, and the row of its newest score until then."""
    other, first = decisions.alias("other"), assignments.alias("first")
    first_at = (
        select(func.min(first.c.at))
        .where(first.c.lead_id == leads.c.id, first.c.rep_id.is_not(None), first.c.at < before)
        .correlate(leads)
        .scalar_subquery()
    )
    newest = (
        select(other.c.seq)
        .where(other.c.subject_id == leads.c.id, other.c.kind == DecisionKind.SCORE.value, other.c.at <= first_at)
        .order_by(other.c.at.desc(), other.c.seq.desc())
        .limit(1)
        .correlate(leads)
        .scalar_subquery()
    )
    return first_at, newest


def _score(row: AnyRow) -> RecordedScore:
    values = row._asdict()
    values.pop("seq", None)
    return RecordedScore.of(Decision.model_validate(values))
