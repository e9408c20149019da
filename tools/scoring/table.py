"""Assembles the feature table of many (lead, moment) pairs, or the row of one, from their histories. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector
from tools.scoring.behaviour import generate_behavioral_features
from tools.scoring.context import Coverage, MarketContext
from tools.scoring.events import DAY_US, HOUR_US
from tools.scoring.features import DAYS_SINCE, DAYS_UNTIL, FEATURES, FIELD_PREFIX, Unit
from tools.scoring.fields import (
    company_maturity_score,
    days_from,
    decision_maker_probability,
    industry_of,
    text_of,
)
from tools.scoring.history import MOMENT
from tools.scoring.local_time import microseconds, utc_offset
from tools.scoring.reading import Leads, Read, process_interactions, read_lead

_MEASURED_AT_ZERO = (Unit.COUNT, Unit.FLAG, Unit.SECONDS, Unit.NUMBER)
_MONTHS_A_YEAR, _MONTHS_A_QUARTER = 12, 3
_QUARTER_NEAR_DAYS = 30.0
_FRESH_DAYS = 30.0

_NUMBERS = tuple(feature for feature in FEATURES if feature.unit is not Unit.CATEGORY)
_AT = {feature.name: i for i, feature in enumerate(_NUMBERS)}
_NAMES = tuple(feature.name for feature in _NUMBERS)
_NOTHING = dict.fromkeys(feature.name for feature in FEATURES)
_FLAGS = tuple(feature.name for feature in FEATURES if feature.unit is Unit.FLAG)
_COUNTED = np.array([bool(f.kinds) and f.unit in _MEASURED_AT_ZERO for f in _NUMBERS])
_DAYS = np.array([np.inf if f.days is None else float(f.days) for f in _NUMBERS])

Row = dict[str, Any]


def build_features(history: pl.DataFrame, context: MarketContext) -> pl.DataFrame:
    """Compute every feature of every (lead, moment) in a history.

    Rows at or after `as_of` are ignored whoever made the frame, so no later event can change a feature.

    Args:
        history: `HISTORY_SCHEMA`; one row of record `lead` per pair.
        context: What the market's past says; a model is always served with the context it was trained with.

    Returns:
        One row per pair: `lead_id`, `as_of`, the columns of `FEATURES`, and one text column `field.<name>` per
        field of any lead (numbers and flags as text: the schema of the data set reads them), and for a field with
        dates in it the days since and until them. Null is "not measured". Ordered by lead and moment.
    """
    return table_of(process_interactions(history), context)


def table_of(read: Read, context: MarketContext) -> pl.DataFrame:
    """Compute the features of a history that was read; for a caller who also wants its events."""
    leads = read.leads
    table = _numbers(read, context)
    texts = _lead_texts(leads)
    columns: list[pl.Series] = []
    for feature in FEATURES:
        name = feature.name
        if feature.unit is Unit.CATEGORY:
            columns.append(pl.Series(name, texts[name], dtype=pl.Utf8))
            continue
        series = pl.Series(name, table[_AT[name]], dtype=pl.Float64).fill_nan(None)
        columns.append(series.cast(pl.Boolean) if feature.unit is Unit.FLAG else series)
    fields = _fields(leads)
    dated = _dates(fields, leads)
    return pl.DataFrame(
        [
            pl.Series("lead_id", leads.lead_id, dtype=pl.Utf8),
            pl.Series("as_of", leads.as_of, dtype=pl.Int64)
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone("UTC")
            .cast(MOMENT),
            *columns,
            *(pl.Series(name, values, dtype=pl.Utf8) for name, values in fields.items()),
            *(pl.Series(name, values, dtype=pl.Float64) for name, values in dated.items()),
        ]
    )


def build_row(records: pl.DataFrame | Sequence[Mapping[str, Any]], as_of: datetime, context: MarketContext) -> Row:
    """Compute the features of one lead at one moment, the same as `build_features` does, in well under a millisecond.

    Args:
        records: Rows of `HISTORY_SCHEMA` of one lead, as a frame or as mappings; rows at or after `as_of` are ignored.
        as_of: Aware.
        context: As in `build_features`.

    Returns:
        Values by column name; None is "not measured".

    Raises:
        InvalidInputError: If no row describes the lead.
    """
    return row_of(read_lead(records, as_of), as_of, context)


def row_of(read: Read, as_of: datetime, context: MarketContext) -> Row:
    """Compute the features of one lead that was read; for a caller who also wants its events."""
    leads = read.leads
    # A number that differs from itself is NaN: cheaper here than a call for each.
    numbers = [value if value == value else None for value in _numbers(read, context)[:, 0].tolist()]  # noqa: PLR0124 - NaN
    row: Row = {"lead_id": leads.lead_id[0], "as_of": as_of, **_NOTHING}
    row.update(zip(_NAMES, numbers, strict=True))
    row.update({name: texts[0] for name, texts in _lead_texts(leads).items()})
    row.update({name: bool(row[name]) for name in _FLAGS if row[name] is not None})
    fields = _fields(leads)
    row.update({name: texts[0] for name, texts in fields.items()})
    row.update({name: days[0] for name, days in _dates(fields, leads).items()})
    return row


def _numbers(read: Read, context: MarketContext) -> FloatMatrix:
    """Return everything that is a number or a flag, shape (n_numbers, n_pairs); NaN is "not measured"."""
    leads = read.leads
    columns = generate_behavioral_features(read.events)
    columns |= _times(leads, seasons=context.coverage.seasons)
    columns |= _lead_numbers(leads)
    industries = [industry_of(one) for one in leads.fields]
    columns |= context.rates.features(
        leads.as_of, leads.created_at, leads.rep, leads.product, leads.texts("region"), industries
    )
    table = np.concatenate([columns[name] for name in _NAMES]).reshape(len(_NAMES), len(leads.lead_id))
    if not context.coverage.seasons:
        # Both follow the calendar, and before two years are seen a season cannot be told from a trend.
        table[[_AT["seasonal_intent"], _AT["market_volume_trend"]]] = np.nan
    return _covered(table, leads, context.coverage)


def _covered(table: FloatMatrix, leads: Leads, coverage: Coverage) -> FloatMatrix:
    """Leave a count only where the log covers its window, and nothing of what was never logged."""
    if coverage.since is not None:
        since = (leads.as_of - microseconds(coverage.since)) / DAY_US
        # A window that began before the log did is only partly counted.
        partly = np.minimum(leads.age_days, _DAYS[:, None]) > since
        table[_COUNTED[:, None] & partly] = np.nan
    table[_never_logged(coverage)] = np.nan
    return table


@lru_cache(maxsize=64)
def _never_logged(coverage: Coverage) -> BoolVector:
    return np.array(
        [
            (coverage.kinds is not None and bool(f.kinds) and f.kinds.isdisjoint(coverage.kinds))
            or (coverage.details is not None and f.needs is not None and f.needs not in coverage.details)
            for f in _NUMBERS
        ]
    )


def _times(leads: Leads, *, seasons: bool) -> dict[str, FloatVector]:
    age = leads.age_days
    months = leads.as_of.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    quarter_end = ((months // _MONTHS_A_QUARTER + 1) * _MONTHS_A_QUARTER).astype("datetime64[M]")
    to_end = (quarter_end.astype("datetime64[us]").astype(np.int64) - leads.as_of) / DAY_US
    zones = zip(leads.texts("timezone"), leads.created_at.tolist(), strict=True)
    local = leads.created_at + np.array([utc_offset(zone, at) for zone, at in zones], dtype=np.float64)
    # 1 January 1970 was a Thursday.
    weekday = (np.floor(local / DAY_US) + 3) % 7 + 1
    return {
        "lead_age_days": age,
        "lead_age_decay": np.exp(age * (-1 / _FRESH_DAYS)),
        "created_hour": np.floor(local % DAY_US / HOUR_US),
        "created_weekday": weekday,
        "month": np.where(seasons, months % _MONTHS_A_YEAR + 1.0, np.nan),
        "days_to_quarter_end": to_end,
        "quarter_end_proximity": np.maximum(0.0, 1 - to_end / _QUARTER_NEAR_DAYS),
    }


def _lead_texts(leads: Leads) -> dict[str, list[str | None]]:
    return {
        "source": leads.source,
        "region": leads.texts("region"),
        "language": leads.texts("language"),
        "product": leads.product,
    }


def _lead_numbers(leads: Leads) -> dict[str, FloatVector]:
    company = [bool(p["company"]) if "company" in p else None for p in leads.payload]
    maturity = [company_maturity_score(one, at) for one, at in zip(leads.fields, leads.as_of.tolist(), strict=True)]
    return {
        "has_email": _floats(leads.texts("has_email")),
        "has_phone": _floats(leads.texts("has_phone")),
        "has_company": _floats(company),
        "decision_maker_probability": _floats([decision_maker_probability(one) for one in leads.fields]),
        "company_maturity_score": _floats(maturity),
    }


def _floats(values: Sequence[Any]) -> FloatVector:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _fields(leads: Leads) -> dict[str, list[str | None]]:
    names = sorted(set().union(*leads.fields))
    return {FIELD_PREFIX + name: [text_of(one.get(name)) for one in leads.fields] for name in names}


def _dates(fields: Mapping[str, list[str | None]], leads: Leads) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for name, texts in fields.items():
        ages = [days_from(text, at) for text, at in zip(texts, leads.as_of.tolist(), strict=True)]
        if any(age is not None for age in ages):
            found[name + DAYS_SINCE] = [age if age is not None and age >= 0 else None for age in ages]
            found[name + DAYS_UNTIL] = [-age if age is not None and age < 0 else None for age in ages]
    return found
