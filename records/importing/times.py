"""Reads dates and times in the forms that exports use, as aware UTC. Pure: no clock; `at` is an argument."""

from datetime import UTC, datetime

import polars as pl

from records.importing.cleaning import Cleaned, Finding, Reading, lost

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_DATE_LENGTH = len("2026-03-31")
_OFFSET = r" ?([+-]\d{2}):?(\d{2})?$"
_AWARE_FORMS = ("%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M%:z")
_CLOCK = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
_USUAL_FORMS = (
    (_CLOCK + "Z$", "%Y-%m-%dT%H:%M:%S%.fZ"),
    (_CLOCK + "[+-][0-9]{2}:[0-9]{2}$", _AWARE_FORMS[0]),
)
"""Patterns of texts that need no change before they are parsed, which takes a third of the time: most files."""
_NAIVE_FORMS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y/%m/%d")
_OFFSET_DIRECTIVES = ("%z", "%:z", "%#z", "%+")


def clean_time(raw: pl.Series, reading: Reading) -> Cleaned:
    """Read moments; one before 1900 or, where it must have happened, after the import is impossible."""
    values = parse_times(raw, timezone=reading.timezone, date_format=reading.date_format)
    expected = reading.date_format or "ISO 8601, such as 2026-03-31 or 2026-03-31T14:00:00+02:00"
    unread = lost(raw, values)
    early = (values < EARLIEST).fill_null(value=False)
    faults = [
        Finding(unread, f"is no date or time of the form {expected}; set date_format in the mapping", date=True),
        Finding(early, f"lies before {EARLIEST.year}", date=True),
        Finding((values >= LATEST).fill_null(value=False), f"lies after {LATEST.year - 1}", date=True),
    ]
    if reading.column.past:
        late = (values > reading.at).fill_null(value=False)
        faults.append(Finding(late, "lies after the moment of the import", date=True))
    return Cleaned(values, tuple(faults))


def clean_date(raw: pl.Series, reading: Reading) -> Cleaned:
    """Read dates into ISO 8601 text, as market-specific fields hold them."""
    times = parse_times(raw, timezone=reading.timezone, date_format=reading.date_format)
    local = times.dt.convert_time_zone(reading.timezone)
    expected = reading.date_format or "ISO 8601, such as 2026-03-31"
    rule = f"is no date of the form {expected}; set date_format in the mapping"
    return Cleaned(local.dt.strftime("%Y-%m-%d"), (Finding(lost(raw, times), rule, date=True),))


def parse_times(raw: pl.Series, *, timezone: str, date_format: str | None = None) -> pl.Series:
    """Read texts as moments.

    Args:
        raw: Shape (n_rows,). Texts without outer blanks; null stays null.
        timezone: IANA zone of texts that name none. An hour that a change of clocks skips is no time; one that it
            repeats is the first of the two.
        date_format: strftime form; None tries the forms of ISO 8601.

    Returns:
        Shape (n_rows,), Datetime("us", "UTC"); null where a text is no time of that form.
    """
    if date_format is not None:
        values = _parse(raw, date_format)
        return values if _names_offset(date_format) else _in_zone(values, timezone)
    for pattern, form in _USUAL_FORMS:
        if raw.str.contains(pattern).all():
            values = _parse(raw, form)
            return values if _names_offset(form) else _in_zone(values, "UTC")
    return _in_any_form(raw, timezone)


def _in_any_form(raw: pl.Series, timezone: str) -> pl.Series:
    text = raw.str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T").str.replace(r"(?i) ?(z|utc)$", "+00:00")
    clock = text.str.slice(_DATE_LENGTH)  # a date ends in -dd, which looks like an offset
    has_offset = clock.str.contains(_OFFSET).fill_null(value=False)
    if not has_offset.any():
        return _in_zone(_first_form(text, _NAIVE_FORMS), timezone)
    full_offset = clock.str.replace(_OFFSET, "${1}:${2}").str.replace(":$", ":00")
    aware = (text.str.slice(0, _DATE_LENGTH) + full_offset).set(~has_offset, None)
    values = _first_form(aware, _AWARE_FORMS)
    return values.fill_null(_in_zone(_first_form(text.set(has_offset, None), _NAIVE_FORMS), timezone))


def _first_form(text: pl.Series, forms: tuple[str, ...]) -> pl.Series:
    first, *others = forms
    values = _parse(text, first)
    for form in others:
        if not lost(text, values).any():
            break
        values = values.fill_null(_parse(text, form))
    return values


def _parse(text: pl.Series, form: str) -> pl.Series:
    zone = "UTC" if _names_offset(form) else None
    return text.str.to_datetime(form, time_unit="us", time_zone=zone, strict=False)


def _names_offset(form: str) -> bool:
    return any(directive in form for directive in _OFFSET_DIRECTIVES)


def _in_zone(naive: pl.Series, timezone: str) -> pl.Series:
    local = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")
