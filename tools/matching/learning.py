"""Keeps what history says about a market's reps, and learns again when history has changed. Chooses no rep."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from domain.people import RejectReason, Rep
from domain.routing_ports import MatchOverrideRecords, RejectionRecords
from domain.values import LeadId, Market, ProductId, RepId, content_hash
from tools.matching.affinities.opinions import Opinions, bad_data_leads, gather_opinions
from tools.matching.affinity import AffinityModel, fit_affinity
from tools.matching.history import OutcomeHistory, fingerprint, judged_leads, without_bad_data
from tools.matching.network import AffinityNetwork, build_network

REFRESH_AFTER = timedelta(minutes=15)
"""How long a market's history is taken as unchanged without looking."""

REMEMBERED = timedelta(days=180)
"""How long what reps and managers said about matches counts."""

_Counts = Mapping[tuple[RepId, ProductId | None, RejectReason], int]


@dataclass(frozen=True)
class Lesson:
    """What was learned from one state of the history."""

    content: str
    checked_at: datetime
    model: AffinityModel
    network: AffinityNetwork


@dataclass(frozen=True)
class AffinityLearner:
    """Learns affinities per market and remembers them while the history stays the same.

    Attributes:
        history: How leads ended.
        rejections: What reps declined; None learns from outcomes alone.
        overrides: What managers changed; None learns from outcomes alone.
        refresh_after: How long a lesson is taken as current without looking.
    """

    history: OutcomeHistory
    rejections: RejectionRecords | None = None
    overrides: MatchOverrideRecords | None = None
    refresh_after: timedelta = REFRESH_AFTER
    _lessons: dict[Market, Lesson] = field(default_factory=dict, repr=False, compare=False)

    async def learn(self, market: Market, reps: Sequence[Rep], *, now: datetime) -> Lesson:
        """Return what the market's history says up to a moment.

        Args:
            market: The market.
            reps: Its reps, for what they declare.
            now: The moment; outcomes at or after it do not count, nor what was said at or after it.
        """
        known = self._lessons.get(market)
        if known and timedelta(0) <= now - known.checked_at < self.refresh_after:
            return known
        outcomes = await self.history.outcomes(market, before=now)
        counts: _Counts = {}
        if self.rejections is not None:
            counts = await self.rejections.counts(market, since=now - REMEMBERED, before=now)
            outcomes = await self._without_bad_data(outcomes, counts, self.rejections, now=now)
        judged = judged_leads(outcomes, now=now)
        declared = sorted(rep.model_dump_json(include={"id", "skills", "regions", "languages"}) for rep in reps)
        content = content_hash(fingerprint(judged), declared)
        if known and known.content == content:
            lesson = replace(known, checked_at=now)
        else:
            # The same content gives the same permutations, hence the same verdict in every process.
            rng = np.random.default_rng(int(content, 16))
            model = await asyncio.to_thread(fit_affinity, judged, reps, rng=rng)
            lesson = Lesson(content, now, model, build_network(judged, model))
        opinions = await self._opinions(market, counts, outcomes, judged, now=now)
        lesson = replace(lesson, model=lesson.model.with_opinions(opinions))
        self._lessons[market] = lesson
        return lesson

    def look_again(self, market: Market) -> None:
        """Let the next lesson look at the records, however recent the last one is: somebody said something."""
        known = self._lessons.get(market)
        if known:
            self._lessons[market] = replace(known, checked_at=known.checked_at - self.refresh_after)

    async def _without_bad_data(
        self, outcomes: pl.DataFrame, counts: _Counts, rejections: RejectionRecords, *, now: datetime
    ) -> pl.DataFrame:
        # The counts say for little whether it is worth asking about every lead.
        if not any(n for (_, _, reason), n in counts.items() if reason is RejectReason.BAD_DATA):
            return outcomes
        said = await rejections.of_leads([LeadId(lead_id) for lead_id in outcomes["lead_id"]])
        return without_bad_data(outcomes, bad_data_leads(r for each in said.values() for r in each if r.at < now))

    async def _opinions(
        self, market: Market, counts: _Counts, outcomes: pl.DataFrame, judged: pl.DataFrame, *, now: datetime
    ) -> Opinions:
        if self.overrides is None:
            return gather_opinions(counts)
        overrides = await self.overrides.in_market(market, since=now - REMEMBERED, before=now)
        return gather_opinions(
            counts,
            overrides,
            products=dict(outcomes.select("lead_id", "product_id").iter_rows()),
            judged=set(judged["lead_id"]),
        )
