"""When a rep works: his local hours on his days of the week, holidays apart. Pure; reads no clock."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.values import Value

_LOOKED_AHEAD_DAYS = 35
"""Nobody is on holiday for longer, unless he says that he is away."""

_MORNING = timedelta(hours=1)


class Weekday(StrEnum):
    """A day of the week, in the order of ISO 8601."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WORKING_WEEK = (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)
_WEEK = tuple(Weekday)


class WorkingHours(Value):
    """When somebody works.

    Attributes:
        timezone: IANA name.
        days: Days of the week.
        start_hour: Local hour, inclusive.
        end_hour: Local hour, exclusive. At or before the start, the shift ends on the next day.
    """

    timezone: str
    days: tuple[Weekday, ...]
    start_hour: int
    end_hour: int

    def begins(self, at: datetime, *, holidays: Collection[date] = frozenset()) -> datetime | None:
        """Say from when on he works: the moment itself if he does then, else when his next shift begins.

        Args:
            at: The moment, aware.
            holidays: Local dates on which no shift begins.

        Returns:
            A moment not before `at`, in the time zone of `at`; None where no shift begins within five weeks.
        """
        zone = ZoneInfo(self.timezone)
        today = at.astimezone(zone).date()
        for ahead in range(-1, _LOOKED_AHEAD_DAYS):
            day = today + timedelta(days=ahead)
            if _WEEK[day.weekday()] not in self.days or day in holidays:
                continue
            start, end = (_moment(day, hour, zone) for hour in (self.start_hour, self._end_hour))
            # Where clocks jump over a short shift, it has no length and begins never.
            if max(at, start) < end:
                return max(at, start).astimezone(at.tzinfo)
        return None

    def answers_by(self, at: datetime, patience: timedelta, *, holidays: Collection[date] = frozenset()) -> datetime:
        """Say until when he may answer what he is asked at a moment.

        His time begins when he works. Where it would be up while he does not, he has until an hour, or his patience if
        that is less, into his next shift.

        Args:
            at: When he is asked, aware.
            patience: How long he has, > 0.
            holidays: Local dates on which no shift begins.
        """
        asked = self.begins(at, holidays=holidays)
        if asked is None:
            return at + patience
        end = asked + patience
        next_shift = self.begins(end, holidays=holidays)
        return end if next_shift is None or next_shift == end else next_shift + min(patience, _MORNING)

    @property
    def _end_hour(self) -> int:
        return self.end_hour if self.end_hour > self.start_hour else self.end_hour + 24


def _moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return a local hour of a day, in UTC; 24 and more are on the next one. An hour that clocks jump over is the next."""
    return datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), tzinfo=zone).astimezone(UTC)
