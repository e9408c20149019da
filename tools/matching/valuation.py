"""What each pair of lead and rep is worth, term by term. Pure: no clock, no I/O; chooses nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tools.matching.affinity import shift_probability
from tools.matching.arrays import BoolMatrix, FloatMatrix, FloatVector, IntVector
from tools.matching.assignment import workload_cost


@dataclass(frozen=True)
class PairUtilities:
    """The worth of every pair.

    Attributes:
        chance: Shape (n_leads, n_reps). Probability that the lead is won in the rep's hands.
        steps: Terms of the worth, each of shape (n_leads, n_reps); they add up to `worth`.
        worth: Shape (n_leads, n_reps). Expected value of the pair, before workload.
        workload: Shape (n_reps,). Cost of the rep's next lead, in units of worth.
        workload_weight: The cost of a rep's last free place, in units of worth.
        open_leads: Shape (n_reps,). Leads each rep has already.
        capacities: Shape (n_reps,). Most leads each rep may have.
    """

    chance: FloatMatrix
    steps: Mapping[str, FloatMatrix]
    worth: FloatMatrix
    workload: FloatVector
    workload_weight: float
    open_leads: IntVector
    capacities: IntVector

    def terms(self, lead: int, rep: int) -> dict[str, float]:
        """Return the terms of one pair; their sum is the pair's utility for the next lead of this rep."""
        return {name: float(step[lead, rep]) for name, step in self.steps.items()} | {
            "workload": -float(self.workload[rep])
        }

    def ranking(self, lead: int, reps: Sequence[int]) -> list[int]:
        """Order reps by utility for a lead, best first; equals in order of index."""
        net = self.worth[lead] - self.workload
        return sorted(reps, key=lambda rep: (-net[rep], rep))


def value_pairs(
    *,
    p_convert: FloatVector,
    values: Sequence[float | None],
    shifts: Mapping[str, FloatMatrix],
    eligible: BoolMatrix,
    open_leads: IntVector,
    capacities: IntVector,
    fairness: float,
) -> PairUtilities:
    """Value every pair of lead and rep.

    Utility is the expected value of the lead in the rep's hands. A lead of unknown value counts as the mean of
    those known in the batch; where none is known every win counts 1, and utility is the probability itself.
    The shifts are applied one after the other, and each term is what its step adds, so the terms add up exactly.

    Args:
        p_convert: Shape (n_leads,). Probability of winning, whoever takes the lead.
        values: n_leads values of a win, >= 0, or None.
        shifts: Log-odds by term, each of shape (n_reps, n_leads): the column belongs to the lead.
        eligible: Shape (n_leads, n_reps). Allowed pairs; they set the scale of `fairness`.
        open_leads: Shape (n_reps,). Leads each rep has already.
        capacities: Shape (n_reps,). Most leads each rep may have.
        fairness: What a rep's last free place costs, as a part of the mean worth of the allowed pairs, >= 0.
    """
    known = [value for value in values if value is not None]
    typical = float(np.mean(known)) if known else 1.0
    value = np.array([typical if v is None else v for v in values])[:, None]
    shape = eligible.shape
    chance = np.broadcast_to(p_convert[:, None], shape)
    steps = {"lead": chance * value}
    total = np.zeros(shape)
    for name, shift in shifts.items():
        total = total + shift.T
        moved = shift_probability(p_convert[:, None], total)
        steps[name] = (moved - chance) * value
        chance = moved
    worth = chance * value
    weight = fairness * float(worth[eligible].mean()) if eligible.any() else 0.0
    return PairUtilities(
        chance=chance,
        steps=steps,
        worth=worth,
        workload=weight * workload_cost(open_leads, capacities),
        workload_weight=weight,
        open_leads=open_leads,
        capacities=capacities,
    )
