"""Draws which rep had which lead, and when. History was round-robin, now and then blind to eligibility."""

from dataclasses import dataclass

import numpy as np

from simulation.market import MarketModel
from simulation.streams import Streams
from simulation.vectors import BoolMatrix, BoolVector, FloatVector, IntVector


@dataclass(frozen=True)
class Allotment:
    """Who had each lead; every vector has shape (n_leads,).

    Attributes:
        first: Index of the first rep, -1 where the lead never got one.
        first_at: Days since the start; NaN without a rep.
        pooled: Whether the lead waited in the pool before.
        final: The rep of record: the second rep where a manager moved the lead, else the first.
        moved_at: Days since the start of that move; infinite without one.
    """

    first: IntVector
    first_at: FloatVector
    pooled: BoolVector
    final: IntVector
    moved_at: FloatVector

    def rep_at(self, lead: IntVector, at: FloatVector) -> IntVector:
        """Return the rep of each lead at a moment, -1 before the first."""
        held = np.where(at < self.moved_at[lead], self.first[lead], self.final[lead])
        return np.where(at >= self.first_at[lead], held, -1)


def allot(market: MarketModel, eligible: BoolMatrix, created: FloatVector, streams: Streams) -> Allotment:
    """Give leads to reps in turn.

    Args:
        market: How often leads wait, move, or go to a rep who is not eligible.
        eligible: Shape (n_leads, n_reps).
        created: Shape (n_leads,). Days since the start, ascending.
        streams: Source of randomness.
    """
    n_leads, n_reps = eligible.shape
    rng = streams.of("allotment")
    recording = market.recording
    blind = _chosen(recording.ineligible, n_leads, rng)
    turn = np.arange(n_leads) + int(rng.integers(n_reps))
    first = _next_in_turn(eligible | blind[:, None], turn)
    pooled = _chosen(recording.pooled, n_leads, rng)
    never = _chosen(recording.never_assigned, n_leads, rng)
    routing_days = rng.exponential(4 / (24 * 60), n_leads)
    waiting_days = rng.uniform(0.5, 5.0, n_leads)
    first_at = created + np.where(pooled, waiting_days, routing_days)
    moves = _chosen(recording.moved, n_leads, rng) & ~never
    second = _next_in_turn(eligible & (np.arange(n_reps) != first[:, None]), turn + n_reps // 2)
    moved_at = first_at + rng.uniform(0.05, 1.8, n_leads)
    return Allotment(
        first=np.where(never, -1, first),
        first_at=np.where(never, np.nan, first_at),
        pooled=pooled | never,
        final=np.where(never, -1, np.where(moves, second, first)),
        moved_at=np.where(moves, moved_at, np.inf),
    )


def _next_in_turn(allowed: BoolMatrix, turn: IntVector) -> IntVector:
    """Return the first allowed rep from each lead's turn on; the turn itself where nobody is allowed."""
    n_reps = allowed.shape[1]
    distance = np.mod(np.arange(n_reps) - turn[:, None], n_reps)
    return np.asarray(np.argmin(np.where(allowed, distance, distance + n_reps), axis=1))


def _chosen(share: float, n: int, rng: np.random.Generator) -> BoolVector:
    return np.asarray(rng.random(n) < share)
