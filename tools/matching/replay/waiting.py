"""Leads that wait for a rep while a period passes. Pure: no clock, no I/O; chooses nobody."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tools.matching.replay.period import Arrival

MOST_AT_ONCE = 500
"""Waiting leads of one batch, as in a sweep of the pool."""


@dataclass
class WaitingRoom:
    """Leads by index, in the order in which they are looked at.

    Attributes:
        arrivals: All leads of the period.
        patience: How long after its first batch a lead without a deadline of its own must have somebody.
    """

    arrivals: Sequence[Arrival]
    patience: timedelta
    _queue: deque[int] = field(default_factory=deque)
    _first_seen: dict[int, datetime] = field(default_factory=dict)
    _unseen: int = 0

    def note(self, lead: int, now: datetime) -> None:
        """Note that a lead is looked at for the first time."""
        self._first_seen[lead] = now

    def put(self, leads: Iterable[int]) -> None:
        """Let leads wait, behind all others."""
        self._queue.extend(leads)

    def look_again(self) -> None:
        """Say that the floor has changed: all who wait may have a chance now."""
        self._unseen = len(self._queue)

    def take(self, now: datetime, has_chance: Callable[[int], bool]) -> list[int]:
        """Take out the next leads that were not looked at since the floor changed, `MOST_AT_ONCE` at most.

        Args:
            now: The moment; leads that are gone by then are forgotten.
            has_chance: Says whether somebody with a place may take a lead; others stay, behind all who wait.
        """
        taken: list[int] = []
        while self._unseen and len(taken) < MOST_AT_ONCE:
            self._unseen -= 1
            lead = self._queue.popleft()
            if self.is_gone(lead, now):
                continue
            (taken if has_chance(lead) else self._queue).append(lead)
        return taken

    def is_gone(self, lead: int, now: datetime) -> bool:
        """Say whether a lead has ended by now though nobody had it."""
        gone_at = self.arrivals[lead].gone_at
        return gone_at is not None and gone_at <= now

    def due(self, lead: int, now: datetime) -> datetime | None:
        """Return when somebody must have a lead; None for one that comes now and has no deadline of its own."""
        own, seen = self.arrivals[lead].due_at, self._first_seen[lead]
        return own if own is not None or seen == now else seen + self.patience

    def waited(self, lead: int, until: datetime, *, since: datetime) -> timedelta:
        """Return how long a lead has waited; the step that it came in does not count, what it waited before does.

        Args:
            lead: The lead; if it was never looked at it did not wait.
            until: The moment.
            since: Begin of the period.
        """
        before = max(timedelta(0), since - self.arrivals[lead].at)
        return before + max(timedelta(0), until - self._first_seen.get(lead, until))
