"""Exploration within a budget: a batch planned on plausible instead of mean effects. Pure; knows no names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from domain.errors import InvalidInputError
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

LADDER = (1.0, 0.5, 0.25)
"""Scales of the posterior that are tried, widest first, before the plan is made on the mean."""

SETTLED = 1.25
"""A rep whose spread is at most so many times the lower quartile over reps counts as known."""

N_DRAWS = 256
"""Choices that are drawn for a lead by itself, one of which is carried out."""

MOST_PLANS, LEAST_PLANS = 32, 4
"""Plans that are drawn for a batch, one of which is carried out."""

_WORK = 800_000
"""Pairs that all plans of a batch go through together, as far as `LEAST_PLANS` allows: about a second."""

_SHARED = 0.5


class Planned(Protocol):
    """A plan of a batch."""

    @property
    def rep(self) -> IntVector:
        """Shape (n_leads,). Index of each lead's rep; -1 where it waits in the pool."""
        ...


@dataclass(frozen=True)
class Explored:
    """A batch planned with some exploration.

    Attributes:
        rep: Shape (n_leads,). Index of each lead's rep; -1 where it waits in the pool.
        propensity: Shape (n_leads,). Share of the plans drawn, this one among them, that do the same with the lead;
            in (0, 1].
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
    kind: IntVector,
    budget: float,
    rng: np.random.Generator,
    cells: IntVector | None = None,
    ladder: Sequence[float] = LADDER,
    n_plans: int | None = None,
    value_of: Callable[[IntVector], float] | None = None,
    settled: float = SETTLED,
) -> Explored:
    """Plan a batch by Thompson sampling, as boldly as a budget allows.

    One set of effects is drawn for the whole batch from the posterior, narrowed by a scale; the batch is planned as if
    they were true. Only what is unknown beyond a settled rep is drawn: reps who are known teach by their daily leads, and
    doubting all of them every day costs more than it ever finds. And a draw below the mean is taken as the mean: it would
    hold back leads from a rep who looks good, and teach nothing. A new rep so gets leads in proportion to the chance that
    he is better than he looks. The widest scale of the ladder is used whose plan, valued at the mean effects, costs at most
    `budget` of what the plan on the mean is worth.

    Several such plans are drawn and the first is carried out. They are drawn alike, so it might as well have been any of
    them: given the plans, the propensity of what happens to a lead is exactly the share of plans in which it happens,
    whatever chains of leads and places led to it. It is never less than one over their number.

    Args:
        mean: Shape (n_reps, n_kinds). Posterior mean of the shifts, log-odds.
        spread: The same shape. Posterior standard deviations, >= 0.
        worth_of: Turns shifts, shape (n_reps, n_kinds), into worths, shape (n_leads, n_reps), finite.
        solve: Plans a batch on worths of shape (n_leads, n_reps).
        kind: Shape (n_leads,). Column of `mean` that each lead belongs to.
        budget: Part of the mean plan's worth that may be given up, in [0, 1].
        rng: Source of randomness.
        cells: Shape (n_kinds,). Kinds with equal numbers (one product) move together; each on its own when None.
        ladder: Scales to try, widest first, > 0.
        n_plans: Plans to draw, >= 1; `MOST_PLANS` for a small batch and fewer for a large one when None.
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
    _check(mean, spread, budget)
    worth = worth_of(mean)
    best = solve(worth)
    groups = np.arange(mean.shape[1]) if cells is None else cells
    doubt = _unsettled(spread, settled)
    if budget == 0 or not doubt[:, np.unique(kind)].any():
        return Explored(best.rep, np.ones(len(kind)), 0.0, 0.0)
    objective = value_of or (lambda rep: _value(worth, rep))
    value = objective(best.rep)

    def draw(luck: FloatMatrix) -> tuple[IntVector, float, float]:
        step = doubt * luck[:, groups]
        for scale in ladder if step.any() else ():
            rep = solve(worth_of(mean + scale * step)).rep
            cost = value - objective(rep)
            if cost <= budget * abs(value):
                return rep, scale, max(0.0, cost)
        return best.rep, 0.0, 0.0

    luck = _luck(n_plans or plans_for(worth.size), mean.shape[0], int(groups.max(initial=-1)) + 1, rng)
    rep, scale, cost = draw(luck[0])
    alike = np.ones(len(rep))
    for each in luck[1:]:
        alike += draw(each)[0] == rep
    return Explored(rep, alike / len(luck), scale, cost)


def explore_alone(
    mean: FloatVector,
    spread: FloatVector,
    worth_of: Callable[[FloatMatrix, IntVector], FloatMatrix],
    price: FloatVector,
    *,
    budget: float,
    rng: np.random.Generator,
    ladder: Sequence[float] = LADDER,
    n_draws: int = N_DRAWS,
    settled: float = SETTLED,
) -> tuple[FloatVector, Explored]:
    """Choose a rep for one lead by itself, as `explore_within` does for a batch.

    Args:
        mean: Shape (n_reps,). Posterior mean of the shifts, log-odds.
        spread: Shape (n_reps,). Posterior standard deviations, >= 0.
        worth_of: Turns shifts, shape (n, k), of reps, shape (k,), into worths of the lead, shape (n, k), which never
            fall as a shift grows.
        price: Shape (n_reps,). What the lead pays for a place of each rep; infinite where he has none or it may not
            have him.
        budget: Part of the greatest net worth that may be given up, in [0, 1].
        rng: Source of randomness.
        ladder: Scales to try, widest first, > 0.
        n_draws: Choices to draw, >= 1.
        settled: As for `explore_within`.

    Returns:
        The shifts that the choice was made on, shape (n_reps,), and the choice.

    Raises:
        InvalidInputError: If the budget lies outside [0, 1] or a spread is negative.
    """
    _check(mean[:, None], spread[:, None], budget)
    everybody = np.arange(len(mean))
    net = worth_of(mean[None, :], everybody)[0] - price
    best = int(net.argmax())
    doubt = np.where(np.isfinite(price), _unsettled(spread[:, None], settled)[:, 0], 0.0)
    if budget == 0 or not np.isfinite(net[best]) or not doubt.any():
        return mean, Explored(np.array([best]), np.ones(1), 0.0, 0.0)
    luck = _luck(n_draws, len(mean), 1, rng)[:, :, 0]
    # No draw is below the mean, so who is not the best with all his luck never is.
    lucky = worth_of((mean + max(ladder) * doubt * luck.max(axis=0))[None, :], everybody)[0] - price
    able = np.flatnonzero(lucky >= net[best])
    chosen, scales = np.full(n_draws, -1), np.zeros(n_draws)
    for scale in ladder:
        open_ = np.flatnonzero(chosen < 0)
        shifts = mean[able] + scale * doubt[able] * luck[np.ix_(open_, able)]
        rep = able[(worth_of(shifts, able) - price[able]).argmax(axis=1)]
        within = net[best] - net[rep] <= budget * abs(net[best])
        chosen[open_[within]], scales[open_[within]] = rep[within], scale
    chosen[chosen < 0] = best
    rep, scale = chosen[0], float(scales[0])
    propensity = float((chosen == rep).mean())
    found = Explored(np.array([rep]), np.array([propensity]), scale, max(0.0, float(net[best] - net[rep])))
    return mean + scale * doubt * luck[0], found


def plans_for(n_pairs: int) -> int:
    """Return how many plans are drawn for a batch of so many pairs of lead and rep."""
    return int(np.clip(_WORK // max(n_pairs, 1), LEAST_PLANS, MOST_PLANS))


def _unsettled(spread: FloatMatrix, settled: float) -> FloatMatrix:
    """Return what remains of standard deviations when that of a settled rep is taken away. Shape as given."""
    if not spread.size:
        return spread
    known = settled * np.quantile(spread, 0.25, axis=0)
    rest: FloatMatrix = np.sqrt(np.maximum(spread**2 - known**2, 0.0))
    return rest


def _luck(n: int, n_reps: int, n_cells: int, rng: np.random.Generator) -> FloatMatrix:
    """Draw standard normals, those below 0 taken as 0, of which half the variance is common to a rep.

    Returns:
        Shape (n, n_reps, n_cells).
    """
    common = np.sqrt(_SHARED) * rng.standard_normal((n, n_reps, 1))
    luck: FloatMatrix = np.maximum(common + np.sqrt(1 - _SHARED) * rng.standard_normal((n, n_reps, n_cells)), 0.0)
    return luck


def _value(worth: FloatMatrix, rep: IntVector) -> float:
    served = np.flatnonzero(rep >= 0)
    return float(worth[served, rep[served]].sum())


def _check(mean: FloatMatrix, spread: FloatMatrix, budget: float) -> None:
    if spread.shape != mean.shape:
        raise InvalidInputError("spread", spread.shape, f"must have the shape of mean, {mean.shape}")
    if not (spread >= 0).all():
        raise InvalidInputError("spread", float(spread.min()), "must be at least 0")
    if not 0 <= budget <= 1:
        raise InvalidInputError("budget", budget, "must lie in [0, 1]")
