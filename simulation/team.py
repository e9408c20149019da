"""Draws the reps and what they are good at. Knows nothing of any lead's story."""

from dataclasses import dataclass

import numpy as np

from domain.people import Rep, Skill
from domain.values import RepId
from simulation.effects import Effects
from simulation.identities import FIRST_NAMES, LAST_NAMES, mailbox
from simulation.market import MarketModel
from simulation.moments import Timeline
from simulation.population import Population
from simulation.streams import Streams
from simulation.vectors import BoolMatrix, FloatMatrix, FloatVector, IntVector, sigmoid

_PACE_SPREAD = 0.4


@dataclass(frozen=True)
class Team:
    """The reps, as domain values and as arrays in the same order.

    Attributes:
        reps: What is recorded about them.
        skill: Shape (n_reps, n_products). Planted log-odds; the mean over all is 0.
        serves: Shape (n_reps, n_regions).
        speaks: Shape (n_reps, n_languages).
        certified: Shape (n_reps, n_products). Holds the certificate that the product needs.
        pace: Shape (n_reps,). Multiplies the time to the first contact.
        foreign_language: Log-odds where the rep does not speak the lead's language.
        foreign_region: Log-odds where the rep does not serve the lead's region.
    """

    reps: tuple[Rep, ...]
    skill: FloatMatrix
    serves: BoolMatrix
    speaks: BoolMatrix
    certified: BoolMatrix
    pace: FloatVector
    foreign_language: float
    foreign_region: float

    def eligible(self, population: Population) -> BoolMatrix:
        """Say who may take which lead by region, language and certificate. Shape (n_leads, n_reps)."""
        return np.asarray(
            self.serves.T[population.region] & self.speaks.T[population.language] & self.certified.T[population.product]
        )

    def effect(self, population: Population, rep: IntVector) -> FloatVector:
        """Return the log-odds that a rep adds to each lead; 0 for no rep.

        Args:
            population: The leads.
            rep: Shape (n_leads,). Index of the rep, -1 for none.
        """
        odds = self.skill[rep, population.product]
        odds = odds + self.foreign_language * ~self.speaks[rep, population.language]
        odds = odds + self.foreign_region * ~self.serves[rep, population.region]
        return np.where(rep >= 0, odds, 0.0)


def draw_team(market: MarketModel, n_reps: int, timeline: Timeline, effects: Effects, streams: Streams) -> Team:
    """Draw reps.

    The skills are standardised, so that their standard deviation is the market's whatever the seed. A rep's declared
    level follows the planted skill with noise, as a manager's opinion would.

    Args:
        market: The planted sizes.
        n_reps: How many, at least 2.
        timeline: Reps were hired before its start.
        effects: With `rep` off, all skills and misfits are 0 while the declared levels stay.
        streams: Source of randomness.
    """
    rng = streams.of("team")
    skill = _skills(market, n_reps, rng)
    declared = sigmoid(1.6 * skill / market.team.skill_sd * 0.6 + 0.6 * rng.standard_normal(skill.shape))
    serves = _serves(market, n_reps, rng)
    speaks = rng.random((n_reps, len(market.languages))) < market.team.second_language
    speaks[:, market.language_ids.index("en")] = True
    certificates = sorted({product.certificate for product in market.products if product.certificate})
    holds = rng.random((n_reps, len(certificates))) < market.team.certificate_rate
    holds[np.arange(n_reps), np.arange(n_reps) % max(1, len(certificates))] = True
    certified = np.array(
        [
            [
                product.certificate is None or holds[rep, certificates.index(product.certificate)]
                for product in market.products
            ]
            for rep in range(n_reps)
        ]
    )
    hired = timeline.series(-rng.uniform(60, 2400, n_reps)).to_list()
    home = np.argmax(serves * rng.random(serves.shape), axis=1)
    names = [
        f"{FIRST_NAMES[rng.integers(len(FIRST_NAMES))]} {LAST_NAMES[(rep * 7) % len(LAST_NAMES)]}"
        for rep in range(n_reps)
    ]
    reps = tuple(
        Rep(
            id=RepId(f"{market.code}-rep-{rep + 1:02d}"),
            market=market.id,
            name=names[rep],
            email=mailbox(names[rep], f"{market.code}-sales.example"),
            regions=tuple(spec.id for spec, served in zip(market.regions, serves[rep], strict=True) if served),
            languages=tuple(code for code, spoken in zip(market.language_ids, speaks[rep], strict=True) if spoken),
            certificates=tuple(name for name, held in zip(certificates, holds[rep], strict=True) if held),
            skills=tuple(
                Skill(product_id=product.id, level=round(float(level), 2))
                for product, level in zip(market.products, declared[rep], strict=True)
            ),
            capacity=int(rng.integers(18, 46)),
            timezone=market.regions[home[rep]].timezone,
            work_start_hour=int(rng.integers(7, 11)),
            work_end_hour=int(rng.integers(16, 21)),
            hired_at=hired[rep],
        )
        for rep in range(n_reps)
    )
    return Team(
        reps=reps,
        skill=skill if effects.rep else np.zeros_like(skill),
        serves=serves,
        speaks=speaks,
        certified=certified,
        pace=np.exp(_PACE_SPREAD * rng.standard_normal(n_reps)),
        foreign_language=market.team.foreign_language if effects.rep else 0.0,
        foreign_region=market.team.foreign_region if effects.rep else 0.0,
    )


def _skills(market: MarketModel, n_reps: int, rng: np.random.Generator) -> FloatMatrix:
    share = market.team.general_share
    general = np.sqrt(share) * rng.standard_normal((n_reps, 1))
    special = np.sqrt(1 - share) * rng.standard_normal((n_reps, len(market.products)))
    raw = general + special
    return np.asarray(market.team.skill_sd * (raw - raw.mean()) / raw.std())


def _serves(market: MarketModel, n_reps: int, rng: np.random.Generator) -> BoolMatrix:
    n_regions = len(market.regions)
    order = rng.random((n_reps, n_regions)).argsort(axis=1).argsort(axis=1)
    serves = order < market.team.regions_each
    serves[np.arange(n_reps), np.arange(n_reps) % n_regions] = True
    return np.asarray(serves)
