"""The facts that a report of effectiveness is made of, as frames. Reads and estimates nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import polars as pl

from domain.errors import InvalidInputError
from domain.values import Market

_INSTANT = pl.Datetime("us", "UTC")

LEADS = {
    "lead_id": pl.String(),
    "created_at": _INSTANT,
    "product_id": pl.String(),
    "region": pl.String(),
    "source": pl.String(),
    "rep_id": pl.String(),
    "outcome": pl.String(),
    "value": pl.Float64(),
    "p_lead": pl.Float64(),
    "first_contact_at": _INSTANT,
}
"""One row per lead of the period. `p_lead` is the score's probability at the moment of the match, null where there was
none. An optional column `language` is reported on too."""

MATCHES = {
    "lead_id": pl.String(),
    "rep_id": pl.String(),
    "utility": pl.Float64(),
    "best_utility": pl.Float64(),
    "gap": pl.Float64(),
}
"""One row per match that the matcher made: what the chosen rep was worth, what the best one considered was worth, and
the proven gap of its batch, null where none was recorded."""

REJECTIONS = {"rep_id": pl.String(), "product_id": pl.String(), "reason": pl.String(), "count": pl.Int64()}

OVERRIDES = {"lead_id": pl.String(), "from_rep_id": pl.String(), "rep_id": pl.String()}
"""One row per word of a manager; `rep_id` is null where the lead went into the pool."""

REPS = {"rep_id": pl.String(), "name": pl.String(), "active": pl.Boolean()}


@dataclass(frozen=True)
class Facts:
    """Everything known about a market's leads of a period.

    Attributes:
        leads: Columns `LEADS`.
        matches: Columns `MATCHES`.
        rejections: Columns `REJECTIONS`.
        overrides: Columns `OVERRIDES`.
        reps: Columns `REPS`.
        product_names: Name of each product by id.
    """

    leads: pl.DataFrame
    matches: pl.DataFrame
    rejections: pl.DataFrame
    overrides: pl.DataFrame
    reps: pl.DataFrame
    product_names: dict[str, str]

    def __post_init__(self) -> None:
        tables = ("leads", LEADS), ("matches", MATCHES), ("rejections", REJECTIONS), ("overrides", OVERRIDES)
        for name, schema in (*tables, ("reps", REPS)):
            frame: pl.DataFrame = getattr(self, name)
            missing = [column for column in schema if column not in frame.columns]
            if missing:
                raise InvalidInputError(name, frame.columns, f"lacks the columns {', '.join(missing)}")


class EffectivenessFacts(Protocol):
    """Reads the facts."""

    async def facts(self, market: Market, *, since: datetime, before: datetime) -> Facts:
        """Return what was known before a moment about the leads created in a period."""
        ...
