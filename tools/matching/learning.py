"""Keeps what history says about a market's reps, and learns again when history has changed. Chooses no rep."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from domain.people import Rep
from domain.values import Market, content_hash
from tools.matching.affinity import AffinityModel, fit_affinity
from tools.matching.history import OutcomeHistory, fingerprint, judged_leads
from tools.matching.network import AffinityNetwork, build_network

REFRESH_AFTER = timedelta(minutes=15)
"""How long a market's history is taken as unchanged without looking."""


@dataclass(frozen=True)
class Lesson:
    """What was learned from one state of the history."""

    content: str
    checked_at: datetime
    model: AffinityModel
    network: AffinityNetwork


@dataclass(frozen=True)
class AffinityLearner:
    """Learns affinities per market and remembers them while the history stays the same."""

    history: OutcomeHistory
    refresh_after: timedelta = REFRESH_AFTER
    _lessons: dict[Market, Lesson] = field(default_factory=dict, repr=False, compare=False)

    async def learn(self, market: Market, reps: Sequence[Rep], *, now: datetime) -> Lesson:
        """Return what the market's history says up to a moment.

        Args:
            market: The market.
            reps: Its reps, for their declared skills.
            now: The moment; outcomes at or after it do not count.
        """
        known = self._lessons.get(market)
        if known and timedelta(0) <= now - known.checked_at < self.refresh_after:
            return known
        judged = judged_leads(await self.history.outcomes(market, before=now), now=now)
        skills = sorted((rep.id, skill.product_id, skill.level) for rep in reps for skill in rep.skills)
        content = content_hash(fingerprint(judged), skills)
        if known and known.content == content:
            lesson = Lesson(content, now, known.model, known.network)
        else:
            # The same content gives the same permutations, hence the same verdict in every process.
            rng = np.random.default_rng(int(content, 16))
            model = await asyncio.to_thread(fit_affinity, judged, reps, rng=rng)
            lesson = Lesson(content, now, model, build_network(judged, model))
        self._lessons[market] = lesson
        return lesson
