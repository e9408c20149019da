"""The interactions behind features, as rows: what reasons show as evidence. Pure: no clock, no I/O."""

import polars as pl

from tools.scoring.reading import KEYS, process_interactions

__all__ = ["KEYS", "interactions_before"]


def interactions_before(history: pl.DataFrame) -> pl.DataFrame:
    """Select the interactions strictly before each moment, without bots, in order of time.

    Args:
        history: `HISTORY_SCHEMA`.

    Returns:
        The rows, with `age` in days before `as_of` added.
    """
    events = process_interactions(history).events
    return history[events.row].with_columns(age=pl.Series(events.age, dtype=pl.Float64)).sort([*KEYS, "at", "id"])
