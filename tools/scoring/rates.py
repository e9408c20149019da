"""Features of the team and the market: rates by rep, product, region, industry and season as of a moment. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.events import DAY_US
from tools.scoring.past import Asked, EndedLeads, KeyedLog, keys_of

_RECENT_US = 180 * DAY_US
_MONTH_US = 30 * DAY_US
_STEADY = 5.0
"""Arrivals added to both months of a trend, so that one lead after none is no boom."""

_Texts = Sequence[str | None]


@dataclass(frozen=True)
class Rates:
    """Running totals by every key that a feature asks for.

    Attributes:
        until: Microseconds since 1970. Nothing later is known: a later moment is answered as of this one.
        ended_at: Shape (n_ended,). Ends of leads, rising.
        arrived_at: Shape (n_leads,). Arrivals, rising.
        wins: Of ended leads, by the columns that make the key.
        days: Days to a win of won leads, by key.
        arrivals: Of all leads, by product and region.
    """

    until: int
    ended_at: IntVector
    arrived_at: IntVector
    wins: dict[tuple[str, ...], KeyedLog]
    days: dict[tuple[str, ...], KeyedLog]
    arrivals: KeyedLog

    @classmethod
    def of(cls, past: EndedLeads) -> Self:
        """Prepare from the leads of a market."""
        ended = np.flatnonzero(past.ended_at >= 0)
        ended = ended[np.lexsort((past.created_at[ended], past.won[ended], past.ended_at[ended]))]
        arrived = np.argsort(past.created_at, kind="stable")
        texts: dict[str, list[str | None]] = {name: column.texts() for name, column in past.named.items()}
        texts["season"] = _seasons(past.created_at)
        won = past.won[ended]
        took = (past.ended_at - past.created_at)[ended] / DAY_US
        latest = max(past.ended_at.max(initial=0), past.created_at.max(initial=0))
        return cls(
            until=int(latest) + 1,
            ended_at=past.ended_at[ended],
            arrived_at=past.created_at[arrived],
            wins={key: KeyedLog.of(_keys(texts, key, ended), won.astype(np.float64)) for key in _WIN_KEYS},
            days={key: KeyedLog.of(_keys(texts, key, ended, won), took) for key in _SEGMENTS},
            arrivals=KeyedLog.of(_keys(texts, _SEGMENT, arrived), np.zeros(len(arrived))),
        )

    def features(
        self, as_of: IntVector, created_at: IntVector, rep: _Texts, product: _Texts, region: _Texts, industry: _Texts
    ) -> dict[str, FloatVector]:
        """Compute the features of n_pairs leads.

        Args:
            as_of: Shape (n_pairs,). Microseconds since 1970.
            created_at: Shape (n_pairs,). The same.
            rep: n_pairs reps, as of the moment.
            product: n_pairs products.
            region: n_pairs regions.
            industry: n_pairs industries.

        Returns:
            One vector of shape (n_pairs,) per feature.
        """
        moments = np.minimum(as_of, self.until)
        columns = {
            "rep": rep,
            "product": product,
            "region": region,
            "industry": industry,
            "season": _seasons(created_at),
        }
        asked: dict[tuple[str, ...], Asked] = {key: keys_of(*(columns[part] for part in key)) for key in _WIN_KEYS}
        now = self.ended_at.searchsorted(moments)
        recent = self.ended_at.searchsorted(moments - _RECENT_US)

        def lift(
            logs: dict[tuple[str, ...], KeyedLog], *keys: tuple[str, ...], since: IntVector | None = None
        ) -> FloatVector:
            widest = asked[keys[0]]
            if all(key is None for key in widest):
                return np.full(len(moments), np.nan)
            overall = logs[keys[0]].all_before(now)
            counted = [logs[key].before(asked[key], now) for key in keys]
            if since is not None:
                overall = overall - logs[keys[0]].all_before(since)
                counted = [one - logs[key].before(asked[key], since) for key, one in zip(keys, counted, strict=True)]
            average = mean = overall.mean()
            for one in counted:
                mean = one.shrunk_to(mean)
            return np.where(_is_known(widest), mean - average, np.nan)

        segment = lift(self.wins, *_SEGMENTS)
        return {
            "rep_win_rate_lift": lift(self.wins, _REP_KEYS[0]),
            "rep_similar_win_rate_lift": lift(self.wins, *_REP_KEYS) - np.where(np.isnan(segment), 0.0, segment),
            "industry_affinity": lift(self.wins, ("industry",)),
            "geographic_opportunity": lift(self.wins, ("region",), _SEGMENT),
            "seasonal_intent": lift(self.wins, ("season",)),
            "market_win_rate_lift": lift(self.wins, *_SEGMENTS, since=recent),
            "market_days_to_win_lift": lift(self.days, *_SEGMENTS),
            "market_volume_trend": self._volume_trend(asked[_SEGMENT], moments),
        }

    def _volume_trend(self, keys: Asked, moments: IntVector) -> FloatVector:
        known = _is_known(keys)
        if not known.any() or not len(self.arrived_at):
            return np.full(len(moments), np.nan)
        ends = (moments - k * _MONTH_US for k in range(3))
        now, month, two = (self.arrivals.before(keys, self.arrived_at.searchsorted(end)).n for end in ends)
        trend = np.log((now - month + _STEADY) / (month - two + _STEADY))
        return np.where(known & (moments - 2 * _MONTH_US >= self.arrived_at[0]), trend, np.nan)


_REP_KEYS = (("rep",), ("rep", "product"), ("rep", "product", "region"))
_SEGMENT = ("product", "region")
_SEGMENTS = (("product",), _SEGMENT)
_WIN_KEYS = (*_REP_KEYS, *_SEGMENTS, ("region",), ("industry",), ("season",))


def _keys(
    texts: dict[str, list[str | None]], key: tuple[str, ...], rows: IntVector, used: BoolVector | None = None
) -> Asked:
    keys = keys_of(*(texts[part] for part in key))
    if used is None:
        return [keys[row] for row in rows.tolist()]
    return [keys[row] if use else None for row, use in zip(rows.tolist(), used.tolist(), strict=True)]


def _is_known(keys: Asked) -> BoolVector:
    return np.array([key is not None for key in keys], dtype=np.bool_)


def _seasons(created_at: IntVector) -> list[str | None]:
    months = created_at.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12
    return [_MONTHS[month] for month in months.tolist()]


_MONTHS = tuple(str(month) for month in range(1, 13))
