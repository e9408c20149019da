"""When a lead acts: its days, pauses, bursts, trend and hours, from arrays of events. Pure: no clock, no I/O."""

import numpy as np

from tools.scoring.arrays import FloatVector, IntVector
from tools.scoring.events import DAY_US, Events
from tools.scoring.segments import count, ratio, total

_WEEKS = 6
_MIN_GAPS = 3
_MIN_HOURS = 3
_MIN_RESULTANT = 0.1
_MINUTES, _MINUTE_US = 24 * 60, 60_000_000
_ANGLE = np.arange(_MINUTES) * (2 * np.pi / _MINUTES)
_EAST, _NORTH = np.cos(_ANGLE), np.sin(_ANGLE)
_AT_WORK = ((np.arange(_MINUTES) >= 8 * 60) & (np.arange(_MINUTES) < 18 * 60)).astype(np.float64)


def rhythm(events: Events, inbound: IntVector) -> dict[str, FloatVector]:
    """Compute the features of rhythm.

    Args:
        events: Ordered by pair and time.
        inbound: Positions of the inbound events, rising.

    Returns:
        One vector of shape (n_pairs,) per feature.
    """
    n = events.n_pairs
    pair, at = events.pair[inbound], events.at[inbound]
    same = pair[1:] == pair[:-1]
    day = at // DAY_US
    is_new_day = np.ones(len(pair), dtype=np.bool_)
    is_new_day[1:] = ~same | (day[1:] != day[:-1])
    return {
        "active_days": count(pair[is_new_day], n),
        "activity_slope": _slope(events, inbound),
        **_gaps(pair[1:][same], ((at[1:] - at[:-1]) / DAY_US)[same], n),
        **_hours(events, pair, at),
    }


def _gaps(pair: IntVector, gaps: FloatVector, n: int) -> dict[str, FloatVector]:
    longest, burstiness = np.full(n, np.nan), np.full(n, np.nan)
    if len(gaps):
        n_gaps = np.bincount(pair, minlength=n)
        has = np.flatnonzero(n_gaps)
        first = (np.cumsum(n_gaps) - n_gaps)[has]
        longest[has] = np.maximum.reduceat(gaps, first)
        many = n_gaps >= _MIN_GAPS
        whole = np.maximum(n_gaps, 1)
        mean = total(pair, gaps, n) / whole
        variance = total(pair, np.square(gaps - mean[pair]), n) / whole
        deviation = np.sqrt(variance)
        np.divide(deviation - mean, deviation + mean, out=burstiness, where=many & (mean > 0))
    return {"longest_gap_days": longest, "burstiness": burstiness}


def _slope(events: Events, inbound: IntVector) -> FloatVector:
    """Return the least-squares slope of actions per week over the whole weeks of each lead's life, at most six."""
    n = events.n_pairs
    weeks = np.minimum(_WEEKS, events.lead_age // 7.0)
    week = (events.age[inbound] * (1 / 7)).astype(np.int64)
    recent = week < _WEEKS
    counts = np.bincount(events.pair[inbound][recent] * _WEEKS + week[recent], minlength=n * _WEEKS)
    # Time runs against the number of the week. Weeks before the lead's first whole one do not count.
    x = 0.5 * (weeks[:, None] - 1) - np.arange(_WEEKS)
    x[np.arange(_WEEKS) >= weeks[:, None]] = 0.0
    spread = weeks * (weeks * weeks - 1) / 12
    rise = np.zeros(n)
    for k in range(_WEEKS):
        rise += x[:, k] * counts[k::_WEEKS]
    return ratio(rise, spread)


def _hours(events: Events, pair: IntVector, at: IntVector) -> dict[str, FloatVector]:
    n = events.n_pairs
    is_known = ~np.isnan(events.utc_offset)
    if not is_known.all():
        kept = is_known[pair]
        pair, at = pair[kept], at[kept]
    offset = np.where(is_known, events.utc_offset, 0.0).astype(np.int64)
    # To the minute: whole numbers and two small tables are many times faster than sines of ten million hours.
    minute = (at + offset[pair]) // _MINUTE_US % _MINUTES
    n_known = count(pair, n)
    east, north = total(pair, _EAST[minute], n), total(pair, _NORTH[minute], n)
    told = (n_known >= _MIN_HOURS) & (np.hypot(east, north) >= _MIN_RESULTANT * n_known)
    preferred = np.where(told, np.arctan2(north, east) * (12 / np.pi) % 24.0, np.nan)
    at_work = total(pair, _AT_WORK[minute], n)
    return {"time_of_day_preference": preferred, "working_hours_share": ratio(at_work, n_known)}
