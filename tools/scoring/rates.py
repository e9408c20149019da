"""Features of the team and the market: rates by rep, product, region, industry and season as of a moment. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from tools.scoring.arrays import BoolVector, FloatVector, IntVector
from tools.scoring.events import DAY_US
from tools.scoring.past import Asked, EndedLeads, KeyedLog, keys_of

_RECENT_US = 180 * DAY_US
_MONTH_US = 30 * DAY_US
_SECOND_US = 1_000_000
_STEADY = 5.0
"""Arrivals added to both months of a trend, so that one lead after none is no boom."""

_Texts = Sequence[str | None]
_Parts = tuple[str, ...]
_Row = tuple[str, _Parts]


@dataclass(frozen=True)
class Rates:
    """Running totals by every key that a feature asks for.

    Attributes:
        until: Microseconds since 1970. Nothing later is known: a later moment is answered as of this one.
        ended_at: Shape (n_ended,). Ends of leads, rising.
        arrived_at: Shape (n_leads,). Arrivals, rising.
        ends: Of ended leads: wins by each of `_WIN_KEYS`, then seconds to a win of won leads by each of `_SEGMENTS`.
        arrivals: Of all leads, by product and region.
    """

    until: int
    ended_at: IntVector
    arrived_at: IntVector
    ends: KeyedLog
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
        # Whole seconds add up exactly, so that what comes later cannot show, not even in the last digit.
        took = np.round((past.ended_at - past.created_at)[ended] / _SECOND_US)
        latest = max(past.ended_at.max(initial=0), past.created_at.max(initial=0))
        wins = [(_keys(texts, key, ended), won.astype(np.float64)) for key in _WIN_KEYS]
        days = [(_keys(texts, key, ended, won), took) for key in _SEGMENTS]
        return cls(
            until=int(latest) + 1,
            ended_at=past.ended_at[ended],
            arrived_at=past.created_at[arrived],
            ends=KeyedLog.of([*wins, *days]),
            arrivals=KeyedLog.of([(_keys(texts, _SEGMENT, arrived), np.zeros(len(arrived)))]),
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
        asked: dict[_Parts, Asked] = {key: keys_of(*(columns[part] for part in key)) for key in _WIN_KEYS}
        lifts = self._lifts(asked, moments)
        segment = lifts.pop("segment")
        lifts["market_days_to_win_lift"] /= DAY_US / _SECOND_US
        lifts["rep_similar_win_rate_lift"] -= np.where(np.isnan(segment), 0.0, segment)
        return {**lifts, "market_volume_trend": self._volume_trend(asked[_SEGMENT], moments)}

    def _lifts(self, asked: Mapping[_Parts, Asked], moments: IntVector) -> dict[str, FloatVector]:
        """Compute all of `_LIFTS` together: a lead alone asks for few numbers, each as dear as a thousand."""
        now, recent = self.ended_at.searchsorted(moments), self.ended_at.searchsorted(moments - _RECENT_US)
        keys = [asked[parts] for _, parts in _ROWS]
        counted, overall = self.ends.before(_KINDS, keys, now), self.ends.all_before(now)[_KINDS]
        earlier, before = self.ends.before(_RECENT_KINDS, keys[_LATELY], recent), self.ends.all_before(recent)
        counted.subtract(_LATELY, earlier)
        overall.subtract(_LATELY, before[_RECENT_KINDS])
        mean = average = overall.mean()[_WIDEST]
        for lifts, rows in _STEPS:
            mean = mean.copy()
            mean[lifts] = counted[rows].shrunk_to(mean[lifts])
        known = np.array([_is_known(keys[row]) for row in _WIDEST])
        return dict(zip(_LIFTS, np.where(known, mean - average, np.nan), strict=True))

    def _volume_trend(self, keys: Asked, moments: IntVector) -> FloatVector:
        known = _is_known(keys)
        if not known.any() or not len(self.arrived_at):
            return np.full(len(moments), np.nan)
        ends = self.arrived_at.searchsorted(moments - _MONTH_US * np.arange(3)[:, None])
        now, month, two = self.arrivals.before([0, 0, 0], [keys] * 3, ends).n
        trend = np.log((now - month + _STEADY) / (month - two + _STEADY))
        return np.where(known & (moments - 2 * _MONTH_US >= self.arrived_at[0]), trend, np.nan)


_REP_KEYS: tuple[_Parts, ...] = (("rep",), ("rep", "product"), ("rep", "product", "region"))
_SEGMENT: _Parts = ("product", "region")
_SEGMENTS: tuple[_Parts, ...] = (("product",), _SEGMENT)
_WIN_KEYS: tuple[_Parts, ...] = (*_REP_KEYS, *_SEGMENTS, ("region",), ("industry",), ("season",))

_WON, _DAYS, _RECENT = "won", "time to a win", "won lately"
_ROWS: tuple[_Row, ...] = (
    *((_WON, parts) for parts in _WIN_KEYS),
    *((_DAYS, parts) for parts in _SEGMENTS),
    *((_RECENT, parts) for parts in _SEGMENTS),
)
"""What is counted: which amount, by which key."""

_LIFTS: dict[str, tuple[_Row, ...]] = {
    "rep_win_rate_lift": ((_WON, ("rep",)),),
    "rep_similar_win_rate_lift": tuple((_WON, parts) for parts in _REP_KEYS),
    "industry_affinity": ((_WON, ("industry",)),),
    "geographic_opportunity": ((_WON, ("region",)), (_WON, _SEGMENT)),
    "seasonal_intent": ((_WON, ("season",)),),
    "market_win_rate_lift": tuple((_RECENT, parts) for parts in _SEGMENTS),
    "market_days_to_win_lift": tuple((_DAYS, parts) for parts in _SEGMENTS),
    "segment": tuple((_WON, parts) for parts in _SEGMENTS),
}
"""A mean by ever narrower keys, each shrunk to the one before, less the mean over the widest key."""

_LATELY = slice(len(_ROWS) - len(_SEGMENTS), None)
_KINDS = [_ROWS.index((_WON if amount == _RECENT else amount, parts)) for amount, parts in _ROWS]
_RECENT_KINDS = _KINDS[_LATELY]
_WIDEST = [_ROWS.index(chain[0]) for chain in _LIFTS.values()]
_STEPS = [
    (
        [at for at, chain in enumerate(_LIFTS.values()) if len(chain) > depth],
        [_ROWS.index(chain[depth]) for chain in _LIFTS.values() if len(chain) > depth],
    )
    for depth in range(max(map(len, _LIFTS.values())))
]
"""For each depth of the chains: which lifts reach it, and which row each reads there."""


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
