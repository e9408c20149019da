"""The labelled rows that a training learns from, encoded once. Holds data; decides nothing."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.dataset import Schema, encode, infer_schema


@dataclass(frozen=True)
class Problem:
    """Labelled rows.

    Attributes:
        schema: Columns of the matrix.
        matrix: Shape (n_rows, n_features).
        labels: Shape (n_rows,).
        order: Shape (n_rows,). Sorts the rows in time, or at random where they have none.
        settles_at: Shape (n_rows,). When each label was known, on the scale of `order`.
        groups: Shape (n_rows,). Rows of one lead share a number from 0.
        judged: Shape (n_rows,). Rows on which models are compared and calibrated.
        index: Shape (n_rows,). Place of each row in the table it came from.
        seed: Of everything random in LightGBM.
        threads: Of LightGBM.
        tuned: LightGBM settings that tuning has found to pay.
    """

    schema: Schema
    matrix: FloatMatrix
    labels: BoolVector
    order: FloatVector
    settles_at: FloatVector
    groups: IntVector
    judged: BoolVector
    index: IntVector
    seed: int
    threads: int
    tuned: tuple[tuple[str, float], ...] = ()

    @property
    def rows_per_lead(self) -> float:
        """Rows that stand for one lead, on average; 1 without rows."""
        return len(self.labels) / len(np.unique(self.groups)) if len(self.labels) else 1.0

    @property
    def minority(self) -> int:
        """Judged rows of the rarer result."""
        return minority_of(self.labels[self.judged])

    def rows(self, chosen: BoolVector) -> "Problem":
        """Keep some rows, shape (n_rows,)."""
        groups = np.unique(self.groups[chosen], return_inverse=True)[1].astype(np.int64)
        return replace(
            self,
            matrix=self.matrix[chosen],
            labels=self.labels[chosen],
            order=self.order[chosen],
            settles_at=self.settles_at[chosen],
            groups=groups,
            judged=self.judged[chosen],
            index=self.index[chosen],
        )

    def sample(self, n_rows: int, *, rng: np.random.Generator) -> "Problem":
        """Keep about `n_rows` rows, whole groups at a time; all where there are no more."""
        if len(self.labels) <= n_rows:
            return self
        drawn = rng.random(int(self.groups.max()) + 1) < n_rows / len(self.labels)
        return self.rows(np.asarray(drawn[self.groups]))


def labelled_problem(
    frame: pl.DataFrame,
    labels: BoolVector,
    *,
    order: FloatVector,
    seed: int,
    settles_at: FloatVector | None = None,
    groups: IntVector | None = None,
    judged: BoolVector | None = None,
    threads: int = 1,
) -> Problem:
    """Encode a feature table. Without groups each row is a lead of its own, and without `judged` all are judged."""
    schema = infer_schema(frame)
    return Problem(
        schema=schema,
        matrix=encode(frame, schema),
        labels=labels,
        order=order,
        settles_at=order if settles_at is None else settles_at,
        groups=np.arange(len(labels)) if groups is None else groups,
        judged=np.ones(len(labels), dtype=np.bool_) if judged is None else judged,
        index=np.arange(len(labels)),
        seed=seed,
        threads=threads,
    )


def minority_of(labels: BoolVector) -> int:
    """Count the rarer result."""
    return int(min(labels.sum(), (~labels).sum()))
