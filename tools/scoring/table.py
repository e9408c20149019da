"""Assembles the feature table of many (lead, moment) pairs from their histories. Pure: no clock, no I/O."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from tools.scoring.activity import KEYS, behaviour, interactions_before
from tools.scoring.context import Coverage, MarketContext
from tools.scoring.features import FEATURES, FIELD_PREFIX, Feature, Unit

_DEFINED_WITHOUT_EVENTS = (Unit.COUNT, Unit.FLAG, Unit.SECONDS, Unit.NUMBER)
_WINDOWS = sorted({feature.days for feature in FEATURES if feature.kinds}, key=lambda days: days or 0)


def build_features(history: pl.DataFrame, context: MarketContext) -> pl.DataFrame:
    """Compute every feature of every (lead, moment) in a history.

    Rows at or after `as_of` are ignored whoever made the frame, so no later event can change a feature.

    Args:
        history: `HISTORY_SCHEMA`; one row of record `lead` per pair.
        context: What the market's past says; a model is always served with the context it was trained with.

    Returns:
        One row per pair: `lead_id`, `as_of`, the columns of `FEATURES`, and one text column `field.<name>` per
        field of any lead (numbers and flags as text: the schema of the data set reads them). Null is "not
        measured". Ordered by lead and moment.
    """
    leads = history.filter(pl.col("record") == "lead").unique(KEYS, keep="last", maintain_order=True).sort(KEYS)
    lead_columns = _lead_columns(leads)
    done = behaviour(interactions_before(history))
    reps = context.reps.lifts(_assigned(history))
    joined = lead_columns.join(done, on=KEYS, how="left", maintain_order="left").join(
        reps, on=KEYS, how="left", maintain_order="left"
    )
    covered = _covered(joined, context.coverage)
    fields = [name for name in lead_columns.columns if name.startswith(FIELD_PREFIX)]
    return covered.select([*KEYS, *(feature.name for feature in FEATURES), *fields])


def _covered(table: pl.DataFrame, coverage: Coverage) -> pl.DataFrame:
    """Turn "no event" into zero where the log covers the window and into null where it does not."""
    if coverage.since is not None:
        age = pl.col("lead_age_days")
        since = (pl.col("as_of") - pl.lit(coverage.since)).dt.total_microseconds() / 86_400e6
        # A window that began before the log did is only partly counted.
        covers = [(age.clip(upper_bound=days) <= since).alias(f"covers_{days}") for days in _WINDOWS]
        table = table.with_columns(covers)
    columns = [_cover(feature, coverage) for feature in FEATURES if feature.kinds]
    if not coverage.seasons:
        columns.append(pl.lit(None, dtype=pl.Float64).alias("month"))
    return table.with_columns(columns)


def _cover(feature: Feature, coverage: Coverage) -> pl.Expr:
    column = pl.col(feature.name)
    if coverage.kinds is not None and feature.kinds.isdisjoint(coverage.kinds):
        return pl.lit(None, dtype=pl.Float64).alias(feature.name)
    if feature.unit not in _DEFINED_WITHOUT_EVENTS:
        return column
    column = column.fill_null(value=False) if feature.unit is Unit.FLAG else column.fill_null(0.0)
    if coverage.since is None:
        return column
    return pl.when(f"covers_{feature.days}").then(column).alias(feature.name)


def _assigned(history: pl.DataFrame) -> pl.DataFrame:
    before = history.filter((pl.col("record") == "assignment") & (pl.col("at") < pl.col("as_of")))
    return before.sort([*KEYS, "at", "id"]).group_by(KEYS, maintain_order=True).agg(pl.col("rep_id").last())


def _lead_columns(leads: pl.DataFrame) -> pl.DataFrame:
    payloads: list[Mapping[str, Any]] = [json.loads(text) if text else {} for text in leads.get_column("payload")]
    names = sorted({name for payload in payloads for name in payload.get("fields") or {}})
    fields = [
        pl.Series(FIELD_PREFIX + name, [_text((p.get("fields") or {}).get(name)) for p in payloads], dtype=pl.Utf8)
        for name in names
    ]
    texts = [pl.Series(key, [p.get(key) for p in payloads], dtype=pl.Utf8) for key in ("region", "language")]
    flags = [pl.Series(key, [p.get(key) for p in payloads], dtype=pl.Boolean) for key in ("has_email", "has_phone")]
    company = pl.Series("has_company", [bool(p["company"]) if "company" in p else None for p in payloads], pl.Boolean)
    zone = pl.Series("timezone", [p.get("timezone") or "UTC" for p in payloads], dtype=pl.Utf8)
    table = leads.select(*KEYS, "at", source="kind", product="product_id")
    return table.with_columns(*texts, *flags, company, zone, *fields).pipe(_with_times)


def _with_times(table: pl.DataFrame) -> pl.DataFrame:
    as_of = pl.col("as_of")
    quarter_end = as_of.dt.truncate("1q").dt.offset_by("1q")
    table = table.with_columns(
        lead_age_days=(as_of - pl.col("at")).dt.total_microseconds() / 86_400e6,
        month=as_of.dt.month().cast(pl.Float64),
        days_to_quarter_end=(quarter_end - as_of).dt.total_microseconds() / 86_400e6,
    )
    zones = table.get_column("timezone").unique().sort().to_list()
    hour, weekday = pl.lit(None, dtype=pl.Float64), pl.lit(None, dtype=pl.Float64)
    for zone in zones:
        local = pl.col("at").dt.convert_time_zone(zone)
        here = pl.col("timezone") == zone
        hour = pl.when(here).then(local.dt.hour().cast(pl.Float64)).otherwise(hour)
        weekday = pl.when(here).then(local.dt.weekday().cast(pl.Float64)).otherwise(weekday)
    return table.with_columns(created_hour=hour, created_weekday=weekday)


def _text(value: object) -> str | None:
    """Write a field's value as text, whole numbers without a point, so that 3 and 3.0 are one level."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
