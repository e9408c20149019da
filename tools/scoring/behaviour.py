"""The engine of the behaviour features: from arrays of events to one number per feature and pair. Pure: no clock, no I/O.

One lead and a million go through the same code: counts are `bincount`s on one integer key, the newest event of a kind
is the last one written to its cell, and everything else is a sum over segments. Sums run in the order of the events,
so a lead gets the same number alone and among others.
"""

from collections.abc import Iterable

import numpy as np

from domain.events import OUTBOUND_KINDS, REPLY_KINDS, InteractionKind
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntMatrix
from tools.scoring.events import HOUR_US, KIND_CODES, KINDS, Events
from tools.scoring.families.activities import (
    ACTIVITIES,
    AGE_BOUNDS,
    CONTENT_KINDS,
    HALF_LIFE_DAYS,
    INBOUND_KINDS,
    WEB_KINDS,
    WEIGHTS,
    WINDOWED,
    WINDOWS,
    WRITTEN_REPLY_KINDS,
)
from tools.scoring.rhythm import rhythm
from tools.scoring.segments import count, median, ratio, total
from tools.scoring.visits import visits
from tools.scoring.words import MEASURES

Columns = dict[str, FloatVector]

_N_KINDS, _N_AGES = len(KINDS), len(AGE_BOUNDS) + 1
_K = InteractionKind
_FRESH_DAYS = 30.0
_READ_S = 30.0
_WEEK = 7.0


def _member(kinds: frozenset[InteractionKind]) -> BoolVector:
    return np.array([InteractionKind(kind) in kinds for kind in KINDS])


def _groups(names: Iterable[str]) -> IntMatrix:
    """Return which kinds each group of `ACTIVITIES` holds, shape (n_kinds, n_groups)."""
    return np.array([_member(ACTIVITIES[name][1]) for name in names], dtype=np.int64).T


# Whole numbers: added up exactly, and without the threads that a library takes for a product of floats.
_IN_ALL, _IN_WINDOWS = _groups(ACTIVITIES), _groups(WINDOWED)
_INBOUND, _OUTBOUND, _REPLIES = _member(INBOUND_KINDS), _member(OUTBOUND_KINDS), _member(REPLY_KINDS)
_WRITTEN, _WEB, _CONTENT = _member(WRITTEN_REPLY_KINDS), _member(WEB_KINDS), _member(CONTENT_KINDS)
_TALK = _member(frozenset({_K.CALL_ANSWERED, _K.MEETING_ATTENDED}))
_TURNS = _OUTBOUND | _REPLIES
_RECENCIES = {
    "days_since_inbound": np.flatnonzero(_INBOUND),
    "days_since_reply": np.flatnonzero(_REPLIES),
    "days_since_outbound": np.flatnonzero(_OUTBOUND),
}
_WORTH = np.array([WEIGHTS.get(InteractionKind(kind), 0.0) for kind in KINDS])


def generate_behavioral_features(events: Events) -> Columns:
    """Compute every behaviour feature of every pair.

    Args:
        events: Ordered by pair and time, bots left out.

    Returns:
        One vector of shape (n_pairs,) per feature, by name. Counts are zero where a lead did nothing of the kind;
        recencies, rates and what else is not defined without an event are NaN.
    """
    parts = [_columns(chunk) for chunk in events.chunks()]
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _columns(events: Events) -> Columns:
    inbound = np.flatnonzero(_INBOUND[events.kind])
    columns = count_activities(events) | newest(events) | engagement(events) | _details(events)
    columns |= _rates(columns, events)
    columns |= rhythm(events, inbound) | visits(events, _WEB[events.kind]) | _texts(events)
    columns["response_latency_hours"] = _latency(events)
    columns["engagement_while_fresh"] = columns["engagement_score"] * np.exp(events.lead_age * (-1 / _FRESH_DAYS))
    columns["budget_discussion_depth"] = _cell(events, _K.BUDGET_DISCUSSED) + columns["price_mentions_total"]
    return columns


def count_activities(events: Events) -> Columns:
    """Count the groups of kinds in their windows."""
    n = events.n_pairs
    age = np.zeros(len(events.age), dtype=np.int64)
    for bound in AGE_BOUNDS:
        age += events.age > bound
    cell = np.multiply(events.pair, _N_AGES, dtype=np.int64)
    cell += age
    cell *= _N_KINDS
    cell += events.kind
    cells = np.bincount(cell, minlength=n * _N_AGES * _N_KINDS).reshape(n, _N_AGES, _N_KINDS)
    for older in range(1, _N_AGES):
        cells[:, older] += cells[:, older - 1]
    counted = {
        f"{name}_total": column for name, column in zip(ACTIVITIES, _counted(cells[:, -1], _IN_ALL), strict=True)
    }
    for days in WINDOWS:
        columns = _counted(cells[:, AGE_BOUNDS.index(days)], _IN_WINDOWS)
        counted |= {f"{name}_{days}d": column for name, column in zip(WINDOWED, columns, strict=True)}
    two_weeks = cells[:, AGE_BOUNDS.index(2 * _WEEK)] @ _INBOUND
    counted["inbound_trend"] = 2 * counted["inbound_7d"] - two_weeks
    return counted


def _counted(cells: IntMatrix, groups: IntMatrix) -> FloatMatrix:
    return np.ascontiguousarray((cells @ groups).T, dtype=np.float64)


def newest(events: Events) -> Columns:
    """Return how long ago the newest event of a group was, in days, and how many inbound kinds there are."""
    ages = np.full((events.n_pairs, _N_KINDS), np.nan)
    # Events rise in time, and of several values written to one cell the last stays: the newest.
    ages.reshape(-1)[events.pair * _N_KINDS + events.kind] = events.age
    columns = {name: np.fmin.reduce(ages[:, kinds], axis=1) for name, kinds in _RECENCIES.items()}
    columns["kinds_used"] = np.isfinite(ages[:, _INBOUND]).sum(axis=1).astype(np.float64)
    return columns


def _rates(counted: Columns, events: Events) -> Columns:
    attended, missed = counted["meetings_attended_total"], counted["meetings_missed_total"]
    resolved = _cell(events, _K.OBJECTION_RESOLVED)
    outbound = counted["outbound_total"]
    return {
        "reply_rate": ratio(counted["replies_total"], outbound),
        "inbound_per_outbound": ratio(counted["inbound_total"], outbound),
        "meeting_attendance_rate": ratio(attended, attended + missed),
        "objections_resolved_share": np.minimum(1.0, ratio(resolved, counted["objections_raised_total"])),
        "proposal_engagement": ratio(_cell(events, _K.PROPOSAL_OPENED), counted["proposals_sent_total"]),
        "budget_discussed": np.minimum(1.0, _cell(events, _K.BUDGET_DISCUSSED)),
        "interaction_frequency": counted["inbound_total"] / np.maximum(1.0, events.lead_age),
    }


def engagement(events: Events) -> Columns:
    """Add up what fades: engagement, plain and by effort, and its change; and the time talked."""
    n, pair, kind = events.n_pairs, events.pair, events.kind
    decay = np.exp2(events.age * (-1 / HALF_LIFE_DAYS))
    worth = decay * _WORTH[kind]
    score = total(pair, worth, n)
    # What is older than a week counted twice as much a week ago.
    week_ago = 2.0 * total(pair, np.where(events.age > HALF_LIFE_DAYS, worth, 0.0), n)
    talked = np.flatnonzero(_TALK[kind])
    return {
        "engagement": total(pair, decay * _INBOUND[kind], n),
        "engagement_score": score,
        "engagement_velocity": (score - week_ago) / HALF_LIFE_DAYS,
        "talk_seconds": total(pair[talked], _measured(events.value[talked]), n),
    }


def _details(events: Events) -> Columns:
    n, pair, kind = events.n_pairs, events.pair, events.kind
    content = np.flatnonzero(_CONTENT[kind])
    read = np.log1p(_measured(events.value[content]) * (1 / _READ_S))
    named = np.flatnonzero(~np.isnan(events.about) & _INBOUND[kind])
    return {
        "content_consumption_score": total(pair[content], read, n),
        "product_affinity": ratio(total(pair[named], events.about[named], n), count(pair[named], n)),
        "pricing_views_total": count(pair[events.on_prices], n),
    }


def _measured(seconds: FloatVector) -> FloatVector:
    return np.where(np.isnan(seconds), 0.0, seconds)


def _texts(events: Events) -> Columns:
    spoken = _INBOUND[events.kind[events.said]]
    pair, measures = events.pair[events.said[spoken]], events.measures[spoken]
    n = events.n_pairs
    sums = {name: total(pair, measures[:, i], n) for i, name in enumerate(MEASURES)}
    return {
        "message_words_mean": ratio(sums["words"], count(pair, n)),
        "questions_total": sums["questions"],
        "price_mentions_total": sums["price"],
        "competitor_mentions_total": sums["competitor"],
        "urgency_mentions_total": sums["urgency"],
    }


def _latency(events: Events) -> FloatVector:
    """Return the median hours from an outbound interaction to the written reply that comes next."""
    turns = np.flatnonzero(_TURNS[events.kind])
    before, after = turns[:-1], turns[1:]
    answers = (
        (events.pair[before] == events.pair[after]) & _OUTBOUND[events.kind[before]] & _WRITTEN[events.kind[after]]
    )
    before, after = before[answers], after[answers]
    return median(events.pair[after], (events.at[after] - events.at[before]) / HOUR_US, events.n_pairs)


def _cell(events: Events, kind: InteractionKind) -> FloatVector:
    return count(events.pair[events.kind == KIND_CODES[kind]], events.n_pairs)
