"""Prices of places near those of the optimum, and the pairs worth considering at them. Pure; assigns nothing.

Keeping the reps that suit each lead best loses value: all leads want the same few, and many end up with nobody. What
counts is utility less price, so prices are estimated first.
"""

from collections.abc import Callable, Iterator

import numpy as np

from tools.matching.arrays import FloatVector, IntVector, SingleMatrix, SingleVector
from tools.matching.places import Places

CANDIDATES = 12
"""Pairs considered per lead, at least."""

_SAMPLE = 700
_SOFT_SWEEPS = 16
_DENSE_SWEEPS = 4
_NARROW_SWEEPS = 36
_NARROW = 32
_CHUNK = 256


def find_candidates(net: SingleMatrix, places: Places) -> tuple[IntVector, IntVector, FloatVector]:
    """Find the pairs worth considering, and prices near those of the optimum.

    First a sample of the leads chooses among reps with a probability that sharpens from sweep to sweep, and prices
    follow the logarithm of demand over supply. Then all leads choose outright among all reps, and last among the reps
    that are best at these prices, while each price moves by a step that grows as long as the excess of demand keeps its
    sign and halves when it changes.

    Args:
        net: Shape (n_leads, n_reps). Utilities as float32, minus infinity for pairs that are not allowed; every lead
            has an allowed pair.
        places: Places of the reps.

    Returns:
        Leads and reps of the candidates, in order of lead; prices >= 0, shape (n_reps,).

    Source:
        Sinkhorn and Knopp 1967, and Cuturi, "Sinkhorn Distances", NeurIPS 2013 (soft sweeps); Riedmiller and Braun,
        "RPROP", 1993 (steps); Bertsekas, "Auction algorithms", 1992 (prices from excess demand).
    """
    # Evenly spaced leads stand for all: the order of a batch says little about what is in it.
    sample = net[:: max(1, len(net) // _SAMPLE)]
    spread = _typical_regret(sample)
    prices = _soften(sample, places, spread, len(net) / len(sample))
    prices = _settle(lambda p: _choose(net, p), places, prices, 0.01 * spread, _DENSE_SWEEPS)
    wide = _best_reps(net, prices, _NARROW)
    narrow = np.take_along_axis(net, wide, axis=1)
    row = np.arange(len(net))

    def choose(prices: FloatVector) -> tuple[IntVector, float]:
        surplus = narrow - prices.astype(np.float32)[wide]
        best = surplus.argmax(axis=1)
        return wide[row, best], float(surplus[row, best].sum(dtype=np.float64))

    prices = _settle(choose, places, prices, 0.003 * spread, _NARROW_SWEEPS)
    surplus = narrow - prices.astype(np.float32)[wide]
    n = min(CANDIDATES, surplus.shape[1])
    least = np.partition(surplus, -n, axis=1)[:, -n]
    lead, rep = _at_least(net, prices, least)
    return lead, rep, prices


def _at_least(net: SingleMatrix, prices: FloatVector, least: SingleVector) -> tuple[IntVector, IntVector]:
    """Return the allowed pairs whose utility less price is at least what the lead asks, in order of lead."""
    found = []
    least = np.maximum(least, np.finfo(np.float32).min)
    for rows, surplus in _surpluses(net, prices):
        found.append(np.flatnonzero(surplus >= least[rows, None]) + rows.start * net.shape[1])
    lead, rep = np.divmod(np.concatenate(found), net.shape[1])
    return lead, rep


def _soften(sample: SingleMatrix, places: Places, spread: float, copies: float) -> FloatVector:
    """Estimate prices from a sample in which each lead stands for several."""
    prices = np.zeros(sample.shape[1])
    for heat in spread * np.geomspace(0.3, 0.01, _SOFT_SWEEPS):
        demand = _soft_demand(sample, prices, heat) * copies
        supply = np.maximum(places.supply(prices), 0.5)
        prices = np.maximum(0.0, prices + heat * np.log((demand + 1e-9) / supply))
    return prices


def _settle(
    choose: Callable[[FloatVector], tuple[IntVector, float]],
    places: Places,
    prices: FloatVector,
    step: float,
    n_sweeps: int,
) -> FloatVector:
    """Move prices by excess demand; return those with the least bound on the worth of the batch.

    Args:
        choose: Returns, at given prices, the rep that each lead asks for and the sum of the leads' surpluses.
        places: Places of the reps.
        prices: Shape (n_reps,). Prices to begin with.
        step: First step, in units of utility.
        n_sweeps: How often to move.
    """
    n_reps = len(prices)
    steps, last = np.full(n_reps, step), np.zeros(n_reps)
    least, best = np.inf, prices
    for _ in range(n_sweeps):
        asked, surplus = choose(prices)
        bound = surplus + float(np.maximum(prices[places.rep] - places.cost, 0).sum())
        if bound < least:
            least, best = bound, prices
        supply = places.supply(prices)
        excess = np.bincount(asked, minlength=n_reps) - supply
        sign = np.sign(excess)
        steps = steps * np.where(sign * last > 0, 1.25, np.where(sign * last < 0, 0.5, 1.0))
        prices = np.maximum(0.0, prices + sign * steps * np.minimum(1.0, 0.1 + np.abs(excess) / np.maximum(supply, 1)))
        last = sign
    return best


def _choose(net: SingleMatrix, prices: FloatVector) -> tuple[IntVector, float]:
    """Return the rep with the greatest utility less price for each lead, and the sum of these surpluses."""
    best, total = np.empty(len(net), dtype=np.int64), 0.0
    for rows, surplus in _surpluses(net, prices):
        best[rows] = surplus.argmax(axis=1)
        total += float(surplus.max(axis=1).sum(dtype=np.float64))
    return best, total


def _best_reps(net: SingleMatrix, prices: FloatVector, n: int) -> IntVector:
    """Return the n reps with the greatest utility less price for each lead, the best ones first. Shape (n_leads, n).

    Who looks for the best of a row again and again, at prices that hardly change, finds it sooner at its beginning.
    """
    n = min(n, net.shape[1])
    best = np.empty((len(net), n), dtype=np.int64)
    for rows, surplus in _surpluses(net, prices):
        top = np.argpartition(surplus, -n, axis=1)[:, -n:]
        order = np.argsort(-np.take_along_axis(surplus, top, axis=1), axis=1)
        best[rows] = np.take_along_axis(top, order, axis=1)
    return best


def _soft_demand(net: SingleMatrix, prices: FloatVector, heat: float) -> FloatVector:
    """Add up each rep's chances of being chosen, softmax of utility less price over heat. Shape (n_reps,)."""
    demand = np.zeros(net.shape[1])
    for _, surplus in _surpluses(net, prices):
        weight = np.subtract(surplus, surplus.max(axis=1, keepdims=True), out=surplus)
        weight /= np.float32(heat)
        np.exp(weight, out=weight)
        demand += (1 / weight.sum(axis=1)) @ weight
    return demand


def _surpluses(net: SingleMatrix, prices: FloatVector) -> Iterator[tuple[slice, SingleMatrix]]:
    """Go through utilities less prices in blocks that fit the cache; each block is overwritten by the next."""
    buffer = np.empty((_CHUNK, net.shape[1]), dtype=net.dtype)
    prices = prices.astype(net.dtype)
    for start in range(0, len(net), _CHUNK):
        rows = slice(start, min(start + _CHUNK, len(net)))
        surplus = buffer[: rows.stop - rows.start]
        np.subtract(net[rows], prices, out=surplus)
        yield rows, surplus


def _typical_regret(net: SingleMatrix) -> float:
    """Return how far the mean allowed rep lies below the best one, in the median lead; a positive number."""
    allowed = np.isfinite(net)
    mean = np.where(allowed, net, 0).sum(axis=1, dtype=np.float64) / allowed.sum(axis=1)
    return max(float(np.median(net.max(axis=1) - mean)), 1e-6 * float(np.abs(net[allowed]).max(initial=0)), 1e-12)
