"""Says what a reader of a score must know about its evidence: bots, outliers, gaps, an old model. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.scores import ScoreFlag
from tools.scoring.dataset import Schema
from tools.scoring.features import describe
from tools.scoring.ranges import Ranges

MAX_NAMED = 3
"""At most this many columns are named in one flag, so that it stays within 25 words."""

MAX_EVIDENCE = 20
_LABEL_WORDS = 4
STALE_AFTER = timedelta(days=14)
"""A model learns every night; one that has not for this long speaks of another market."""


def find_flags(
    row: Mapping[str, Any],
    schema: Schema,
    ranges: Ranges,
    *,
    bot_ids: Sequence[str] = (),
    as_of: datetime | None = None,
    trained_at: datetime | None = None,
) -> tuple[ScoreFlag, ...]:
    """Find what must be said about the evidence of one score.

    `imputed` names the fields that most leads have and this one lacks. What becomes of a gap depends on the model:
    trees (LightGBM) send it down a side of its own and fill nothing in; the linear model puts the average of the training
    there, beside an indicator that it did.

    Args:
        row: The lead's features by name; None is "not measured".
        schema: What the model reads; only its columns are looked at.
        ranges: Of the training.
        bot_ids: Interactions that were left out as a bot's.
        as_of: Moment of the score.
        trained_at: When the model was trained; with `as_of`, an old one is flagged.

    Returns:
        At most one flag of each kind, in the order bot, outlier, imputed, stale.
    """
    flags = []
    if bot_ids:
        many = f"{len(bot_ids)} interactions" if len(bot_ids) > 1 else "1 interaction"
        evidence = tuple(bot_ids[:MAX_EVIDENCE])
        flags.append(ScoreFlag(kind="bot", text=f"Left out as a bot's: {many}", evidence_ids=evidence))
    outliers = [name for name in schema.names if _is_outside(row.get(name), ranges.usual.get(name))]
    if outliers:
        flags.append(ScoreFlag(kind="outlier", text=f"Far outside what was seen in training: {_named(outliers)}"))
    gaps = [
        column.name
        for column in schema.columns
        if row.get(column.read_from) is None and column.read_from in ranges.expected
    ]
    if gaps:
        flags.append(ScoreFlag(kind="imputed", text=f"Not known of this lead: {_named(gaps)}"))
    if as_of is not None and trained_at is not None and as_of - trained_at > STALE_AFTER:
        days = (as_of - trained_at).days
        flags.append(ScoreFlag(kind="stale", text=f"The model was trained {days} days before this score"))
    return tuple(flags)


def _is_outside(value: Any, usual: tuple[float, float] | None) -> bool:
    if usual is None or value is None or isinstance(value, str):
        return False
    return not usual[0] <= float(value) <= usual[1]


def _named(names: Sequence[str]) -> str:
    labels = list(dict.fromkeys(_short(describe(name).label) for name in names))
    more = f" and {len(labels) - MAX_NAMED} more" if len(labels) > MAX_NAMED else ""
    return ", ".join(labels[:MAX_NAMED]) + more


def _short(label: str) -> str:
    words = label.split()
    return label if len(words) <= _LABEL_WORDS else " ".join(words[:_LABEL_WORDS]) + " …"
