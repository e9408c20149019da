"""The baseline: leads in order, reps in turn, the same hard rules. Pure: no clock, no I/O; weighs nothing."""

import numpy as np

from tools.matching.arrays import BoolMatrix, IntVector
from tools.matching.flow import POOL


def assign_in_turn(eligible: BoolMatrix, open_leads: IntVector, capacities: IntVector, *, first: int = 0) -> IntVector:
    """Give each lead, in order, to the next rep in turn who is allowed to take it and has a free place.

    Args:
        eligible: Shape (n_leads, n_reps). Which pairs are allowed.
        open_leads: Shape (n_reps,). Leads each rep has already, >= 0.
        capacities: Shape (n_reps,). Most leads each rep may have at once, >= 0.
        first: Index of the rep whose turn it is.

    Returns:
        Shape (n_leads,). Index of each lead's rep, or `POOL` where nobody may.
    """
    n_leads, n_reps = eligible.shape
    free = np.maximum(capacities - open_leads, 0)
    chosen = np.full(n_leads, POOL, dtype=np.int64)
    turn = first
    for lead in range(n_leads):
        order = (turn + np.arange(n_reps)) % n_reps if n_reps else np.arange(0)
        able = order[eligible[lead, order] & (free[order] > 0)]
        if len(able):
            chosen[lead] = able[0]
            free[able[0]] -= 1
            turn = int(able[0]) + 1
    return chosen
