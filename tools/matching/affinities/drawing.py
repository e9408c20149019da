"""Plausible effects of reps, drawn from what history leaves open. Pure: no clock, no I/O; estimates nothing."""

from dataclasses import dataclass

import numpy as np

from tools.matching.arrays import FloatMatrix, FloatVector, IntVector


@dataclass(frozen=True)
class EffectDraws:
    """What is not known of the summed shifts of pairs of rep and kind of lead, jointly.

    A rep's effects move together as his posterior says: what is common to his leads, and what is of one product, region
    or source. The weights of what reps declare are common to all reps: if declared skill means less than was learned, it
    does so for everybody.

    Attributes:
        roots: Shape (n_reps, n_columns, k). A root of the posterior covariance of each rep's effects: it is
            `roots[i] @ roots[i].T`.
        columns: Shape (n_kinds, n_parts). Columns of the effects that add up; -1 where a part has none.
        content: Shape (n_terms, n_reps, n_kinds). What reps declare.
        errors: Shape (n_terms,). Standard errors of its weights, >= 0.
    """

    roots: FloatMatrix
    columns: IntVector
    content: FloatMatrix
    errors: FloatVector

    @classmethod
    def of(
        cls, covariance: FloatMatrix, columns: IntVector, content: FloatMatrix, errors: FloatVector
    ) -> "EffectDraws":
        """Prepare to draw under covariances by rep, shape (n_reps, n_columns, n_columns)."""
        values, vectors = np.linalg.eigh(covariance)
        return cls(vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :], columns, content, errors)

    @property
    def n_effects(self) -> int:
        """How many effects one draw draws."""
        n_reps, n_columns, _ = self.roots.shape
        return int(n_reps * n_columns)

    def at(self, rep: IntVector, kind: IntVector, n: int, *, rng: np.random.Generator) -> FloatMatrix:
        """Draw by how much the shifts of pairs differ from their means.

        Args:
            rep: Shape (n_pairs,). Index of the rep of each pair.
            kind: Shape (n_pairs,). Index of its kind of lead.
            n: Draws.
            rng: Source of randomness; advanced by all reps whatever the pairs.

        Returns:
            Shape (n, n_pairs). Log-odds; pairs that are equal have equal draws.
        """
        n_reps, n_columns, k = self.roots.shape
        effects = np.zeros((n, n_reps, n_columns + 1))
        effects[:, :, :-1] = np.einsum("rck,nrk->nrc", self.roots, rng.standard_normal((n, n_reps, k)))
        weights = self.errors * rng.standard_normal((n, len(self.errors)))
        # The last column of zeros stands for a part that a kind has not.
        drawn: FloatMatrix = weights @ self.content[:, rep, kind]
        for part in self.columns[kind].T:
            drawn = drawn + effects[:, rep, part]
        return drawn
