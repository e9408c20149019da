"""The prior of rep effects: how far reps, their products, regions, sources and weeks may differ. Pure."""

from dataclasses import dataclass

import numpy as np

from tools.matching.affinities.kinds import Levels
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector

BLOCK_ENDS = (4, 8, 16, 32)
"""Weeks back at which one block of a rep's recent form ends and the next begins; the last block is open."""

N_BLOCKS = len(BLOCK_ENDS) + 1
_BLOCK_AGES: FloatVector = np.array([2.0, 6.0, 12.0, 24.0, 48.0])


@dataclass(frozen=True)
class Spreads:
    """Prior standard deviations of the parts of an effect, in log-odds; a part with 0 is absent.

    Attributes:
        rep: Between reps, whatever the lead.
        product: Between the products of a rep.
        region: Between the regions of a rep.
        source: Between the sources of a rep.
        recent: Between a rep's form now and long ago.
        similar: Part of the product spread, in [0, 1], that follows which products go together over reps.
        half_life: Weeks after which half of what form said is forgotten.
    """

    rep: float
    product: float
    region: float = 0.0
    source: float = 0.0
    recent: float = 0.0
    similar: float = 0.0
    half_life: float = 8.0


def blocks_of(weeks_back: IntVector) -> IntVector:
    """Number the blocks of weeks, from 0, the newest. Shape as given."""
    return np.searchsorted(np.array(BLOCK_ENDS), weeks_back, side="right").astype(np.int64)


def prior_root(spreads: Spreads, levels: Levels, likeness: FloatMatrix | None = None) -> FloatMatrix:
    """Return a root of the prior covariance of one rep's effects.

    Args:
        spreads: The standard deviations.
        levels: Which column is which.
        likeness: Shape (n_products, n_products). Correlation of products over reps; the identity when None.

    Returns:
        Shape (n_columns, k), one column for each effect that may differ from 0.

    Source:
        The recent form is an Ornstein-Uhlenbeck process seen at the ages of the blocks: Rasmussen and Williams,
        "Gaussian Processes for Machine Learning", 2006, section 4.2.1.
    """
    n_products = len(levels.product_ids)
    parts = {
        "rep": spreads.rep * np.eye(1),
        "product": spreads.product * _root(product_covariance(spreads, n_products, likeness)),
        "region": spreads.region * np.eye(len(levels.regions)),
        "source": spreads.source * np.eye(len(levels.sources)),
    }
    if levels.n_blocks:
        gaps = np.abs(_BLOCK_AGES[:, None] - _BLOCK_AGES[None, :])
        parts["recent"] = spreads.recent * _root(0.5 ** (gaps / spreads.half_life))
    at = levels.blocks
    roots = [np.zeros((levels.n_columns, 0))]
    for name, part in parts.items():
        if part.any():
            placed = np.zeros((levels.n_columns, part.shape[1]))
            placed[at[name]] = part
            roots.append(placed)
    return np.column_stack(roots)


def product_covariance(spreads: Spreads, n_products: int, likeness: FloatMatrix | None) -> FloatMatrix:
    """Return the prior covariance of product effects in units of their variance."""
    own = np.eye(n_products)
    return own if likeness is None else (1 - spreads.similar) * own + spreads.similar * likeness


def _root(covariance: FloatMatrix) -> FloatMatrix:
    values, vectors = np.linalg.eigh(covariance)
    root: FloatMatrix = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
