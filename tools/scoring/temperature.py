"""Hot, warm or cold: from what a rep's attention costs and what it brings. Pure: no clock, no I/O."""

from dataclasses import dataclass

from pydantic import Field

from domain.scores import Temperature
from domain.values import Value

HYSTERESIS = 0.1
"""A lead leaves its temperature only when its probability passes the threshold by this share of it."""


class LeadCosts(Value):
    """What attention costs, in units of the market's typical deal, so that one setting fits a roof and a house.

    The defaults say: working a lead costs 1 % of a deal, dropping other work for it 2.5 %, and a quarter of a
    lead's chance is there only because a rep works it. A team that knows better says so.
    """

    contact_cost: float = Field(default=0.01, gt=0, description="Working one lead, in typical deals.")
    interruption_cost: float = Field(default=0.025, ge=0, description="Dropping other work for it, in typical deals.")
    attention_share: float = Field(default=0.25, gt=0, le=1, description="Share of the chance that attention adds.")


@dataclass(frozen=True)
class Thresholds:
    """Probabilities from which a lead is warm and hot; `warm <= hot`. Above 1 means never."""

    warm: float
    hot: float


def thresholds(costs: LeadCosts, *, base_rate: float, relative_value: float = 1.0) -> Thresholds:
    """Derive the thresholds.

    Attention adds `p * attention_share * value`. A lead is warm from where that pays `contact_cost`. It is hot
    from where it pays to drop other work for it: it must bring `interruption_cost` more than the lead that waits
    instead, which is an average one, or nothing when not even that pays.

    Args:
        costs: What attention costs.
        base_rate: Probability of the average lead, in [0, 1].
        relative_value: Value of this lead's deal over the typical deal's, > 0.
    """
    gain_per_p = costs.attention_share * relative_value
    warm = costs.contact_cost / gain_per_p
    displaced = max(base_rate * costs.attention_share - costs.contact_cost, 0.0)
    hot = warm + (displaced + costs.interruption_cost) / gain_per_p
    return Thresholds(warm=warm, hot=hot)


def temperature_of(p: float, limits: Thresholds, *, previous: Temperature | None = None) -> Temperature:
    """Say how soon a lead deserves a person.

    Args:
        p: Probability of conversion, in [0, 1].
        limits: Thresholds of this lead.
        previous: What it was; a threshold between the old and the new temperature must be passed by
            `HYSTERESIS` of itself, so that a flapping score does not ring twice.
    """
    warm, hot = limits.warm, limits.hot
    if previous is not None:
        warm *= 1 + HYSTERESIS if previous is Temperature.COLD else 1 - HYSTERESIS
        hot *= 1 - HYSTERESIS if previous is Temperature.HOT else 1 + HYSTERESIS
    if p >= hot:
        return Temperature.HOT
    return Temperature.WARM if p >= warm else Temperature.COLD
