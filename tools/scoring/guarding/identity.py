"""Rules for columns that tell nothing: the same for all leads, or different for each. Pure: no clock, no I/O."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.stats import rankdata

from tools.scoring.arrays import FloatVector
from tools.scoring.guarding.columns import Reading
from tools.scoring.guarding.findings import Finding, Rule

NEARLY_UNIQUE = 0.95
MIN_ROWS = 20

_GROWS_WITH_TIME = 0.95
_DENSE = 1.5
_WORDS_OF_A_TEXT = 4.0


def find_useless(columns: Sequence[Reading], times: FloatVector) -> list[Finding]:
    """Find constants and ids.

    An id is text of which nearly every value is unique and short (a long one is free text), or whole numbers, nearly
    all unique, that count up: with time, or without gaps.

    Args:
        columns: One row for each lead.
        times: Shape (n_rows,). Moment of each row, or its place where there is none.
    """
    if len(times) < MIN_ROWS:
        return []
    found = []
    when = rankdata(times)
    for column in columns:
        distinct, known = column.n_distinct(), ~column.missing
        n_known = int(known.sum())
        if distinct == 0 or (distinct == 1 and n_known == len(known)):
            evidence = {"distinct": float(distinct), "rows": float(len(known))}
            why = "has no value in any row" if distinct == 0 else "has the same value in every row"
            found.append(Finding(column=column.name, rule=Rule.CONSTANT, evidence=evidence, why=why))
        elif n_known >= MIN_ROWS and distinct >= NEARLY_UNIQUE * n_known and (kind := _kind_of_id(column, when)):
            evidence = {"distinct": float(distinct), "rows": float(n_known)}
            why = f"{distinct} different values in {n_known} rows, {kind}: it names the lead and says nothing of it"
            found.append(Finding(column=column.name, rule=Rule.ID_LIKE, evidence=evidence, why=why))
    return found


def _kind_of_id(column: Reading, when: FloatVector) -> str | None:
    if column.levels is not None:
        words = column.levels.drop_nulls().str.count_matches(r"\s+").cast(pl.Float64).mean()
        return "short texts" if isinstance(words, float) and words + 1 < _WORDS_OF_A_TEXT else None
    if column.numbers is None or column.is_moment:
        return None
    known = ~column.missing
    values = column.numbers[known]
    if not (values == np.round(values)).all():
        return None
    if float(values.max() - values.min()) + 1 <= _DENSE * len(values):
        return "whole numbers without gaps"
    grows = abs(float(np.corrcoef(rankdata(values), when[known])[0, 1]))
    return "whole numbers that count up with time" if grows >= _GROWS_WITH_TIME else None
