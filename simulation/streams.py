"""Independent random streams by concern, so that switching one effect off leaves the others' draws alone."""

import zlib
from dataclasses import dataclass

import numpy as np

from simulation.vectors import FloatVector, IntVector


@dataclass(frozen=True)
class Streams:
    """Names a generator for each concern of one seed."""

    seed: int

    def of(self, concern: str) -> np.random.Generator:
        """Return the generator of a concern, always from its beginning."""
        return np.random.default_rng([self.seed, zlib.crc32(concern.encode())])


def pick(weights: FloatVector, n: int, rng: np.random.Generator) -> IntVector:
    """Draw `n` indices with probabilities proportional to `weights`, one uniform number each."""
    return quantile_index(weights, rng.random(n))


def quantile_index(weights: FloatVector, uniform: FloatVector) -> IntVector:
    """Return the index whose share of the weights holds each number in [0, 1)."""
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(edges) - 1).astype(np.int64)
