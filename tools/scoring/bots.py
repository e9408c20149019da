"""Tells bots from people: by what the user agent says, and by how a visit went. Pure: no clock, no I/O."""

import re

import numpy as np
import orjson

from domain.events import InteractionKind
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.events import KIND_CODES, Events

AGENT_HINTS = ("bot", "crawler", "spider", "headless")
"""A payload without any of these, in lower case, is no bot's: the parsing is spared."""

SESSION_GAP_US = 30 * 60 * 1_000_000
"""A visit ends when nothing happened for 30 minutes."""

BOT_SCORE = 0.8
"""From this score on a visit is taken for a bot's."""

_AGENT = re.compile(r"bot\b|crawler|spider|headless")
_MANY_VIEWS = 10.0
_FAST_GAP_S = 2.0
_DWELL_S = 1.0


def is_bot_agent(payload: str) -> bool:
    """Say whether an interaction's payload, JSON, names a bot as its user agent."""
    try:
        agent = orjson.loads(payload).get("user_agent")
    except (orjson.JSONDecodeError, AttributeError):
        return False
    return isinstance(agent, str) and _AGENT.search(agent.lower()) is not None


def session_scores(events: Events) -> FloatVector:
    """Score how much the visit of every page view looks like a bot's.

    Score of a visit = share of its views without dwell * min(1, 2 s / mean gap) * min(1, views / 10): ten pages
    in twenty seconds, none of them read, score 1. A dwell that was not measured counts as none, because the gap
    bounds it. A person's visit with one view a minute scores at most 0.03.

    Args:
        events: Ordered by pair and time.

    Returns:
        Shape (n_events,). In [0, 1]; 0 for what is no page view.
    """
    scores = np.zeros(len(events.pair))
    views = np.flatnonzero(events.kind == KIND_CODES[InteractionKind.PAGE_VIEWED])
    # No visit shorter than this can reach the score that counts.
    if len(views) < BOT_SCORE * _MANY_VIEWS:
        return scores
    pair, at, value = events.pair[views], events.at[views], events.value[views]
    begins = np.ones(len(views), dtype=np.bool_)
    begins[1:] = (pair[1:] != pair[:-1]) | (at[1:] - at[:-1] > SESSION_GAP_US)
    session = np.cumsum(begins) - 1
    n = np.bincount(session).astype(np.float64)
    if n.max() < BOT_SCORE * _MANY_VIEWS:
        return scores
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(views)) - 1
    mean_gap = (at[last] - at[first]) / 1e6 / np.maximum(n - 1, 1)
    unread = np.bincount(session, weights=~(value >= _DWELL_S)) / n
    speed = np.minimum(1.0, _FAST_GAP_S / np.maximum(mean_gap, 1e-9))
    scores[views] = (unread * speed * np.minimum(1.0, n / _MANY_VIEWS))[session]
    return scores


def without_bots(events: Events) -> tuple[Events, BoolVector]:
    """Leave out the page views of visits that look like a bot's.

    Returns:
        The events left, and which of the given ones were a bot's, shape (n_events,).
    """
    is_bot = session_scores(events) >= BOT_SCORE
    return (events.keep(~is_bot) if is_bot.any() else events), is_bot
