"""Draws how and when leads end: won, lost or disqualified, with value and reason. Nothing else may depend on it but what comes later."""

from dataclasses import dataclass

import numpy as np

from simulation.market import MarketModel
from simulation.population import Population
from simulation.streams import Streams, pick
from simulation.vectors import BoolVector, FloatVector, IntVector

WON, LOST, DISQUALIFIED = 0, 1, 2
_HURRY = -0.15
_DISQUALIFIED_WITHIN_DAYS = 5.0


@dataclass(frozen=True)
class Endings:
    """How each lead ends, be it after the floor's last day; every vector has shape (n_leads,).

    Attributes:
        kind: `WON`, `LOST` or `DISQUALIFIED`.
        at: Days since the start.
        value: Deal value; NaN unless won.
        reason: Index into the market's reasons of loss; -1 unless lost.
    """

    kind: IntVector
    at: FloatVector
    value: FloatVector
    reason: IntVector


def draw_endings(
    market: MarketModel,
    population: Population,
    created: FloatVector,
    p_convert: FloatVector,
    buyer: BoolVector,
    streams: Streams,
) -> Endings:
    """End every lead.

    Args:
        market: Durations, values and reasons.
        population: Who the leads are.
        created: Shape (n_leads,). Days since the start.
        p_convert: Shape (n_leads,). The planted probability.
        buyer: Shape (n_leads,). False for bots and duplicates, which are disqualified within days.
        streams: Source of randomness.
    """
    spec, n_leads = market.outcomes, len(population)
    rng = streams.of("endings")
    won = rng.random(n_leads) < p_convert
    hurry = _HURRY * population.latents["urgency"]
    won_days = spec.won_median_days * np.exp(hurry + spec.won_spread * rng.standard_normal(n_leads))
    lost_days = spec.lost_median_days * np.exp(spec.lost_spread * rng.standard_normal(n_leads))
    found_out_days = rng.uniform(0.2, _DISQUALIFIED_WITHIN_DAYS, n_leads)
    kind = np.where(buyer, np.where(won, WON, LOST), DISQUALIFIED)
    prices = np.array([product.price for product in market.products])[population.product]
    log_value = spec.value_budget * population.latents["budget"] + spec.value_spread * rng.standard_normal(n_leads)
    value = np.round(prices * spec.value_median * np.exp(log_value), 2)
    reason = pick(np.array(list(spec.lost_reasons.values())), n_leads, rng)
    return Endings(
        kind=kind,
        at=created + np.choose(kind, [won_days, lost_days, found_out_days]),
        value=np.where(kind == WON, value, np.nan),
        reason=np.where(kind == LOST, reason, -1),
    )
