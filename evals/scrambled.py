"""Outcomes with the reps' names shuffled: a floor on which it makes no difference who takes a lead. Pure but for the reading."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from domain.values import Market
from tools.matching.history import OutcomeHistory


@dataclass(frozen=True)
class ScrambledHistory:
    """A null control for whoever learns from outcomes.

    Attributes:
        history: The real outcomes.
        seed: Of the shuffle, so that every reading gives the same table.
    """

    history: OutcomeHistory
    seed: int

    async def outcomes(self, market: Market, *, before: datetime) -> pl.DataFrame:
        """Return the outcomes; every rep keeps as many leads as they had, but not which ones."""
        table = await self.history.outcomes(market, before=before)
        known = table.get_column("rep_id").is_not_null().to_numpy()
        names = table.get_column("rep_id").to_numpy().copy()
        names[known] = np.random.default_rng(self.seed).permutation(names[known])
        return table.with_columns(rep_id=pl.Series(names, dtype=pl.String))
