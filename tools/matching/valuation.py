"""What each pair of lead and rep is worth, term by term. Pure: no clock, no I/O; chooses nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tools.matching.affinities.model import shift_probability
from tools.matching.arrays import BoolMatrix, FloatMatrix, FloatVector, IntVector

URGENCY = 0.1
"""What a lead at its deadline gains in the contest for scarce places, as a part of its own expected value."""

_CLIP = 1e-6
_CHUNK = 256


@dataclass(frozen=True)
class PairUtilities:
    """The worth of every pair of a batch.

    Utility is the expected value of the lead in the rep's hands, less travel and, for a hot lead, what is lost until its
    rep works again; a lead near its deadline counts a little more, whoever takes it. What workload costs depends on how many leads a rep gets, and is not part of it.

    Attributes:
        p_convert: Shape (n_leads,). Probability of winning, whoever takes the lead.
        value: Shape (n_leads,). What a win is worth.
        kind: Shape (n_leads,). Column of the shifts that each lead belongs to.
        shifts: Log-odds by term, each of shape (n_reps, n_kinds).
        travel: Shape (n_leads, n_reps). What travel costs; None where it costs nothing.
        urgency: Shape (n_leads,). What urgency adds, in units of utility; None without deadlines.
        hot: Shape (n_leads,). Expected value of the leads that should be contacted at once, 0 of others; None without any.
        delay: Shape (n_reps,). Part of that value that is lost because a rep does not work now.
    """

    p_convert: FloatVector
    value: FloatVector
    kind: IntVector
    shifts: Mapping[str, FloatMatrix]
    travel: FloatMatrix | None = None
    urgency: FloatVector | None = None
    hot: FloatVector | None = None
    delay: FloatVector | None = None

    @cached_property
    def total_shift(self) -> FloatMatrix:
        """Shape (n_reps, n_kinds). Sum of the shifts."""
        return sum(self.shifts.values(), np.zeros(next(iter(self.shifts.values())).shape))

    def worth(self, shift: FloatMatrix | None = None) -> FloatMatrix:
        """Return the utility of every pair. Shape (n_leads, n_reps).

        Args:
            shift: Log-odds to use in place of the sum of the shifts, shape (n_reps, n_kinds).
        """
        # Odds multiply, so the exponential is taken once per kind and not once per lead.
        factor = np.exp(self.total_shift if shift is None else shift).T
        p = np.clip(self.p_convert, _CLIP, 1 - _CLIP)
        odds = p / (1 - p)
        worth = np.empty((len(p), factor.shape[1]))
        for start in range(0, len(p), _CHUNK):
            rows = slice(start, start + _CHUNK)
            won = odds[rows, None] * factor[self.kind[rows]]
            np.divide(won * self.value[rows, None], 1 + won, out=worth[rows])
        if self.urgency is not None:
            worth += self.urgency[:, None]
        if self.travel is not None:
            worth -= self.travel
        if self.hot is not None and self.delay is not None:
            worth -= self.hot[:, None] * self.delay
        return worth

    def worth_alone(self, lead: int, shifts: FloatMatrix, reps: IntVector) -> FloatMatrix:
        """Return the utility of one lead with some reps under several shifts. Both of shape (n, n_reps_given).

        Args:
            lead: Index of the lead.
            shifts: Log-odds to use in place of the sum of the shifts.
            reps: Shape (n_reps_given,). The reps that the columns stand for.
        """
        p = float(np.clip(self.p_convert[lead], _CLIP, 1 - _CLIP))
        won = p / (1 - p) * np.exp(shifts)
        worth: FloatMatrix = won * self.value[lead] / (1 + won)
        if self.urgency is not None:
            worth += self.urgency[lead]
        if self.travel is not None:
            worth -= self.travel[lead, reps]
        if self.hot is not None and self.delay is not None:
            worth -= self.hot[lead] * self.delay[reps]
        return worth

    def chance(self, lead: IntVector, rep: IntVector) -> FloatVector:
        """Return the probability that leads are won in the hands of reps, pair by pair."""
        return shift_probability(self.p_convert[lead], self.total_shift[rep, self.kind[lead]])

    def terms(self, lead: IntVector, rep: IntVector) -> dict[str, FloatVector]:
        """Return the terms of pairs; their sum is the utility.

        The shifts are applied one after the other, and each term is what its step adds, so the terms add up exactly.
        """
        value, p = self.value[lead], self.p_convert[lead]
        chance = p
        terms = {"lead": p * value}
        total = np.zeros(len(lead))
        for name, shift in self.shifts.items():
            total = total + shift[rep, self.kind[lead]]
            moved = shift_probability(p, total)
            terms[name] = (moved - chance) * value
            chance = moved
        if self.urgency is not None:
            terms["urgency"] = self.urgency[lead]
        if self.travel is not None:
            terms["travel"] = -self.travel[lead, rep]
        if self.hot is not None and self.delay is not None:
            terms["off_duty"] = 0.0 - self.hot[lead] * self.delay[rep]
        return terms


def fill_values(values: Sequence[float | None]) -> FloatVector:
    """Return what a win of each lead is worth. Shape (n_leads,).

    A lead of unknown value counts as the mean of those known in the batch; where none is known every win counts 1,
    and utility is the probability itself.
    """
    known = [value for value in values if value is not None]
    typical = float(np.mean(known)) if known else 1.0
    return np.array([typical if value is None else value for value in values], dtype=np.float64)


def mean_worth(worth: FloatMatrix, eligible: BoolMatrix) -> float:
    """Return the mean size of the utility of the allowed pairs, the unit of fairness; 0 without any."""
    n = np.count_nonzero(eligible)
    return float(np.abs(worth).sum(where=eligible)) / n if n else 0.0
