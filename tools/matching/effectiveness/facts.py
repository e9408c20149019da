"""The facts that a report of effectiveness is made of, as frames. Reads and estimates nothing."""

from dataclasses import dataclass, field
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

GIVEN = {"lead_id": pl.String(), "by": pl.String(), "p_before": pl.Float64()}
"""One row per lead that a rep ever had: who gave it its first rep (`matcher`, `manager`, `importer`, ...), and the score's
probability when nobody had it yet, null where it was not scored before."""

CHOICES = {
    "lead_id": pl.String(),
    "rep_id": pl.String(),
    "unexplored_rep_id": pl.String(),
    "propensity": pl.Float64(),
    "at": _INSTANT,
}
"""One row per lead whose first rep the matcher chose: whom it chose, whom it would have chosen without exploring (null
where that is not recorded), with what probability, and when. Leads of one batch share the moment."""

CANDIDATES = {
    "lead_id": pl.String(),
    "place": pl.Int64(),
    "rep_id": pl.String(),
    "p_convert": pl.Float64(),
    "worth": pl.Float64(),
}
"""One row per rep whom such a decision records as considered, in its order from 0: the chance that he wins the lead, and
what he is worth at the mean effects less what other leads would give for his place."""

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
        given: Columns `GIVEN`.
        choices: Columns `CHOICES`.
        candidates: Columns `CANDIDATES`.
    """

    leads: pl.DataFrame
    matches: pl.DataFrame
    rejections: pl.DataFrame
    overrides: pl.DataFrame
    reps: pl.DataFrame
    product_names: dict[str, str]
    given: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GIVEN))
    choices: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CHOICES))
    candidates: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CANDIDATES))

    def __post_init__(self) -> None:
        tables = ("leads", LEADS), ("matches", MATCHES), ("rejections", REJECTIONS), ("overrides", OVERRIDES)
        others = ("reps", REPS), ("given", GIVEN), ("choices", CHOICES), ("candidates", CANDIDATES)
        for name, schema in (*tables, *others):
            frame: pl.DataFrame = getattr(self, name)
            missing = [column for column in schema if column not in frame.columns]
            if missing:
                raise InvalidInputError(name, frame.columns, f"lacks the columns {', '.join(missing)}")


class EffectivenessFacts(Protocol):
    """Reads the facts."""

    async def facts(self, market: Market, *, since: datetime, before: datetime) -> Facts:
        """Return what was known before a moment about the leads created in a period."""
        ...
