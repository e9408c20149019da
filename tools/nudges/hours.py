"""When a lead may be contacted on the lead's own clock. Pure: no clock, no I/O but the time zone tables."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tools.nudges.catalogue import ContactHours

_SATURDAY = 5


def find_zone(name: str) -> ZoneInfo | None:
    """Return the time zone of an IANA name; None when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what zoneinfo raises for a name that is malformed, unreadable, unknown
        return None


def lawful_moment(now: datetime, zone: ZoneInfo, hours: ContactHours) -> datetime:
    """Return the first moment from `now` on that lies inside the contact hours.

    Args:
        now: The moment from which on to look, aware.
        zone: The lead's time zone.
        hours: Contact hours on the lead's clock.

    Returns:
        `now` itself where it is lawful, else the next opening; aware, UTC.
    """
    if is_lawful(now, zone, hours):
        return now.astimezone(UTC)
    today = now.astimezone(zone).date()
    openings = (datetime.combine(today + timedelta(days=n), time(hours.start), zone).astimezone(UTC) for n in range(9))
    # A clock change may swallow the opening hour; the day after it then comes first.
    return next(moment for moment in openings if moment > now and is_lawful(moment, zone, hours))


def is_lawful(moment: datetime, zone: ZoneInfo, hours: ContactHours) -> bool:
    """Say whether a moment lies inside the contact hours of the lead's clock."""
    local = moment.astimezone(zone)
    return hours.start <= local.hour < hours.end and (hours.weekends or local.weekday() < _SATURDAY)
