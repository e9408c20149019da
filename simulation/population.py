"""Draws who the leads are: latents, properties and fields. Knows nothing of reps, time's effects or outcomes."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from domain.values import FieldValue
from simulation.market import ChoiceField, FieldSpec, FlagField, MarketModel, NumberField
from simulation.streams import Streams, pick, quantile_index
from simulation.vectors import BoolVector, FloatVector, IntVector

LATENTS = ("urgency", "need", "budget")
HABITS = ("email", "sms", "phone")
DAY_PARTS = ((8.0, 12.0), (12.0, 17.0), (17.0, 21.0))


@dataclass(frozen=True)
class Population:
    """Leads as they are, not as they are recorded; every vector has shape (n_leads,).

    Attributes:
        source: Index into the market's sources; `region`, `product` and `language` likewise.
        latents: Urgency, need and budget, standard normal.
        habits: Liking of email, sms and phone, standard normal.
        day_part: Index into `DAY_PARTS`: when the lead likes to be contacted.
        draws: By field name, the standard normal draw underneath.
        fields: By field name, the value: a number, a level's index, or 0 and 1.
    """

    source: IntVector
    region: IntVector
    product: IntVector
    language: IntVector
    latents: dict[str, FloatVector]
    habits: dict[str, FloatVector]
    day_part: IntVector
    draws: dict[str, FloatVector]
    fields: dict[str, FloatVector]

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: IntVector) -> "Population":
        """Return the leads at these indices, in this order."""
        return Population(
            source=self.source[rows],
            region=self.region[rows],
            product=self.product[rows],
            language=self.language[rows],
            latents=_rows(self.latents, rows),
            habits=_rows(self.habits, rows),
            day_part=self.day_part[rows],
            draws=_rows(self.draws, rows),
            fields=_rows(self.fields, rows),
        )


def draw_population(market: MarketModel, n_leads: int, streams: Streams) -> Population:
    """Draw leads.

    Args:
        market: Shares, levels and distributions.
        n_leads: How many, >= 0.
        streams: Source of randomness.
    """
    rng = streams.of("population")
    region = pick(_weights(market.regions), n_leads, rng)
    latents = _correlated_latents(n_leads, rng)
    draws = {field.name: _underlying(field, latents, rng) for field in market.fields}
    return Population(
        source=pick(np.array([level.weight for level in market.sources.values()]), n_leads, rng),
        region=region,
        product=pick(_weights(market.products), n_leads, rng),
        language=_languages(market, region, rng.random(n_leads)),
        latents=latents,
        habits={name: rng.standard_normal(n_leads) for name in HABITS},
        day_part=pick(np.array([0.35, 0.40, 0.25]), n_leads, rng),
        draws=draws,
        fields={field.name: _value(field, draws[field.name]) for field in market.fields},
    )


def property_is(market: MarketModel, population: Population, name: str, value: FieldValue) -> BoolVector:
    """Say which leads have a property at a level; `name` is a field or source, region, product or language.

    Raises:
        KeyError: If no field has the name.
        ValueError: If the property has no such level.
    """
    levels: dict[str, tuple[IntVector, tuple[str, ...]]] = {
        "source": (population.source, tuple(market.sources)),
        "region": (population.region, tuple(region.id for region in market.regions)),
        "product": (population.product, tuple(product.id for product in market.products)),
        "language": (population.language, market.language_ids),
    }
    if name in levels:
        index, names = levels[name]
        return np.asarray(index == names.index(str(value)))
    field = next((field for field in market.fields if field.name == name), None)
    if isinstance(field, ChoiceField):
        return np.asarray(population.fields[name] == list(field.levels).index(str(value)))
    return np.asarray(population.fields[name] == bool(value))


def _rows(columns: dict[str, FloatVector], rows: IntVector) -> dict[str, FloatVector]:
    return {name: column[rows] for name, column in columns.items()}


def _weights(specs: tuple[object, ...]) -> FloatVector:
    return np.array([spec.weight for spec in specs])  # type: ignore[attr-defined]  # every spec has a weight


def _correlated_latents(n: int, rng: np.random.Generator) -> dict[str, FloatVector]:
    shared = rng.standard_normal(n)
    load = {"urgency": 0.70, "need": 0.70, "budget": 0.40}
    return {name: load[name] * shared + np.sqrt(1 - load[name] ** 2) * rng.standard_normal(n) for name in LATENTS}


def _languages(market: MarketModel, region: IntVector, uniform: FloatVector) -> IntVector:
    shares = np.array([[spec.languages.get(code, 0.0) for code in market.language_ids] for spec in market.regions])
    shares[:, market.language_ids.index("en")] = 1 - shares.sum(axis=1)
    edges = np.cumsum(shares, axis=1)[region]
    return np.asarray(np.minimum((uniform[:, None] >= edges).sum(axis=1), len(market.language_ids) - 1))


def _underlying(field: FieldSpec, latents: dict[str, FloatVector], rng: np.random.Generator) -> FloatVector:
    n = len(latents["need"])
    noise = rng.standard_normal(n)
    if not field.loads:
        return noise
    signal = np.sum([load * latents[name] for name, load in field.loads.items()], axis=0)
    rest = max(0.0, 1.0 - sum(load**2 for load in field.loads.values()))
    return np.asarray(signal + np.sqrt(rest) * noise)


def _value(field: FieldSpec, draw: FloatVector) -> FloatVector:
    match field:
        case NumberField():
            exact = (
                field.centre * np.exp(field.spread * draw)
                if field.shape == "lognormal"
                else field.centre + field.spread * draw
            )
            return np.asarray(np.round(np.clip(exact, field.low, field.high), field.decimals), dtype=np.float64)
        case FlagField():
            return np.asarray(draw > norm.isf(field.rate), dtype=np.float64)
        case ChoiceField():
            weights = np.array([level.weight for level in field.levels.values()])
            return quantile_index(weights, np.asarray(norm.cdf(draw))).astype(np.float64)
