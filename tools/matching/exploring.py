"""Exploration within a budget: a batch planned on plausible instead of mean effects. Pure; knows no names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import BoolMatrix, FloatMatrix, FloatVector, IntVector

LADDER = (1.0, 0.5, 0.25)
"""Scales of the posterior that are tried, widest first, before the plan is made on the mean."""

SETTLED = 1.25
"""A rep whose spread is at most so many times the lower quartile over reps counts as known."""

N_DRAWS = 256
RESOLVED = 20_000
"""Pairs of lead and rep up to which propensities are counted over batches that are solved anew."""

_SOLVES = 32
_PRIOR = 2.0
_SHARED = 0.5
_LUCK = 2.5
_SHOWN = 24
_CHUNK = 256


class Planned(Protocol):
    """A plan of a batch."""

    @property
    def rep(self) -> IntVector:
        """Shape (n_leads,). Index of each lead's rep; -1 where it waits in the pool."""
        ...

    @property
    def prices(self) -> FloatVector:
        """Shape (n_reps,). What a place of each rep costs at the plan's margin, workload included, >= 0."""
        ...


@dataclass(frozen=True)
class Explored:
    """A batch planned with some exploration.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep; -1 where it waits in the pool.
        propensity: Shape (n_leads,). Probability, in (0, 1], that this way of planning gives the lead to this rep.
        scale: Part of the posterior spread that was drawn with; 0 is the plan on the mean.
        cost: Expected worth given up against the plan on the mean, measured on the mean, >= 0.
    """

    rep: IntVector
    propensity: FloatVector
    scale: float
    cost: float


def explore_within(
    mean: FloatMatrix,
    spread: FloatMatrix,
    worth_of: Callable[[FloatMatrix], FloatMatrix],
    solve: Callable[[FloatMatrix], Planned],
    *,
    eligible: BoolMatrix,
    kind: IntVector,
    budget: float,
    rng: np.random.Generator,
    cells: IntVector | None = None,
    ladder: Sequence[float] = LADDER,
    n_draws: int = N_DRAWS,
    value_of: Callable[[IntVector], float] | None = None,
    settled: float = SETTLED,
) -> Explored:
    """Plan a batch by Thompson sampling, as boldly as a budget allows.

    One set of effects is drawn for the whole batch from the posterior, narrowed by a scale; the batch is planned as if
    they were true. Only what is unknown beyond a settled rep is drawn: reps who are known teach by their daily leads, and
    doubting all of them every day costs more than it ever finds. And a draw below the mean is taken as the mean: it would
    hold back leads from a rep who looks good, and teach nothing. A new rep so gets leads in proportion to the chance that
    he is better than he looks. The widest scale of the ladder is used whose plan, valued at the mean effects, costs at most
    `budget` of what the plan on the mean is worth. All scales share their random numbers.

    The propensity of the chosen rep is the share of `n_draws` fresh draws in which he has the greatest worth minus
    price among the allowed reps, with the prices of the plan on the mean, plus one draw for each rep who could have
    been chosen: so it is never 0, and 1 only where there was no choice or no exploration. It is the probability given
    the scale. The worth of a pair is interpolated by a parabola through the draws of 0, 1 and 2 spreads. Fixed prices miss
    chains, in which a rep's lucky draw frees another's place; so where places are scarce, batches of at most `RESOLVED` pairs are planned
    anew for 32 draws, and that share counts, the first one only as two draws more.

    Args:
        mean: Shape (n_reps, n_kinds). Posterior mean of the shifts, log-odds.
        spread: The same shape. Posterior standard deviations, >= 0.
        worth_of: Turns shifts, shape (n_reps, n_kinds), into worths, shape (n_leads, n_reps), finite.
        solve: Plans a batch on worths of shape (n_leads, n_reps).
        eligible: Shape (n_leads, n_reps). Allowed pairs.
        kind: Shape (n_leads,). Column of `mean` that each lead belongs to.
        budget: Part of the mean plan's worth that may be given up, in [0, 1].
        rng: Source of randomness.
        cells: Shape (n_kinds,). Kinds with equal numbers (one product) move together; each on its own when None.
        ladder: Scales to try, widest first, > 0.
        n_draws: Draws behind the propensities, >= 1.
        value_of: Says what an assignment, shape (n_leads,), is worth at the mean effects, costs of workload included;
            the sum of the worths of its pairs when None.
        settled: Multiple, >= 0, of the lower quartile of the spreads of a kind up to which a spread is taken as settled;
            0 draws from the whole posterior, which is plain Thompson sampling.

    Raises:
        InvalidInputError: If shapes differ, the budget lies outside [0, 1] or a spread is negative.

    Source:
        Thompson, "On the likelihood that one unknown probability exceeds another", Biometrika 1933; Russo et al., "A
        Tutorial on Thompson Sampling", 2018, section 8 (narrowed posteriors); May, Korda, Lee and Leslie, "Optimistic
        Bayesian Sampling in Contextual-Bandit Problems", JMLR 2012 (draws not below the mean).
    """
    _check(mean, spread, eligible, kind, budget)
    worth = worth_of(mean)
    best = solve(worth)
    groups = np.arange(mean.shape[1]) if cells is None else cells
    spread = _unsettled(spread, settled)
    common, own = _draw(mean.shape[0], int(groups.max(initial=-1)) + 1, 1, rng)
    step = spread * np.maximum(common + own, 0.0)[0][:, groups]
    objective = value_of or (lambda rep: _value(worth, rep))
    value = objective(best.rep)
    for scale in ladder if budget > 0 and step.any() else ():
        plan = solve(worth_of(mean + scale * step))
        cost = value - objective(plan.rep)
        if cost <= budget * abs(value):
            near, far = (worth_of(mean + reach * scale * spread) for reach in (1, 2))
            bend = (far - 2 * near + worth) / 2
            choice = _Choice(worth, near - worth - bend, bend, best.prices, eligible)
            propensity = _propensities(choice, plan.rep, kind, groups, mean.shape[0], n_draws, rng)
            if len(kind) > 1 and worth.size <= RESOLVED and (best.prices + plan.prices).any():
                hits = np.zeros(len(kind))
                for _ in range(_SOLVES):
                    common, own = _draw(mean.shape[0], int(groups.max()) + 1, 1, rng)
                    again = scale * spread * np.maximum(common + own, 0.0)[0][:, groups]
                    hits += solve(worth_of(mean + again)).rep == plan.rep
                propensity = (hits + _PRIOR * propensity) / (_SOLVES + _PRIOR)
            return Explored(plan.rep, propensity, scale, max(0.0, cost))
    return Explored(best.rep, np.ones(len(kind)), 0.0, 0.0)


@dataclass(frozen=True)
class _Choice:
    """Worth of each pair as a parabola of the standardised draw, with prices: shapes (n_leads, n_reps), (n_reps,)."""

    level: FloatMatrix
    slope: FloatMatrix
    bend: FloatMatrix
    prices: FloatVector
    eligible: BoolMatrix


def _unsettled(spread: FloatMatrix, settled: float) -> FloatMatrix:
    """Return what remains of standard deviations when that of a settled rep is taken away. Shape as given."""
    if not spread.size:
        return spread
    known = settled * np.quantile(spread, 0.25, axis=0)
    rest: FloatMatrix = np.sqrt(np.maximum(spread**2 - known**2, 0.0))
    return rest


def _draw(n_reps: int, n_cells: int, n: int, rng: np.random.Generator) -> tuple[FloatMatrix, FloatMatrix]:
    """Draw standard normals of which half the variance is common to a rep: (n, n_reps, 1) and (n, n_reps, n_cells)."""
    common = np.sqrt(_SHARED) * rng.standard_normal((n, n_reps, 1))
    return common, np.sqrt(1 - _SHARED) * rng.standard_normal((n, n_reps, n_cells))


def _propensities(
    choice: _Choice,
    chosen: IntVector,
    kind: IntVector,
    groups: IntVector,
    n_reps: int,
    n_draws: int,
    rng: np.random.Generator,
) -> FloatVector:
    """Estimate how often each lead's rep is chosen over draws. Only reps who stand a chance are compared."""
    common, own = _draw(n_reps, int(groups.max(initial=-1)) + 1, n_draws, rng)
    draws = np.maximum(common + own, 0.0)
    propensity = np.ones(len(chosen))
    served = np.flatnonzero(chosen >= 0)
    # Who is not among the best even in a lucky draw of his own is hardly ever chosen.
    lucky = choice.level + _LUCK * (choice.slope + _LUCK * choice.bend)
    hope = np.where(choice.eligible, lucky - choice.prices, -np.inf)
    hope[served, chosen[served]] = np.inf
    n_shown = min(_SHOWN, n_reps)
    for start in range(0, len(served), _CHUNK):
        lead = served[start : start + _CHUNK]
        rep = np.argpartition(-hope[lead], n_shown - 1, axis=1)[:, :n_shown]
        rows = lead[:, None]
        able = choice.eligible[rows, rep]
        z = draws[:, rep, groups[kind[lead]][:, None]]
        net = choice.level[rows, rep] - choice.prices[rep] + z * (choice.slope[rows, rep] + z * choice.bend[rows, rep])
        winner = np.where(able, net, -np.inf).argmax(axis=2)
        hits = (np.take_along_axis(rep, winner.T, axis=1) == chosen[rows]).sum(axis=1)
        propensity[lead] = (hits + 1) / (n_draws + np.maximum(able.sum(axis=1), 1))
    return propensity


def _value(worth: FloatMatrix, rep: IntVector) -> float:
    served = np.flatnonzero(rep >= 0)
    return float(worth[served, rep[served]].sum())


def _check(mean: FloatMatrix, spread: FloatMatrix, eligible: BoolMatrix, kind: IntVector, budget: float) -> None:
    if spread.shape != mean.shape:
        raise InvalidInputError("spread", spread.shape, f"must have the shape of mean, {mean.shape}")
    if not (spread >= 0).all():
        raise InvalidInputError("spread", float(spread.min()), "must be at least 0")
    if eligible.shape != (len(kind), mean.shape[0]):
        raise InvalidInputError("eligible", eligible.shape, f"must have the shape {(len(kind), mean.shape[0])}")
    if not 0 <= budget <= 1:
        raise InvalidInputError("budget", budget, "must lie in [0, 1]")
