"""The real clock. The only module that may ask the machine for the time."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time."""

    def now(self) -> datetime:
        """Return the current moment, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock
