"""Who was there at each moment of a period, and when that changed. Pure: no clock, no I/O; gives leads to nobody."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.routing import RepAvailability, availability_at
from domain.values import RepId


class PresenceCalendar:
    """Answers who was there, moving through time; works out anew only what has changed."""

    def __init__(self, entries: Mapping[RepId, Sequence[RepAvailability]]) -> None:
        self._entries = entries
        ends = (moment for each in entries.values() for entry in each for moment in (entry.since, entry.until))
        self._turns = sorted({moment for moment in ends if moment is not None})
        self._stretch = -1
        self._found: dict[RepId, RepAvailability] = {}

    def at(self, now: datetime) -> tuple[Mapping[RepId, RepAvailability], bool]:
        """Return what counts at a moment, for the reps about whom something was said, and whether it is news."""
        stretch = bisect_right(self._turns, now)
        if stretch == self._stretch:
            return self._found, False
        counted = {rep_id: availability_at(each, now=now) for rep_id, each in self._entries.items()}
        self._stretch = stretch
        self._found = {rep_id: entry for rep_id, entry in counted.items() if entry is not None}
        return self._found, True
