"""Finds fields that know the end: filled in when a lead ends, missing while it is open. Pure: no clock, no I/O."""

import numpy as np
import polars as pl

from domain.values import Value
from tools.scoring.arrays import BoolVector

FIELD, PRESENCE = "field.", "has_"
"""How the columns begin that people fill in at a time of their choosing: market-specific fields, and whether a contact
field is on file."""

_MIN_LEADS = 50
_MISSING_WHILE_OPEN = 0.05
_MISSING_AT_THE_END = 0.001


class LeakyField(Value):
    """A field that was left out, and why."""

    name: str
    why: str


def find_leaky_fields(table: pl.DataFrame, ended: BoolVector) -> tuple[LeakyField, ...]:
    """Find fields that are missing for open leads and present for ended ones.

    Such a field is filled in at, or because of, the end. Its presence tells that a lead has ended, which at the moment
    of scoring nobody knows: a model that uses it looks brilliant in training and is wrong in service.

    Args:
        table: Features, n_rows rows; fields begin with `field.`, and whether a contact field is there with `has_`.
        ended: Shape (n_rows,). Whether the lead of each row has ended by now, won or lost.

    Returns:
        Fields missing for more than 5 % of the open rows and less than 0.1 % of the ended ones, by name. Empty with
        fewer than 50 rows of either kind.

    Source:
        Kaufman, Rosset and Perlich, "Leakage in Data Mining", KDD 2011: legitimacy by the time a value is known.
    """
    n_open, n_ended = int((~ended).sum()), int(ended.sum())
    if min(n_open, n_ended) < _MIN_LEADS:
        return ()
    found = []
    for name in sorted(column for column in table.columns if column.startswith((FIELD, PRESENCE))):
        values = table.get_column(name)
        absent = values.is_null() if name.startswith(FIELD) else ~values.fill_null(value=False).cast(pl.Boolean)
        missing = np.asarray(absent)
        while_open, at_the_end = float(missing[~ended].mean()), float(missing[ended].mean())
        if while_open > _MISSING_WHILE_OPEN and at_the_end < _MISSING_AT_THE_END:
            why = (
                f"missing for {while_open:.0%} of {n_open} rows of open leads and {at_the_end:.1%} of {n_ended} rows of "
                "ended ones: it is filled in when a lead ends"
            )
            found.append(LeakyField(name=name, why=why))
    return tuple(found)
