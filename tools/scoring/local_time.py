"""How far a time zone's clocks are ahead of UTC at a moment. Pure: no clock, no I/O beside the zone tables."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER_US = 900_000_000
_UNKNOWN = float("nan")
_MICROSECOND = timedelta(microseconds=1)


def utc_offset(zone: str | None, at: int) -> float:
    """Return by how many microseconds a zone's clock is ahead of UTC.

    Args:
        zone: IANA name; nothing means UTC.
        at: Microseconds since 1970 in UTC.

    Returns:
        Microseconds, negative in the west; NaN for a name that no zone has.
    """
    # No zone changes its clock within a quarter of an hour.
    return _offset(zone or "UTC", at // _QUARTER_US)


def microseconds(moment: datetime) -> int:
    """Return an aware moment in microseconds since 1970."""
    since = moment - EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def moment_of(at: int) -> datetime:
    """Return the moment of a number of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at)


@lru_cache(maxsize=65_536)
def _offset(zone: str, quarter: int) -> float:
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _UNKNOWN
    offset = moment_of(quarter * _QUARTER_US).astimezone(clock).utcoffset()
    return _UNKNOWN if offset is None else offset / _MICROSECOND
