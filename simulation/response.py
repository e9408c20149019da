"""What a nudge does to a lead: the odds of a reply and the odds of conversion. Pure formulas, no draws."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from simulation.effects import Effects
from simulation.market import MarketModel
from simulation.moments import Timeline
from simulation.odds import utc_offsets
from simulation.population import DAY_PARTS, HABITS, Population
from simulation.vectors import BoolVector, FloatVector, IntVector, sigmoid

_REPLY_URGENCY, _REPLY_NEED, _REPLY_HABIT, _REPLY_HOUR = 0.50, 0.35, 0.55, 0.25
_SATURDAY = 5


@dataclass(frozen=True)
class Response:
    """How leads respond to contacts, by index of lead and of action.

    Attributes:
        market: The planted sizes.
        effects: Which effects are on.
        population: The leads.
        created: Shape (n_leads,). Days since the start.
        timeline: Tells local hours and weekdays.
    """

    market: MarketModel
    effects: Effects
    population: Population
    created: FloatVector
    timeline: Timeline

    def nudge_odds(self, lead: IntVector, action: IntVector) -> FloatVector:
        """Return the log-odds of conversion that an action adds. Waiting adds exactly 0."""
        if not self.effects.nudges:
            return np.zeros(len(lead))
        base, habit, need = (
            np.array([getattr(spec, name) for spec in self.market.actions])[action]
            for name in ("effect", "habit", "need")
        )
        return np.asarray(base + habit * self._habit(lead, action) + need * self.population.latents["need"][lead])

    def timing_odds(self, lead: IntVector, at: FloatVector) -> FloatVector:
        """Return the log-odds of conversion that the moment of a contact adds; a contact that never comes adds 0.

        Args:
            lead: Shape (n,). Indices of leads.
            at: Shape (n,). Days since the start; NaN for no contact.
        """
        if not self.effects.timing:
            return np.zeros(len(lead))
        timing, known = self.market.timing, np.isfinite(at)
        when = np.where(known, at, self.created[lead])
        delay_h = np.maximum(0.0, when - self.created[lead]) * 24
        odds = timing.speed * np.exp2(-delay_h / timing.half_life_h)
        odds = odds + timing.preferred_hours * self._preferred(lead, when)
        odds = odds + timing.weekend * self._weekend(lead, when)
        return np.where(known, odds, 0.0)

    def reply_probability(self, lead: IntVector, action: IntVector, at: FloatVector) -> FloatVector:
        """Return the probability that a contact is answered, or that the lead writes unasked where the action waits.

        Args:
            lead: Shape (n,). Indices of leads.
            action: Shape (n,). Indices of actions.
            at: Shape (n,). Days since the start.
        """
        rates = np.array([spec.reply_rate for spec in self.market.actions])
        if not self.effects.nudges:
            rates = np.full_like(rates, rates.mean())
        odds = logit(rates)[action]
        if self.effects.behaviour:
            latents = self.population.latents
            odds = odds + _REPLY_URGENCY * latents["urgency"][lead] + _REPLY_NEED * latents["need"][lead]
        if self.effects.nudges:
            odds = odds + _REPLY_HABIT * self._habit(lead, action)
        if self.effects.timing:
            odds = odds + _REPLY_HOUR * (2.0 * self._preferred(lead, at) - 1.0)
        return sigmoid(odds)

    def _habit(self, lead: IntVector, action: IntVector) -> FloatVector:
        channels = [spec.channel.value if spec.channel else "" for spec in self.market.actions]
        total = np.zeros(len(lead))
        for name in HABITS:
            uses = np.array([channel == name for channel in channels])[action]
            total += uses * self.population.habits[name][lead]
        return total

    def _preferred(self, lead: IntVector, at: FloatVector) -> BoolVector:
        hour = self.timeline.local_hour(at, utc_offsets(self.market, self.population)[lead])
        begin, end = np.array(DAY_PARTS)[self.population.day_part[lead]].T
        return np.asarray((hour >= begin) & (hour < end))

    def _weekend(self, lead: IntVector, at: FloatVector) -> BoolVector:
        weekday = self.timeline.weekday(at, utc_offsets(self.market, self.population)[lead])
        return np.asarray(weekday >= _SATURDAY)
