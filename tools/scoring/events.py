"""Interactions of many (lead, moment) pairs as arrays, ordered by pair and time. Pure: no clock, no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.events import InteractionKind
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.words import N_MEASURES

KINDS: tuple[str, ...] = tuple(kind.value for kind in InteractionKind)
"""Kinds in the order of their codes."""

KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
PAIRS_AT_ONCE = 4_096
"""Pairs computed together: their events and tables of counts then fit the processor's cache."""


@dataclass(frozen=True)
class Events:
    """What leads and reps did before moments, bots left out. Whole numbers may be of any width.

    Attributes:
        lead_age: Shape (n_pairs,). Days from the lead's creation to the moment.
        utc_offset: Shape (n_pairs,). Microseconds by which the lead's clock is ahead of UTC at the moment; NaN
            where its zone is not known.
        pair: Shape (n_events,). Which pair, rising.
        kind: Shape (n_events,). Codes of `KINDS`.
        at: Shape (n_events,). Microseconds since 1970 in UTC, rising within a pair.
        age: Shape (n_events,). Days before the moment, > 0.
        value: Shape (n_events,). Duration in seconds; NaN where it was not measured.
        about: Shape (n_events,). 1 for an event about the lead's product of interest, 0 for one about another
            product, NaN for one about none.
        on_prices: Shape (n_events,). Whether the page viewed speaks of prices.
        said: Shape (n_texts,). Positions of the events that have a text.
        measures: Shape (n_texts, N_MEASURES). What `words.measure` found in each text.
        row: Shape (n_events,). Row of each event in the table that it was read from.
    """

    lead_age: FloatVector
    utc_offset: FloatVector
    pair: IntVector
    kind: IntVector
    at: IntVector
    age: FloatVector
    value: FloatVector
    about: FloatVector
    on_prices: BoolVector
    said: IntVector
    measures: FloatMatrix
    row: IntVector

    @property
    def n_pairs(self) -> int:
        """Number of pairs, also of those without an event."""
        return len(self.lead_age)

    def chunks(self) -> Iterator["Events"]:
        """Yield the same events, `PAIRS_AT_ONCE` pairs at a time; arrays are views."""
        if self.n_pairs <= PAIRS_AT_ONCE:
            yield self
            return
        firsts = range(0, self.n_pairs, PAIRS_AT_ONCE)
        # In the type of the array: another would copy all of it at each search.
        edges = np.searchsorted(self.pair, np.array([*firsts, self.n_pairs], dtype=self.pair.dtype))
        texts = np.searchsorted(self.said, edges)
        for n, first in enumerate(firsts):
            last = min(first + PAIRS_AT_ONCE, self.n_pairs)
            (a, b), (c, d) = edges[n : n + 2], texts[n : n + 2]
            yield Events(
                lead_age=self.lead_age[first:last],
                utc_offset=self.utc_offset[first:last],
                pair=self.pair[a:b] - first,
                kind=self.kind[a:b],
                at=self.at[a:b],
                age=self.age[a:b],
                value=self.value[a:b],
                about=self.about[a:b],
                on_prices=self.on_prices[a:b],
                said=self.said[c:d] - a,
                measures=self.measures[c:d],
                row=self.row[a:b],
            )

    def keep(self, kept: BoolVector) -> "Events":
        """Return the events where `kept`, shape (n_events,), is true."""
        if kept.all():
            return self
        position = np.cumsum(kept) - 1
        said = kept[self.said]
        return Events(
            lead_age=self.lead_age,
            utc_offset=self.utc_offset,
            pair=self.pair[kept],
            kind=self.kind[kept],
            at=self.at[kept],
            age=self.age[kept],
            value=self.value[kept],
            about=self.about[kept],
            on_prices=self.on_prices[kept],
            said=position[self.said[said]],
            measures=self.measures[said],
            row=self.row[kept],
        )


def time_order(pair: IntVector, at: IntVector, kind: IntVector) -> IntVector | None:
    """Return the order by pair, time and kind; None where the events are in that order already.

    A log comes ordered by pair and time, but events of one instant may come in any order: then only those are
    sorted.

    Args:
        pair: Shape (n_events,).
        at: Shape (n_events,).
        kind: Shape (n_events,). Settles which of two events of one instant comes first.
    """
    if len(pair) < 2:  # noqa: PLR2004 - one event is in order
        return None
    same = pair[1:] == pair[:-1]
    if np.any(pair[1:] < pair[:-1]) or np.any(same & (at[1:] < at[:-1])):
        return np.lexsort((kind, at, pair))
    tied = same & (at[1:] == at[:-1])
    if not np.any(tied & (kind[1:] < kind[:-1])):
        return None
    order = np.arange(len(pair))
    touched = np.zeros(len(pair), dtype=np.bool_)
    touched[1:] |= tied
    touched[:-1] |= tied
    some = np.flatnonzero(touched)
    order[some] = some[np.lexsort((kind[some], at[some], pair[some]))]
    return order


def no_measures() -> FloatMatrix:
    """Return the measures of no text."""
    return np.empty((0, N_MEASURES))
