"""Says a feature's value in words that a rep reads in one go. Pure: no locale, no model."""

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime
from math import isfinite
from typing import Any

from tools.scoring.features import DAYS_SINCE, Feature, Unit

MAX_WORDS = 25
"""Of one reason, its effect included."""

RAISES, LOWERS = "which raises the score", "which lowers the score"

_ROOM = MAX_WORDS - len(RAISES.split())
_HOURS_A_DAY, _DAYS_A_MONTH = 24.0, 30.44
_TWO_DAYS_IN_HOURS, _TWO_MONTHS = 48.0, 61.0
_MINUTE, _TWO_HOURS, _HOUR = 60.0, 7200.0, 3600.0
_PAST = re.compile(r"^(?:last|lead created)\b")
_WHOLE_FROM, _SMALLEST = 10.0, 0.01
_FLAT = 0.05
_BURSTY = 0.2
_ASIDE = re.compile(r" \([^)]*\)")
_ABBREVIATIONS = {" usd": " in USD", " eur": " in EUR", " gbp": " in GBP", " pct": " in percent", " sqm": " in m²"}


def label_of(feature: Feature) -> str:
    """Return the name of a feature as a reader sees it."""
    label = _LABELS.get(feature.name) or _ASIDE.sub("", feature.label)
    for short, words in _ABBREVIATIONS.items():
        if label.endswith(short):
            return label.removesuffix(short) + words
    return label


def say(feature: Feature, value: Any, *, raises: bool) -> str:
    """Say a feature's value and its effect in at most 25 words."""
    fact = say_fact(feature, value)
    return f"{fact[:1].upper()}{fact[1:]}, {RAISES if raises else LOWERS}"


def say_fact(feature: Feature, value: Any, *, room: int = _ROOM) -> str:
    """Say a feature's value alone, in at most `room` words."""
    words = _fact(feature, value).split()
    return " ".join(words if len(words) <= room else [*words[: room - 1], "…"])


def say_value(feature: Feature, value: Any) -> str:
    """Say a value without its feature: `3`, `12 %`, `2 hours`, `not known`."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is the value that differs from itself
        return "not known"
    if isinstance(value, (date, datetime)):
        return f"{value.day} {value:%b %Y}"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or feature.unit is Unit.FLAG:
        return "yes" if value else "no"
    said = _IN_WORDS.get(feature.name)
    return said(float(value)) if said else _number(feature, float(value))


def _fact(feature: Feature, value: Any) -> str:
    label, said = label_of(feature), say_value(feature, value)
    if said == "not known":
        return f"{label} not known"
    if said == "0" and feature.unit is Unit.COUNT:
        return f"no {label}"
    if feature.unit is Unit.SECONDS and value == 0:
        return f"no {label}"
    is_past = _PAST.match(label) or feature.name.endswith(DAYS_SINCE)
    if feature.unit is Unit.DAYS and is_past and isinstance(value, (int, float)):
        return f"{label} {'today' if value < 1 else f'{said} ago'}"
    return f"{label}: {said}"


def _text(value: str) -> str:
    """Write a text; one that reads as a number is written as a number."""
    if value in ("true", "false"):
        return "yes" if value == "true" else "no"
    try:
        number = float(value)
    except ValueError:
        return " ".join(value.replace("_", " ").split()) or "empty"
    return _round(number) if isfinite(number) else value


def _number(feature: Feature, value: float) -> str:
    match feature.unit:
        case Unit.SHARE:
            # A rate against another is a difference, and a difference has a sign.
            return f"{100 * value:+,.0f} %" if " against " in feature.label else f"{100 * value:,.0f} %"
        case Unit.HOURS:
            return _hours(value)
        case Unit.SECONDS:
            return _plural(value / _MINUTE, "minute") if value < _TWO_HOURS else _hours(value / _HOUR)
        case Unit.DAYS:
            return _days(value)
        case _:
            return _round(value)


def _days(days: float) -> str:
    if abs(days) >= _TWO_MONTHS:
        return _plural(days / _DAYS_A_MONTH, "month")
    return "less than a day" if 0 <= days < 1 else _plural(days, "day")


def _hours(hours: float) -> str:
    if hours < 1:
        return _plural(_MINUTE * hours, "minute")
    return _plural(hours, "hour") if hours < _TWO_DAYS_IN_HOURS else _days(hours / _HOURS_A_DAY)


def _plural(value: float, unit: str) -> str:
    whole = round(value)
    return f"{whole:,} {unit}{'' if whole == 1 else 's'}"


def _round(value: float) -> str:
    """Round to what a reader keeps in mind: whole from ten on, one decimal from one on, two digits below."""
    size = abs(value)
    if size >= _WHOLE_FROM:
        return f"{value:,.0f}"
    if size >= 1:
        return f"{value:.1f}".removesuffix(".0")
    return "0" if value == 0 else f"{value:.2g}" if size >= _SMALLEST else "about 0"


def _signed(value: float) -> str:
    return f"+{_round(value)}" if value > 0 else _round(value)


def _direction(value: float) -> str:
    return "rising" if value > _FLAT else "falling" if value < -_FLAT else "flat"


def _rhythm(value: float) -> str:
    return "in bursts" if value > _BURSTY else "even" if value < -_BURSTY else "irregular"


def _clock(hour: float) -> str:
    whole = round(hour) % 24
    return f"{whole % 12 or 12} {'am' if whole < 12 else 'pm'}"  # noqa: PLR2004 - noon


def _share(value: float) -> str:
    return f"{100 * value:,.0f} %"


_IN_WORDS: dict[str, Callable[[float], str]] = {
    "created_weekday": lambda day: calendar.day_name[(round(day) - 1) % 7],
    "month": lambda month: calendar.month_name[(round(month) - 1) % 12 + 1],
    "created_hour": _clock,
    "time_of_day_preference": _clock,
    "burstiness": _rhythm,
    "activity_slope": _direction,
    "engagement_velocity": _direction,
    "market_volume_trend": _direction,
    "inbound_trend": _signed,
    "market_days_to_win_lift": _signed,
    "lead_age_decay": _share,
}
"""Numbers that say nothing to a reader as such."""

_LABELS = {"burstiness": "rhythm of activity"}
