"""Features of a lead's own fields: dates, job title, size and age of the company, industry. Pure: no clock, no I/O."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tools.scoring.events import DAY_US
from tools.scoring.local_time import microseconds

_TITLES = ("title", "job_title", "role", "position", "cargo", "puesto")
_INDUSTRIES = ("industry", "sector", "vertical", "line_of_business", "lines_of_business", "business_type", "industria")
_EMPLOYEES = ("employees", "employee_count", "company_size", "headcount", "producers_on_staff", "empleados")
_YEARS = ("years_in_business", "company_age_years", "years_licensed", "years_established")
_REVENUE = ("revenue", "annual_revenue", "annual_revenue_usd", "revenue_usd", "book_size_usd")
_FOUNDED = ("founded", "founded_year", "year_established")

READ_FROM = {
    "decision_maker_probability": _TITLES,
    "company_maturity_score": (*_EMPLOYEES, *_YEARS, *_REVENUE, *_FOUNDED),
    "industry_affinity": _INDUSTRIES,
}
"""Names of the fields, in lower case, behind each feature made from them: where a field leaks, so does the feature."""

_SENIORITY: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"\b(?:vice president|vp|svp|evp|vicepresident[ea])\b"), 0.7),
    (re.compile(r"\b(?:owner|founder|co-?founder|c[efito]o|cmo|cro|chief|president|principal|partner|proprietor|dueñ[oa]|"
                r"propietari[oa]|fundadora?|president[ea]|soci[oa]|gerente general)\b"), 0.9),
    (re.compile(r"\b(?:director|directora|head|jef[ea])\b"), 0.7),
    (re.compile(r"\b(?:manager|lead|supervisor|supervisora|gerente)\b"), 0.4),
)  # fmt: skip
_OTHER_TITLE = 0.15

_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ]\d{2}:\d{2}.*)?", re.ASCII)

Fields = Mapping[str, Any]


def text_of(value: object) -> str | None:
    """Write a field's value as text, whole numbers without a point, so that 3 and 3.0 are one level.

    Blank text is nothing.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def days_from(text: str | None, as_of: int) -> float | None:
    """Return how many days before a moment a date in ISO form lies, negative when ahead; None for other text.

    Args:
        text: A date, which is taken as midnight in UTC, or a date and time; without a zone it is in UTC.
        as_of: Microseconds since 1970.
    """
    # The dash comes first: hardly any other text has one there, and the pattern is spared.
    if text is None or text[4:5] != "-" or _DATE.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (as_of - microseconds(moment)) / DAY_US


def is_date(text: str) -> bool:
    """Say whether a text is a date in ISO form."""
    return days_from(text, 0) is not None


def industry_of(fields: Fields) -> str | None:
    """Return the industry that a lead's fields name, if any."""
    for name in _INDUSTRIES:
        if name in fields and (value := text_of(fields[name])) is not None:
            return value.lower()
    return None


def decision_maker_probability(fields: Fields) -> float | None:
    """Return how likely the contact decides, by hand-set levels of the job title; None without a title."""
    for name in _TITLES:
        if name in fields and (title := text_of(fields[name])) is not None:
            lower = title.lower()
            return next((p for pattern, p in _SENIORITY if pattern.search(lower)), _OTHER_TITLE)
    return None


def company_maturity_score(fields: Fields, as_of: int) -> float | None:
    """Return how established the company is, in [0, 1], from what is known of its size and age; None without any."""
    if not fields.keys() & _SIZES:
        return None
    employees, years, revenue = (_number(fields, names) for names in (_EMPLOYEES, _YEARS, _REVENUE))
    if years is None and (founded := _number(fields, _FOUNDED)) is not None:
        years = 1970 + as_of / (365.2425 * DAY_US) - founded
    parts = []
    if employees is not None and employees >= 0:
        parts.append(math.log1p(employees) / math.log(1001))
    if years is not None and years >= 0:
        parts.append(years / 20)
    if revenue is not None and revenue > 0:
        parts.append((math.log10(revenue) - 4) / 4)
    return sum(min(1.0, max(0.0, part)) for part in parts) / len(parts) if parts else None


_SIZES = frozenset((*_EMPLOYEES, *_YEARS, *_REVENUE, *_FOUNDED))


def _number(fields: Fields, names: tuple[str, ...]) -> float | None:
    """Return the first of some fields that is a finite number."""
    for name in names:
        value = fields.get(name)
        if value is None or isinstance(value, bool):
            continue
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return None
