"""Hot, warm or cold: from what a rep's attention costs and what it brings. Pure: no clock, no I/O."""

from dataclasses import dataclass
from math import isfinite

from pydantic import Field

from domain.errors import InvalidInputError
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

    Raises:
        InvalidInputError: If the value is not above 0, or not finite.
    """
    if not (isfinite(relative_value) and relative_value > 0):
        raise InvalidInputError("relative_value", relative_value, "must be a number above 0")
    gain_per_p = costs.attention_share * relative_value
    warm = costs.contact_cost / gain_per_p
    displaced = max(base_rate * costs.attention_share - costs.contact_cost, 0.0)
    hot = warm + (displaced + costs.interruption_cost) / gain_per_p
    return Thresholds(warm=warm, hot=hot)


def relative_value(mean_value: float | None, typical_value: float | None) -> float:
    """Hold a lead's own predicted deal value against the typical deal's; 1 where either is not known.

    It is the mean that is compared, as in the expected value: attention to a lead pays by what its deals bring on
    average, of which one large deal in ten is part.

    Args:
        mean_value: Mean value of the lead's deal if it is won.
        typical_value: Mean value of the market's won deals, in the same currency.
    """
    if not mean_value or not typical_value:
        return 1.0
    return mean_value / typical_value


def temperature_of(p: float, limits: Thresholds, *, previous: Temperature | None = None) -> Temperature:
    """Say how soon a lead deserves a person.

    Args:
        p: Probability of conversion, in [0, 1].
        limits: Thresholds of this lead.
        previous: What it was; a threshold between the old and the new temperature must be passed by
            `HYSTERESIS` of itself, so that a flapping score does not ring twice. Thresholds are inverse to the
            lead's value, so this holds of `p * value` too: as long as it moves by less than a factor of
            (1 + `HYSTERESIS`) / (1 - `HYSTERESIS`) = 1.22, a lead never returns to a temperature that it has left.
    """
    warm, hot = limits.warm, limits.hot
    if previous is not None:
        warm *= 1 + HYSTERESIS if previous is Temperature.COLD else 1 - HYSTERESIS
        hot *= 1 - HYSTERESIS if previous is Temperature.HOT else 1 + HYSTERESIS
    if p >= hot:
        return Temperature.HOT
    return Temperature.WARM if p >= warm else Temperature.COLD
