"""Draws when leads are created. Knows nothing of who they are."""

import numpy as np

from simulation.market import MarketModel
from simulation.moments import Timeline
from simulation.streams import pick
from simulation.vectors import FloatVector

_HOUR_WEIGHTS = np.array([1, 1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 9, 9, 9, 9, 8, 7, 7, 7, 6, 5, 3, 2], dtype=np.float64)


def draw_arrivals(
    market: MarketModel, n_leads: int, timeline: Timeline, *, seasons: bool, rng: np.random.Generator
) -> FloatVector:
    """Draw moments of creation in order of time.

    Args:
        market: Weekly and yearly seasons.
        n_leads: How many.
        timeline: The floor's time; arrivals fill it.
        seasons: Whether the seasons are on.
        rng: Advanced by three draws per lead.

    Returns:
        Shape (n_leads,). Days since the start, ascending.
    """
    days = np.arange(int(timeline.days), dtype=np.float64)
    weights = np.ones_like(days)
    if seasons:
        weekly = np.array(market.seasons.arrivals_by_weekday)[timeline.weekday(days + 0.5, np.zeros_like(days))]
        weights = weekly * (1 + market.seasons.arrivals_yearly * timeline.year_phase(days, market.seasons.peak_day))
    day = days[pick(weights, n_leads, rng)]
    mean_offset_h = float(np.mean([region.utc_offset_h for region in market.regions]))
    hour = np.mod(pick(_HOUR_WEIGHTS, n_leads, rng) - mean_offset_h, 24.0)
    return np.sort(np.minimum(day + (hour + rng.random(n_leads)) / 24, timeline.days - 1e-3))
