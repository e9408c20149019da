"""The planted log-odds of a lead, before rep, nudge and timing. Scales them so that sizes are the market's, not the sample's."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from simulation.effects import Effects
from simulation.market import ChoiceField, Combination, FieldSpec, FlagField, MarketModel, NumberField
from simulation.moments import Timeline
from simulation.population import Population, draw_population, property_is
from simulation.streams import Streams
from simulation.vectors import BoolVector, FloatVector, sigmoid

_REFERENCE_LEADS = 8_192
_REFERENCE_SEED = 0


@dataclass(frozen=True)
class Scale:
    """How raw terms become log-odds: `intercept + static * (raw - static_mean) + latent * (raw - latent_mean)`."""

    intercept: float
    static: float
    static_mean: float
    latent: float
    latent_mean: float


def planted_scale(market: MarketModel, effects: Effects) -> Scale:
    """Fit the scale on a reference population that is the same for every seed and size.

    The intercept meets the market's base rate for leads whose rep, contacts and season are drawn at random.
    """
    streams = Streams(_REFERENCE_SEED)
    population = draw_population(market, _REFERENCE_LEADS, streams)
    static, latent = static_term(market, population), latent_term(market, population)
    static_scale = market.static_sd / float(np.std(static)) if effects.fields else 0.0
    latent_scale = market.latent_sd / float(np.std(latent))
    terms = static_scale * (static - static.mean()) + latent_scale * (latent - latent.mean())
    if effects.rep:
        terms = terms + market.team.skill_sd * streams.of("reference reps").standard_normal(len(terms))

    def excess(intercept: float) -> float:
        return float(sigmoid(intercept + terms).mean()) - market.base_rate

    return Scale(
        intercept=float(brentq(excess, -15.0, 5.0)),
        static=static_scale,
        static_mean=float(static.mean()),
        latent=latent_scale,
        latent_mean=float(latent.mean()),
    )


def lead_odds(
    market: MarketModel,
    scale: Scale,
    population: Population,
    created: FloatVector,
    timeline: Timeline,
    effects: Effects,
) -> FloatVector:
    """Return each lead's log-odds of conversion with an average rep and no contact.

    Args:
        market: The planted sizes.
        scale: As `planted_scale` fitted it for the same market and effects.
        population: Who the leads are.
        created: Shape (n_leads,). Days since the start.
        timeline: Places the seasons.
        effects: Which effects are on.
    """
    odds = scale.intercept + scale.static * (static_term(market, population) - scale.static_mean)
    odds = odds + scale.latent * (latent_term(market, population) - scale.latent_mean)
    if effects.seasons:
        offset = utc_offsets(market, population)
        odds = odds + np.array(market.seasons.odds_by_weekday)[timeline.weekday(created, offset)]
        odds = odds + market.seasons.odds_yearly * timeline.year_phase(created, market.seasons.peak_day)
    if effects.drift:
        by_source = np.array([level.drift_per_year for level in market.sources.values()])[population.source]
        odds = odds + (market.drift_per_year + by_source) * created / 365.25
    return np.asarray(odds, dtype=np.float64)


def utc_offsets(market: MarketModel, population: Population) -> FloatVector:
    """Return the hours that each lead's clock is ahead of UTC."""
    return np.array([region.utc_offset_h for region in market.regions])[population.region]


def static_term(market: MarketModel, population: Population) -> FloatVector:
    """Add up what fields, source, region, product, language and their combinations say, unscaled."""
    term = np.array([level.effect for level in market.sources.values()])[population.source]
    term = term + np.array([region.effect for region in market.regions])[population.region]
    term = term + np.array([product.effect for product in market.products])[population.product]
    term = term + np.array(list(market.languages.values()))[population.language]
    for field in market.fields:
        term = term + _field_effect(field, population)
    for combination in market.combinations:
        term = term + combination.effect * _holds(market, population, combination)
    return np.asarray(term, dtype=np.float64)


def latent_term(market: MarketModel, population: Population) -> FloatVector:
    """Add up what urgency, need and budget say, unscaled."""
    weights, latents = market.latents, population.latents
    ready = sigmoid(2 * latents["urgency"]) * sigmoid(2 * latents["budget"])
    return (
        weights.urgency * latents["urgency"]
        + weights.need * latents["need"]
        + weights.budget * latents["budget"]
        + weights.ready * ready
    )


def _field_effect(field: FieldSpec, population: Population) -> FloatVector:
    values = population.fields[field.name]
    match field:
        case NumberField():
            jumps = [step.effect * (values >= step.at_least) for step in field.steps]
            return np.asarray(field.slope * population.draws[field.name] + np.sum(jumps, axis=0))
        case FlagField():
            return field.effect * values
        case ChoiceField():
            return np.array([level.effect for level in field.levels.values()])[values.astype(np.int64)]


def _holds(market: MarketModel, population: Population, combination: Combination) -> BoolVector:
    holds = np.ones(len(population), dtype=np.bool_)
    for condition in combination.when:
        if condition.equals is not None:
            holds &= property_is(market, population, condition.of, condition.equals)
        elif condition.at_least is not None:
            holds &= population.fields[condition.of] >= condition.at_least
        else:
            assert condition.below is not None
            holds &= population.fields[condition.of] < condition.below
    return holds
