"""Offers replays of the last days: reads the period, hands it out again in a thread. Records nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from domain.errors import InvalidInputError
from domain.ports import Clock
from domain.routing import RoutingPolicy
from domain.values import Market, content_hash
from runtime.past_periods import PastPeriods
from tools.matching.replay.course import STEP
from tools.matching.replay.period import Period
from tools.matching.replay.replaying import Replay, replay_period
from tools.matching.replay.tuning import N_TRIALS, TunedRouting, tune_routing
from tools.matching.what_if import FloorChange

MOST_DAYS = 90

Progress = Callable[[str, float], None]
"""Told which stage of the work runs, and how much of it is done, in [0, 1]."""

_READING, _REPLAYING, _TRYING = "reading the days", "handing them out again", "trying settings"


@dataclass(frozen=True)
class Replayer:
    """Hands the last days out again.

    Attributes:
        periods: Reads them.
        policy: The rules in force.
        clock: The time.
    """

    periods: PastPeriods
    policy: RoutingPolicy
    clock: Clock

    async def replay(
        self,
        market: Market,
        change: FloorChange,
        *,
        days: int,
        step: timedelta = STEP,
        progress: Progress = lambda _stage, _share: None,
    ) -> Replay:
        """Hand the last days out again, under the rules in force and under a draft.

        Args:
            market: The market.
            change: The draft.
            days: How many, in [1, 90].
            step: Leads of one step are handed out together.
            progress: Told how far it is.

        Raises:
            InvalidInputError: If the days are out of range or hold no lead or too many, or the draft names a rep who is
                not of this market.
        """
        now = self._begin(days)
        change.applied_to(await self.periods.records.reps.in_market(market))
        period = await self._read(market, now, days, progress)
        return await asyncio.to_thread(
            replay_period,
            period,
            change,
            self.policy,
            rng=_luck(period),
            step=step,
            on_step=lambda share: progress(_REPLAYING, share),
        )

    async def tune(
        self,
        market: Market,
        *,
        days: int,
        n_trials: int = N_TRIALS,
        step: timedelta = STEP,
        progress: Progress = lambda _stage, _share: None,
    ) -> TunedRouting:
        """Search the rules that would have brought most in the last days; sets nothing.

        Args:
            market: The market.
            days: How many, in [1, 90].
            n_trials: Settings to try, at least 4.
            step: Leads of one step are handed out together.
            progress: Told how far it is.

        Raises:
            InvalidInputError: If the days are out of range or hold no lead or too many, or there are too few trials.
        """
        period = await self._read(market, self._begin(days), days, progress)
        return await asyncio.to_thread(
            tune_routing,
            period,
            self.policy,
            rng=_luck(period),
            n_trials=n_trials,
            step=step,
            on_trial=lambda done, of: progress(_TRYING, done / of),
        )

    def _begin(self, days: int) -> datetime:
        if not 1 <= days <= MOST_DAYS:
            raise InvalidInputError("days", days, f"must lie between 1 and {MOST_DAYS}")
        return self.clock.now()

    async def _read(self, market: Market, now: datetime, days: int, progress: Progress) -> Period:
        since = now - timedelta(days=days)
        return await self.periods.read(market, since=since, until=now, on_read=lambda share: progress(_READING, share))


def _luck(period: Period) -> np.random.Generator:
    """Seed by the period, so that the same days give the same interval."""
    seed = content_hash(period.since, period.until, period.floor.model.version, length=16)
    return np.random.default_rng(int(seed, 16))
