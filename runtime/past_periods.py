"""Reads a past period so that it can be handed out again: what came, who was there, what was known. Judges nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from domain.errors import InvalidInputError
from domain.events import OutcomeKind
from domain.people import Lead
from domain.score_history import RecordedScore
from domain.scores import LeadScore, Temperature
from domain.values import LeadId, Market, RepId
from records.repositories import Records
from tools.matching.batch import Floor
from tools.matching.floor_reading import value_of_a_win
from tools.matching.history import OutcomeHistory
from tools.matching.learning import AffinityLearner
from tools.matching.replay.period import Arrival, Held, Period

MOST_LEADS = 20_000
"""Leads of a period that are replayed at most: minutes of work."""

_SCORED_AT_ONCE = 500

OnRead = Callable[[float], None]
"""Told how much of a period is read, in [0, 1]."""


class PastScorer(Protocol):
    """Scores leads as they were."""

    async def score_as_of(self, moments: Mapping[LeadId, datetime]) -> Mapping[LeadId, LeadScore]:
        """Score leads, each as of a moment of its own."""
        ...


@dataclass(frozen=True)
class _Stake:
    """What a lead promised before anybody had it."""

    p_convert: float
    value: float | None
    hot: bool

    @classmethod
    def of(cls, score: RecordedScore | LeadScore) -> "_Stake":
        """Read it from a score."""
        value = value_of_a_win(score.p_convert, score.expected_value)
        return cls(score.p_convert, value, score.temperature is Temperature.HOT)


@dataclass(frozen=True)
class PastPeriods:
    """Reads periods over the records.

    Attributes:
        records: The records.
        history: How leads ended, as the matcher learns from it.
        rehearser: Scores leads and records nothing.
    """

    records: Records
    history: OutcomeHistory
    rehearser: PastScorer

    async def read(
        self, market: Market, *, since: datetime, until: datetime, on_read: OnRead = lambda _: None
    ) -> Period:
        """Read a period. What reps can do is learned from what was known before it; nothing is recorded.

        Args:
            market: The market.
            since: First moment.
            until: Last moment, exclusive; nothing from then on is read.
            on_read: Told how much is read.

        Raises:
            InvalidInputError: If more than `MOST_LEADS` leads needed a rep.
        """
        records = self.records
        reps = await records.reps.in_market(market)
        products = await records.products.in_market(market)
        learner = AffinityLearner(self.history, records.rejections, records.match_overrides)
        lesson = await learner.learn(market, reps, now=since)
        outcomes = await records.history.outcomes(market, before=until)
        log = await records.assignment_log.of_market(market, since=since, before=until)
        rows = await self._needed_a_rep(outcomes, log, since)
        if len(rows) > MOST_LEADS:
            days = (until - since) / timedelta(days=1)
            raise InvalidInputError(
                "days", f"{days:g}", f"hold {len(rows):,} leads; at most {MOST_LEADS:,} are replayed"
            )
        leads = await records.routed_leads.get_many([LeadId(row["lead_id"]) for row in rows])
        stakes = await self._stakes(market, leads, since, until, on_read)
        return Period(
            market=market,
            since=since,
            until=until,
            floor=Floor(
                reps=reps,
                products={product.id: product for product in products},
                open_leads={},
                model=lesson.model,
                network=lesson.network,
            ),
            arrivals=[_arrival(row, leads[row["lead_id"]], stakes[row["lead_id"]]) for row in rows],
            held=_held(log, outcomes, since),
            presence=await records.availability.during(market, since=since, before=until),
        )

    async def _needed_a_rep(
        self, outcomes: pl.DataFrame, log: pl.DataFrame, since: datetime
    ) -> Sequence[Mapping[str, Any]]:
        """List the leads that came in the period or got their first rep in it.

        A lead that was disqualified before anybody had it needed nobody: a bot or a duplicate. Nor did one that waits
        but is withheld from everybody.
        """
        rows = _came_or_given(outcomes, log, since).to_dicts()
        waiting = [LeadId(row["lead_id"]) for row in rows if row["given_at"] is None and row["outcome"] is None]
        withheld = await self.records.routed_leads.withheld(waiting)
        return [row for row in rows if row["lead_id"] not in withheld]

    async def _stakes(
        self, market: Market, leads: Mapping[LeadId, Lead], since: datetime, until: datetime, on_read: OnRead
    ) -> Mapping[LeadId, _Stake]:
        """Return what each lead promised: the score on record when it got its first rep, else one as of its arrival."""
        offered = await self.records.scores.at_first_offer(market, since=since, before=until)
        found = {lead_id: _Stake.of(score) for lead_id, score in offered.items()}
        missing = [lead for lead_id, lead in leads.items() if lead_id not in found]
        for begin in range(0, len(missing), _SCORED_AT_ONCE):
            on_read(begin / len(missing))
            part = missing[begin : begin + _SCORED_AT_ONCE]
            scores = await self.rehearser.score_as_of({lead.id: max(lead.created_at, since) for lead in part})
            found |= {lead_id: _Stake.of(score) for lead_id, score in scores.items()}
        on_read(1.0)
        return found


def _came_or_given(outcomes: pl.DataFrame, log: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Keep the leads of a period, with `given_at`, and `freed_at` where the last rep lost the lead before it ended."""
    given = log.drop_nulls("rep_id").group_by("lead_id").agg(given_at=pl.col("at").min())
    freed = log.group_by("lead_id").agg(pl.col("rep_id", "at").last()).filter(pl.col("rep_id").is_null())
    table = outcomes.join(given, on="lead_id", how="left", maintain_order="left")
    table = table.join(freed.select("lead_id", freed_at="at"), on="lead_id", how="left", maintain_order="left")
    table = table.filter((pl.col("created_at") >= since) | (pl.col("given_at") >= since))
    # An outcome may name a rep of whom no assignment is on record: then he had the lead from the beginning.
    table = table.with_columns(pl.coalesce("given_at", pl.when(pl.col("rep_id").is_not_null()).then("created_at")))
    nobody = (pl.col("outcome") == OutcomeKind.DISQUALIFIED.value) & pl.col("given_at").is_null()
    return table.filter(~nobody.fill_null(value=False))


def _arrival(row: Mapping[str, Any], lead: Lead, stake: _Stake) -> Arrival:
    ended_at: datetime | None = row["outcome_at"]
    given_at: datetime | None = row["given_at"]
    begin = given_at or row["created_at"]
    ends = [moment for moment in (ended_at, row["freed_at"] if given_at is not None else None) if moment is not None]
    return Arrival(
        lead=lead,
        at=row["created_at"],
        p_convert=stake.p_convert,
        value=stake.value,
        hot=stake.hot,
        stays=max(timedelta(0), min(ends) - begin) if ends else None,
        gone_at=ended_at if given_at is None else None,
        rep_id=None if row["rep_id"] is None else RepId(row["rep_id"]),
        given_at=given_at,
        won=None if ended_at is None else row["outcome"] == OutcomeKind.WON.value,
    )


def _held(log: pl.DataFrame, outcomes: pl.DataFrame, since: datetime) -> Sequence[Held]:
    """List the leads that reps had at the beginning: until they ended, or were given to somebody else."""
    ended = dict(outcomes.select("lead_id", "outcome_at").iter_rows())
    holder = log.filter(pl.col("at") < since).group_by("lead_id", maintain_order=True).agg(pl.col("rep_id").last())
    later = log.filter(pl.col("at") >= since).group_by("lead_id").agg(moved_at=pl.col("at").min())
    held = holder.drop_nulls("rep_id").join(later, on="lead_id", how="left", maintain_order="left")
    found = []
    for lead_id, rep_id, moved_at in held.iter_rows():
        ends = [moment for moment in (moved_at, ended.get(lead_id)) if moment is not None]
        found.append(Held(RepId(rep_id), min(ends, default=None)))
    return found
