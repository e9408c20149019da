"""Visits to the site: runs of web events without a long gap. Pure: no clock, no I/O."""

import numpy as np

from domain.events import InteractionKind
from tools.scoring.arrays import BoolVector, FloatVector
from tools.scoring.bots import SESSION_GAP_US
from tools.scoring.events import KIND_CODES, Events
from tools.scoring.segments import count, ratio


def visits(events: Events, is_web: BoolVector) -> dict[str, FloatVector]:
    """Count visits and the pages in them.

    Args:
        events: Ordered by pair and time.
        is_web: Shape (n_events,).

    Returns:
        One vector of shape (n_pairs,) per feature.
    """
    n = events.n_pairs
    web = np.flatnonzero(is_web)
    pair, at = events.pair[web], events.at[web]
    begins = np.ones(len(web), dtype=np.bool_)
    begins[1:] = (pair[1:] != pair[:-1]) | (at[1:] - at[:-1] > SESSION_GAP_US)
    sessions = count(pair[begins], n)
    pages = count(pair[events.kind[web] == KIND_CODES[InteractionKind.PAGE_VIEWED]], n)
    return {"sessions_total": sessions, "pages_per_session": ratio(pages, sessions)}
