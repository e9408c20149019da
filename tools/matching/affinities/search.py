"""Which parts of an effect the history bears out, and how large they are: by marginal likelihood. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product as pairs

import numpy as np

from tools.matching.affinities.kinds import Levels
from tools.matching.affinities.posterior import Deals, Posterior, fit_posterior
from tools.matching.affinities.prior import Spreads, prior_root
from tools.matching.arrays import FloatMatrix

_GRID = (0.0, 0.1, 0.2, 0.3, 0.45, 0.65, 0.9)
_REACH = 2
_FURTHER = (0.1, 0.2, 0.35, 0.6)
_HALF_LIVES = (4.0, 16.0)
_LIKENESS = (0.5, 0.9)
_SPREAD_SCALE = 0.5
_LEAST_GAIN = float(np.log(3.0))
"""A part joins when the history speaks for it at least 3 to 1, averaged over its sizes."""

_LEAST_WEIGHT = 0.02
_LIKENESS_ROUNDS = 3
_LEAST_REPS = 6


@dataclass(frozen=True)
class RepEffects:
    """Effects of reps, averaged over the plausible priors.

    Attributes:
        mean: Shape (n_reps, n_columns). Log-odds.
        covariance: Shape (n_reps, n_columns, n_columns).
        prior: Shape (n_columns, n_columns). Covariance of a rep of whom nothing is known.
        spreads: The prior in words: averages over those that were plausible.
        likeness: Shape (n_products, n_products). Which products go together over reps; None where that says nothing.
    """

    mean: FloatMatrix
    covariance: FloatMatrix
    prior: FloatMatrix
    spreads: Spreads
    likeness: FloatMatrix | None


def estimate_rep_effects(deals: Deals, levels: Levels, *, around: Spreads | None = None) -> RepEffects:
    """Estimate every rep's effects beyond the base rate, shrunk by how much the data vary.

    Spreads of rep and of product are not plugged in: posteriors are averaged over a grid of them, weighted by marginal
    likelihood and a half-normal prior. So thin data shrink to the pool mean without a threshold. The parts by region,
    source, recent form and likeness of products each join only where the marginal likelihood of the history gains.
    For a series in time that is the product of the predictions of each outcome by those before it.

    Args:
        deals: Judged leads; parts in the order rep, product, region, source, recent.
        levels: Which column is which.
        around: What an earlier, coarse estimate found: the fine grid near it is searched, and the parts beyond rep and
            product are asked about. None makes the coarse estimate.
    """
    core = deals.with_parts((0, 1))
    start = np.zeros((deals.n_reps, deals.n_columns))
    found: list[tuple[Spreads, float]] = []
    best, top = Spreads(0.0, 0.0), -np.inf
    best_fit: Posterior | None = None
    for rep, product in pairs(_near(around.rep), _near(around.product)) if around else pairs(_GRID[::2], repeat=2):
        spreads = Spreads(rep, product)
        fit = fit_posterior(core, prior_root(spreads, levels), start=start)
        score = float(fit.evidence.sum()) - (rep**2 + product**2) / (2 * _SPREAD_SCALE**2)
        found.append((spreads, score))
        start = fit.mean
        if score > top:
            best, top, best_fit = spreads, score, fit
    likeness: FloatMatrix | None = None
    if around is not None and best_fit is not None:
        best, likeness = _extend(deals, levels, best, best_fit)
    extra = {name: getattr(best, name) for name in ("region", "source", "recent", "similar", "half_life")}
    weights = np.exp(np.array([score for _, score in found]) - top)
    weights = weights / weights.sum()
    kept = [(replace(s, **extra), w) for (s, _), w in zip(found, weights, strict=True) if w >= _LEAST_WEIGHT]
    return _average(deals, levels, kept, likeness, start)


def _near(size: float) -> tuple[float, ...]:
    """Return the sizes of the grid around one."""
    at = int(np.abs(np.array(_GRID) - size).argmin())
    return _GRID[max(0, at - _REACH) : at + _REACH + 1]


def _extend(deals: Deals, levels: Levels, best: Spreads, fit: Posterior) -> tuple[Spreads, FloatMatrix | None]:
    """Add the parts that the history bears out, one after the other."""
    start, evidence = fit.mean, float(fit.evidence.sum())
    options: list[tuple[str, int, list[dict[str, float]]]] = [
        ("recent", 4, [{"recent": s, "half_life": h} for h in _HALF_LIVES for s in _FURTHER]),
        ("region", 2, [{"region": s} for s in _FURTHER[:3]]),
        ("source", 3, [{"source": s} for s in _FURTHER[:3]]),
    ]
    parts: tuple[int, ...] = (0, 1)
    for name, part, sizes in options:
        if levels.blocks[name].stop - levels.blocks[name].start < 2:  # noqa: PLR2004 - one level differs from nothing
            continue
        seen = deals.with_parts((*parts, part))
        fits = [fit_posterior(seen, prior_root(replace(best, **size), levels), start=start) for size in sizes]
        scores = np.array([float(f.evidence.sum()) for f in fits])
        gain = float(np.logaddexp.reduce(scores - evidence) - np.log(len(scores)))
        if gain > _LEAST_GAIN:
            index = int(scores.argmax())
            best, evidence, start, parts = (
                replace(best, **sizes[index]),
                scores[index],
                fits[index].mean,
                (*parts, part),
            )
    if len(levels.product_ids) < 3 or deals.n_reps < _LEAST_REPS or best.product == 0:  # noqa: PLR2004 - pairs of two
        return best, None
    return _with_likeness(deals.with_parts(parts), levels, best, evidence)


def _with_likeness(deals: Deals, levels: Levels, best: Spreads, evidence: float) -> tuple[Spreads, FloatMatrix | None]:
    """Learn which products go together from half of the reps, and ask the other half whether that is so."""
    halves = (np.arange(deals.n_reps) % 2 == 0, np.arange(deals.n_reps) % 2 == 1)
    learned = [_likeness(deals, levels, best, half) for half in halves]
    scores = []
    for similar in _LIKENESS:
        spreads = replace(best, similar=similar)
        fits = [fit_posterior(deals, prior_root(spreads, levels, found)) for found in learned]
        scores.append(sum(float(f.evidence[half].sum()) for f, half in zip(fits, halves[::-1], strict=True)))
    gain = float(np.logaddexp.reduce(np.array(scores) - evidence) - np.log(len(scores)))
    if gain <= _LEAST_GAIN:
        return best, None
    everybody = np.ones(deals.n_reps, dtype=np.bool_)
    return replace(best, similar=_LIKENESS[int(np.argmax(scores))]), _likeness(deals, levels, best, everybody)


def _likeness(
    deals: Deals, levels: Levels, spreads: Spreads, reps: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> FloatMatrix:
    """Estimate the correlation of product effects over some reps by a few steps of expectation-maximisation."""
    at = levels.blocks["product"]
    n_products = len(levels.product_ids)
    likeness: FloatMatrix = np.eye(n_products)
    for _ in range(_LIKENESS_ROUNDS):
        fit = fit_posterior(deals, prior_root(replace(spreads, similar=0.9), levels, likeness))
        mean = fit.mean[reps][:, at]
        moment = mean.T @ mean + fit.covariance[reps][:, at, at].sum(axis=0)
        scale = np.sqrt(np.maximum(np.diag(moment), 1e-12))
        likeness = moment / np.outer(scale, scale)
    return likeness


def _average(
    deals: Deals,
    levels: Levels,
    plausible: Sequence[tuple[Spreads, float]],
    likeness: FloatMatrix | None,
    start: FloatMatrix,
) -> RepEffects:
    weights = np.array([weight for _, weight in plausible])
    weights = weights / weights.sum()
    roots = [prior_root(spreads, levels, likeness) for spreads, _ in plausible]
    fits = [fit_posterior(deals, root, start=start) for root in roots]
    means = np.stack([fit.mean for fit in fits])
    mean = np.tensordot(weights, means, axes=1)
    within = np.tensordot(weights, np.stack([fit.covariance for fit in fits]), axes=1)
    off = means - mean
    between = np.einsum("f,fri,frj->rij", weights, off, off)
    first = plausible[0][0]
    return RepEffects(
        mean=mean,
        covariance=within + between,
        prior=np.tensordot(weights, np.stack([root @ root.T for root in roots]), axes=1),
        spreads=replace(
            first,
            rep=float(weights @ np.array([s.rep for s, _ in plausible])),
            product=float(weights @ np.array([s.product for s, _ in plausible])),
        ),
        likeness=likeness,
    )
