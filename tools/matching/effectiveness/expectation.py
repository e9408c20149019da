"""How many wins the leads themselves promised, whoever had them. Judges no rep."""

import numpy as np
import polars as pl
from scipy.special import expit

from domain.events import OutcomeKind
from tools.matching.arrays import FloatVector
from tools.matching.effectiveness.statistics import calibrated

_POOL_WEIGHT = 20.0
"""Leads' worth of the market's own rate that is added to a thin segment's."""


def settle(leads: pl.DataFrame) -> pl.DataFrame:
    """Keep leads that a rep won or lost, and add what was expected of them.

    Expected is the score's probability at the moment of the match. A lead without one gets its segment's share of wins
    (product and source, drawn to the market's where thin). Both kinds are then levelled, each by itself, so that they
    add up to the wins there were: an error that the score makes everywhere is nobody's merit.

    Args:
        leads: Table `LEADS` of the facts.

    Returns:
        The settled leads with `won` (0 or 1), `offset` (log-odds expected) and `expected` (probability).
    """
    ended = pl.col("outcome").is_in([OutcomeKind.WON.value, OutcomeKind.LOST.value]) & pl.col("rep_id").is_not_null()
    settled = leads.filter(ended).with_columns(
        (pl.col("outcome") == OutcomeKind.WON.value).cast(pl.Float64).alias("won")
    )
    if not settled.height:
        return settled.with_columns(pl.lit(0.0).alias("offset"), pl.lit(0.0).alias("expected"))
    won = settled["won"].to_numpy()
    scored = settled["p_lead"].is_not_null().to_numpy()
    chance = np.where(scored, settled["p_lead"].fill_null(0.5).to_numpy(), _segment_rates(settled))
    offset = np.zeros(settled.height)
    for part in (scored, ~scored):
        if part.any():
            offset[part] = calibrated(chance[part], won[part])
    return settled.with_columns(pl.Series("offset", offset), pl.Series("expected", expit(offset)))


def _segment_rates(settled: pl.DataFrame) -> FloatVector:
    mean = float(settled["won"].to_numpy().mean())
    segment = ["product_id", "source"]
    pulled = (pl.col("won").sum().over(segment) + _POOL_WEIGHT * mean) / (pl.len().over(segment) + _POOL_WEIGHT)
    return settled.select(pulled.alias("rate"))["rate"].to_numpy()
