"""How much more one course of a period would bring than another, and how sure that is. Pure: no clock, no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.affinities.model import shift_probability
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector
from tools.matching.flow import POOL
from tools.matching.replay.totals import Stakes

LEVEL = 0.8
N_DRAWS = 1_000

_AT_ONCE = 2_000_000
"""Numbers held at once while drawing."""


@dataclass(frozen=True)
class Gain:
    """How much more a course would bring, in expected wins or value.

    The interval says what is unknown about reps. The luck of single leads is not in it, nor errors of the scorer.

    Attributes:
        value: By the mean effects of reps.
        low: Lower end of the interval.
        high: Upper end.
        level: Probability that the interval holds the true difference, by the model.
        p_more: Probability that the difference is above 0, by the model; 0.5 where the courses bring the same.
    """

    value: float
    low: float
    high: float
    level: float
    p_more: float


def compare_courses(
    stakes: Stakes,
    before: IntVector,
    after: IntVector,
    *,
    rng: np.random.Generator,
    level: float = LEVEL,
    n_draws: int = N_DRAWS,
) -> tuple[Gain, Gain | None]:
    """Say how much more one course brings than another, in wins and in value (None where no value is known).

    Effects of reps are drawn from their posterior, the same for both courses: leads that the same rep gets in both
    cancel, and a course that gives many leads to one rep stakes them all on one draw.

    Args:
        stakes: What the pairs are worth.
        before: Shape (n_leads,). Index of each lead's rep in the one course, `POOL` for nobody.
        after: Shape (n_leads,). The same in the other.
        rng: Source of randomness.
        level: Of the interval, in (0, 1).
        n_draws: Draws, >= 1.

    Raises:
        InvalidInputError: If the level or the number of draws is out of range.
    """
    if not 0 < level < 1:
        raise InvalidInputError("level", level, "must lie in (0, 1)")
    if n_draws < 1:
        raise InvalidInputError("n_draws", n_draws, "must be at least 1")
    rows = np.flatnonzero(before != after)
    chance = stakes.chance(after)[rows] - stakes.chance(before)[rows]
    value = None if stakes.value is None else stakes.value[rows]
    wins, worth = [np.zeros(0)], [np.zeros(0)]
    for drawn in _drawn(stakes, rows, before[rows], after[rows], n_draws, rng):
        wins.append(drawn.sum(axis=1))
        worth.append(wins[-1] if value is None else drawn @ value)
    return (
        _gain(float(chance.sum()), np.concatenate(wins), level),
        None if value is None else _gain(float(chance @ value), np.concatenate(worth), level),
    )


def _drawn(
    stakes: Stakes, rows: IntVector, before: IntVector, after: IntVector, n_draws: int, rng: np.random.Generator
) -> Iterator[FloatMatrix]:
    """Draw how much more each lead brings, some draws at a time. Shape (n, n_rows)."""
    if not len(rows):
        return
    rep, kind = np.concatenate([after, before]), np.tile(stakes.kind[rows], 2)
    known = rep >= 0
    at = np.where(known, rep, 0)
    mean = np.where(known, stakes.shift[at, kind], 0.0)
    # Nobody wins what nobody has; who is not of this floor any more counts with the lead's own chance.
    sign = np.repeat([1.0, -1.0], len(rows)) * (rep != POOL)
    p = np.tile(stakes.p_convert[rows], 2)
    size = max(1, _AT_ONCE // max(len(rep), stakes.unknown.n_effects))
    for start in range(0, n_draws, size):
        n = min(size, n_draws - start)
        effect = mean + known * stakes.unknown.at(at, kind, n, rng=rng)
        more = sign * shift_probability(p, effect)
        yield more[:, : len(rows)] + more[:, len(rows) :]


def _gain(value: float, drawn: FloatVector, level: float) -> Gain:
    if not len(drawn) or not np.ptp(drawn):
        return Gain(value, value, value, level, 0.5 if not value else float(value > 0))
    low, high = (float(end) for end in np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]))
    return Gain(value, min(low, value), max(high, value), level, float((drawn > 0).mean()))
