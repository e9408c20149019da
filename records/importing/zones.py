"""IANA time zone names. Knows names only; converts nothing."""

from functools import cache
from zoneinfo import available_timezones

from records.importing.suggestions import did_you_mean


@cache
def known_timezones() -> frozenset[str]:
    """Return every name that the time zone database has."""
    return frozenset(available_timezones())


def check_timezone(name: str) -> str:
    """Return the name.

    Raises:
        ValueError: If no time zone has it.
    """
    if name not in known_timezones():
        raise ValueError(f"is not an IANA time zone such as Europe/Paris{did_you_mean(name, known_timezones())}")
    return name
