"""Reads single cells that no column expression can read: flags, codes, lists and objects. Pure; knows no table.

Each reader returns the value of a cell, lists and objects as canonical JSON text, or raises `ValueError` with the rule
that the cell breaks.
"""

import math
import re

import orjson
from pydantic import TypeAdapter, ValidationError

from domain.people import Provenance
from domain.working_hours import Weekday
from records.importing.zones import check_timezone

_TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})
_SEPARATORS = re.compile(r"[;|,]")
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]+)*")
_CURRENCY = re.compile(r"[A-Z]{3}")
_FARTHEST = {"latitude": 90.0, "longitude": 180.0}
_WEEK = tuple(Weekday)
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = 3
_WEEKDAY_RULE = "is not a list of days such as mon-fri or mon;wed;sat"
_PROVENANCE = TypeAdapter(dict[str, Provenance])


def read_flag(cell: str) -> bool:
    """Read yes or no."""
    word = cell.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("is not true or false")
    return word in _TRUE


def read_language(cell: str) -> str:
    """Read an ISO 639-1 code; of `en-US` the first half counts."""
    found = _LANGUAGE.fullmatch(cell.lower())
    if found is None:
        raise ValueError("is not an ISO 639-1 code such as en")
    return found[1]


def read_currency(cell: str) -> str:
    """Read an ISO 4217 code."""
    code = cell.upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError("is not an ISO 4217 code such as USD")
    return code


def read_timezone(cell: str) -> str:
    """Read an IANA time zone name."""
    return check_timezone(cell)


def read_texts(cell: str) -> str:
    """Read a list of texts: a JSON array, or parts between `;`, `|` or `,`."""
    return _json(_texts(cell))


def read_languages(cell: str) -> str:
    """Read a list of ISO 639-1 codes, at least one."""
    codes = [read_language(code) for code in _texts(cell)]
    if not codes:
        raise ValueError("is not a list of ISO 639-1 codes such as en;es")
    return _json(codes)


def read_weekdays(cell: str) -> str:
    """Read days of the week, at least one: `mon` or `Monday` between `;`, `|` or `,`, and spans such as `mon-fri`."""
    days: set[int] = set()
    for part in _texts(cell):
        first, _, last = part.partition("-")
        begins, ends = _weekday(first), _weekday(last or first)
        days |= {(begins + n) % len(_WEEK) for n in range((ends - begins) % len(_WEEK) + 1)}
    if not days:
        raise ValueError(_WEEKDAY_RULE)
    return _json([str(_WEEK[day]) for day in sorted(days)])


def read_skills(cell: str) -> str:
    """Read skills: a JSON array of `{"product_id", "level"}`, or `product:level` between `;`, `|` or `,`."""
    return _json(_skills(cell))


def read_place(cell: str) -> str:
    """Read a place: degrees of latitude and longitude with `,` or `;` between them, or a JSON object of the two."""
    rule = "is no place such as 30.27,-97.74: latitude from -90 to 90, longitude from -180 to 180"
    parts: dict[str, object]
    if cell.startswith("{"):
        found = _parsed(cell, rule)
        parts = found if isinstance(found, dict) else {}
    else:
        degrees = [part.strip() for part in _SEPARATORS.split(cell)]
        parts = dict(zip(_FARTHEST, degrees, strict=True)) if len(degrees) == len(_FARTHEST) else {}
    if parts.keys() != _FARTHEST.keys():
        raise ValueError(rule)
    return _json({name: _degrees(parts[name], farthest, rule) for name, farthest in _FARTHEST.items()})


def read_object(cell: str) -> str:
    """Read a flat JSON object of texts, numbers and truth values."""
    return _json(_object(cell))


def read_provenance(cell: str) -> str:
    """Read provenance by field name."""
    try:
        return _PROVENANCE.dump_json(_PROVENANCE.validate_json(cell)).decode()
    except ValidationError as error:
        raise ValueError('is no provenance such as {"*": {"source": …, "recorded_at": …, "recorded_by": …}}') from error


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _parsed(cell: str, rule: str) -> object:
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError as error:
        raise ValueError(rule) from error


def _texts(cell: str) -> list[str]:
    if not cell.startswith("["):
        return [part.strip() for part in _SEPARATORS.split(cell) if part.strip()]
    rule = 'is not a list of texts such as ["a", "b"] or a;b'
    found = _parsed(cell, rule)
    if not isinstance(found, list) or not all(isinstance(part, str) and part for part in found):
        raise ValueError(rule)
    return [_storable(part) for part in found]


def _weekday(name: str) -> int:
    """Number a day of the week from 0, by its English name or at least its first three letters."""
    word = name.strip().lower()
    found = [number for number, day in enumerate(_DAY_NAMES) if len(word) >= _SHORT and day.startswith(word)]
    if not found:
        raise ValueError(_WEEKDAY_RULE)
    return found[0]


def _skills(cell: str) -> list[dict[str, str | float]]:
    rule = "is not a list of skills such as product-1:0.8;product-2:0.5, with levels from 0 to 1"
    pairs: list[tuple[object, object]]
    if cell.startswith("["):
        found = _parsed(cell, rule)
        if not isinstance(found, list) or not all(
            isinstance(skill, dict) and skill.keys() == {"product_id", "level"} for skill in found
        ):
            raise ValueError(rule)
        pairs = [(skill["product_id"], skill["level"]) for skill in found]
    else:
        pairs = [(product.strip(), level) for product, _, level in (part.rpartition(":") for part in _texts(cell))]
    return [{"product_id": _skilled_in(product, rule), "level": _level(level, rule)} for product, level in pairs]


def _skilled_in(product: object, rule: str) -> str:
    if not isinstance(product, str) or not product:
        raise ValueError(rule)
    return _storable(product)


def _level(level: object, rule: str) -> float:
    try:
        number = float(level) if isinstance(level, str | int | float) and not isinstance(level, bool) else math.nan
    except ValueError as error:
        raise ValueError(rule) from error
    if not 0 <= number <= 1:
        raise ValueError(rule)
    return number


def _degrees(part: object, farthest: float, rule: str) -> float:
    try:
        number = float(part) if isinstance(part, str | int | float) and not isinstance(part, bool) else math.nan
    except (ValueError, OverflowError) as error:
        raise ValueError(rule) from error
    if not -farthest <= number <= farthest:
        raise ValueError(rule)
    return number


def _object(cell: str) -> dict[str, str | float | bool | None]:
    rule = 'is not a flat JSON object such as {"name": "value"}'
    found = _parsed(cell, rule)
    if not isinstance(found, dict) or any(isinstance(value, dict | list) for value in found.values()):
        raise ValueError(rule)
    return {_storable(key): _field_value(value) for key, value in found.items()}


def _field_value(value: str | float | bool | None) -> str | float | bool | None:  # noqa: FBT001 - a JSON value
    if isinstance(value, str):
        return _storable(value)
    return float(value) if type(value) is int else value


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL byte")
    return text
