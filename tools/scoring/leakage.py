"""Finds fields that know the end: filled in when a lead ends, missing while it is open. Pure: no clock, no I/O."""

import numpy as np
import polars as pl

from domain.values import Value
from tools.scoring.arrays import BoolVector
from tools.scoring.features import BY_NAME

PRESENCE = "has_"
"""How the flags begin that say whether a contact field is on file."""

MIN_ROWS = 50
MISSING_WHILE_OPEN = 0.05
MISSING_AT_THE_END = 0.001


class LeakyField(Value):
    """A field that was left out, and why."""

    name: str
    why: str


def is_filled_in(name: str) -> bool:
    """Whether people fill a column in at a time of their choosing, so that being there may tell how a lead ended.

    A lead's own fields and its contact data are, and with them what is computed from these. What is computed from
    events is not: "no reply yet" is an honest gap.
    """
    known = BY_NAME.get(name)
    return known is None or not known.kinds


def is_absent(values: pl.Series) -> BoolVector:
    """Say for each row whether a column that people fill in is empty: null, or false where it is a flag of presence."""
    if values.name.startswith(PRESENCE):
        values = values.cast(pl.Boolean).replace(old=False, new=None)
    return np.asarray(values.is_null())


def filled_at_the_end(missing: BoolVector, ended: BoolVector) -> bool:
    """Whether a column is missing for more than 5 % of the open rows and less than 0.1 % of the ended ones.

    Never so with fewer than 50 rows of either kind.
    """
    if min(int(ended.sum()), int((~ended).sum())) < MIN_ROWS:
        return False
    return bool(missing[~ended].mean() > MISSING_WHILE_OPEN and missing[ended].mean() < MISSING_AT_THE_END)


def words_of_filling(missing: BoolVector, ended: BoolVector) -> str:
    """Say how often a column is missing while leads are open and when they have ended."""
    n_open, n_ended = int((~ended).sum()), int(ended.sum())
    return (
        f"missing for {missing[~ended].mean():.0%} of {n_open} rows of open leads and {missing[ended].mean():.1%} of "
        f"{n_ended} rows of ended ones: it is filled in when a lead ends"
    )


def find_leaky_fields(table: pl.DataFrame, ended: BoolVector) -> tuple[LeakyField, ...]:
    """Find fields that are missing for open leads and present for ended ones.

    Such a field is filled in at, or because of, the end. Its presence tells that a lead has ended, which at the moment
    of scoring nobody knows: a model that uses it looks brilliant in training and is wrong in service.

    Args:
        table: Features, n_rows rows.
        ended: Shape (n_rows,). Whether the lead of each row has ended by now, won or lost.

    Returns:
        The fields that people fill in and `filled_at_the_end` holds for, by name.

    Source:
        Kaufman, Rosset and Perlich, "Leakage in Data Mining", KDD 2011: legitimacy by the time a value is known.
    """
    absent = {name: is_absent(table.get_column(name)) for name in sorted(table.columns) if is_filled_in(name)}
    return tuple(
        LeakyField(name=name, why=words_of_filling(missing, ended))
        for name, missing in absent.items()
        if filled_at_the_end(missing, ended)
    )
