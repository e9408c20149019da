"""Turns rows as the file has them into rows as the table names them, still as text. Pure; judges no cell."""

import hashlib
import string
from collections.abc import Sequence as Rows
from datetime import UTC, timedelta

import polars as pl

from records.importing.batches import LINE, ROW
from records.importing.mapping import Sequence
from records.importing.plan import HASH_PLACEHOLDER, ROW_PLACEHOLDER, Plan, Target

_HASH_DIGITS = 24


def keep_wanted(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows that the mapping's `only` lets through."""
    for column, texts in plan.mapping.only.items():
        rows = rows.filter(pl.col(column).str.strip_chars().is_in(list(texts)).fill_null(value=False))
    return rows


def project(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """Fill each target of a plan.

    Args:
        plan: The plan.
        rows: A raw frame, after joins.

    Returns:
        One String column per target, and `LINE`; rows in the order given. Null means not measured.
    """
    blank = list(plan.null_values)
    plain = [target for target in plan.targets if not target.names_hash]
    filled = {target.name: _fill(target, rows, blank) for target in plain}
    if len(plain) < len(plan.targets):
        hashes = _hash_rows(list(filled.values()), rows.height)
        hashed = rows.with_columns(hashes.alias(HASH_PLACEHOLDER))
        filled |= {target.name: _fill(target, hashed, blank) for target in plan.targets if target.names_hash}
    return pl.DataFrame([filled[target.name] for target in plan.targets]).with_columns(rows[LINE])


def _fill(target: Target, rows: pl.DataFrame, blank: list[str]) -> pl.Series:
    source = target.source
    if source.sequence is not None:
        return _times(source.sequence, rows[ROW]).alias(target.name)
    if source.template is not None:
        cells = rows.select(_template(source.template)).to_series()
    elif source.from_ is not None:
        cells = rows[source.from_].str.strip_chars()
    else:
        cells = pl.Series(target.name, [None], dtype=pl.String).new_from_index(0, rows.height)
    cells = cells.set(cells.is_in([*blank, *source.null]).fill_null(value=False), None)
    for changes in (source.map, target.levels.corrections):
        if changes:
            cells = cells.replace(changes).replace("", None)
    if source.default is not None:
        cells = cells.fill_null(source.default)
    return cells.alias(target.name)


def _template(template: str) -> pl.Expr:
    parts: list[pl.Expr] = []
    for text, name, _, _ in string.Formatter().parse(template):
        parts.append(pl.lit(text))
        if name == ROW_PLACEHOLDER:
            parts.append(pl.col(ROW).cast(pl.String))
        elif name is not None:
            parts.append(pl.col(name).str.strip_chars())
    return pl.concat_str(parts)


def _times(sequence: Sequence, rows: pl.Series) -> pl.Series:
    start = sequence.start if sequence.start.tzinfo else sequence.start.replace(tzinfo=UTC)
    step = timedelta(seconds=sequence.step_seconds)
    offsets = (rows - 1) * (step // timedelta(microseconds=1))
    moments = pl.select(pl.lit(start.astimezone(UTC)) + offsets.cast(pl.Duration("us"))).to_series()
    return moments.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")


def _hash_rows(columns: Rows[pl.Series], height: int) -> pl.Series:
    rows = zip(*(column.fill_null("\x00").to_list() for column in columns), strict=True) if columns else [()] * height
    digests = (hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:_HASH_DIGITS] for row in rows)
    return pl.Series(HASH_PLACEHOLDER, digests, dtype=pl.String)
