"""Remembers scores for a while under everything that decides them. Computes no score and reads no clock of its own.

The key holds the hash of the features and the version of the model: a lead whose features changed, or whose market
got another model, has another key. A score that was begun before an invalidation is never let in after it.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from domain.ports import Clock

TIME_TO_LIVE = timedelta(seconds=300)
CAPACITY = 10_000

T = TypeVar("T")


class ScoreKey(NamedTuple):
    """Everything that decides a score.

    Attributes:
        lead_id: Whose score; empty for features that belong to no lead, which go when all are invalidated.
        feature_hash: Hash of the features as the model reads them.
        model_version: Version of the model, its calibration included where the version is the hash of both.
        calibration: Names a calibration that is newer than the model; empty where there is none.
        asked: Names what else the answer holds, for instance its reasons.
    """

    lead_id: str
    feature_hash: str
    model_version: str
    calibration: str = ""
    asked: str = ""


class CacheStats(NamedTuple):
    """What became of the look-ups so far, and how much is kept."""

    hits: int
    misses: int
    evicted: int
    invalidated: int
    late_refused: int
    size: int


class Ticket(NamedTuple):
    """Shows when a score was begun."""

    number: int


class _Kept(NamedTuple, Generic[T]):
    value: T
    until: datetime


@dataclass
class ScoreCache(Generic[T]):
    """A bounded map that forgets the least recently used entry, and each entry after a time. Safe between threads.

    Attributes:
        clock: Says what "now" is.
        time_to_live: An entry is never answered at or after this age.
        capacity: At most so many entries; 0 keeps nothing.
    """

    clock: Clock
    time_to_live: timedelta = TIME_TO_LIVE
    capacity: int = CAPACITY
    _entries: "OrderedDict[ScoreKey, _Kept[T]]" = field(default_factory=OrderedDict, init=False)
    _of_lead: dict[str, set[ScoreKey]] = field(default_factory=dict, init=False)
    _invalidated: "OrderedDict[str, int]" = field(default_factory=OrderedDict, init=False)
    _floor: int = field(default=0, init=False)
    _number: int = field(default=0, init=False)
    _counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("hits", "misses", "evicted", "invalidated", "late_refused"), 0),
        init=False,
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def get(self, key: ScoreKey) -> T | None:
        """Return what is kept under a key, or None."""
        with self._lock:
            kept = self._entries.get(key)
            if kept is None or kept.until <= self.clock.now():
                if kept is not None:
                    self._drop(key)
                self._counts["misses"] += 1
                return None
            self._entries.move_to_end(key)
            self._counts["hits"] += 1
            return kept.value

    def begin(self) -> Ticket:
        """Take a ticket before the features of a score are read; `put` asks for it."""
        return Ticket(self._number)

    def put(self, key: ScoreKey, value: T, ticket: Ticket) -> bool:
        """Keep a score, unless its lead was invalidated since the ticket was taken.

        Returns:
            Whether it is kept.
        """
        with self._lock:
            if ticket.number < max(self._floor, self._invalidated.get(key.lead_id, 0)):
                self._counts["late_refused"] += 1
                return False
            if self.capacity == 0:
                return False
            self._entries[key] = _Kept(value, self.clock.now() + self.time_to_live)
            self._entries.move_to_end(key)
            if key.lead_id:
                self._of_lead.setdefault(key.lead_id, set()).add(key)
            while len(self._entries) > self.capacity:
                self._drop(next(iter(self._entries)))
                self._counts["evicted"] += 1
            return True

    def invalidate_cache(self, lead_id: str | None = None) -> int:
        """Forget the scores of a lead, or all when None; scores under way are not let in.

        Returns:
            How many entries were forgotten.
        """
        with self._lock:
            self._number += 1
            if lead_id is None:
                gone = len(self._entries)
                self._entries.clear()
                self._of_lead.clear()
                self._invalidated.clear()
                self._floor = self._number
            else:
                keys = tuple(self._of_lead.get(lead_id, ()))
                gone = len(keys)
                for key in keys:
                    self._drop(key)
                self._remember(lead_id)
            self._counts["invalidated"] += gone
            return gone

    def stats(self) -> CacheStats:
        """Return what became of the look-ups so far."""
        with self._lock:
            return CacheStats(**self._counts, size=len(self._entries))

    def _remember(self, lead_id: str) -> None:
        self._invalidated[lead_id] = self._number
        self._invalidated.move_to_end(lead_id)
        while len(self._invalidated) > max(self.capacity, 1):
            # Forgetting when a lead was invalidated must not let its late score in: nothing as old is let in.
            _, number = self._invalidated.popitem(last=False)
            self._floor = max(self._floor, number)

    def _drop(self, key: ScoreKey) -> None:
        del self._entries[key]
        if not key.lead_id:
            return
        mine = self._of_lead[key.lead_id]
        mine.discard(key)
        if not mine:
            del self._of_lead[key.lead_id]
