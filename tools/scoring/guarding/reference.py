"""How the leads of a training looked, as counts: what later leads are compared with. Pure: no clock, no I/O."""

from typing import Self

import numpy as np
from pydantic import Field

from domain.values import Value
from tools.scoring.arrays import BoolVector, FloatMatrix, FloatVector, IntVector
from tools.scoring.dataset import Kind, Schema

N_CELLS = 40
"""Cells of equal mass that a number's range is cut into; tests of shape join them by fours."""


class Histogram(Value):
    """Counts of one column.

    The cells of a number are cut by `edges` (a value equal to an edge lies below it), the first and the last of them
    for what lies outside of all that was seen; those of a flag are 0 and 1, those of a category its codes, the rare
    and unseen levels first.
    """

    name: str
    edges: tuple[float, ...] = Field(default=(), description="Inner edges of a number's cells, rising; else empty.")
    counts: tuple[int, ...] = Field(description="Rows in each cell.")
    missing: int = Field(default=0, ge=0)
    levels: tuple[str, ...] = Field(default=(), description="Levels of a category in the order of their codes, from 1.")

    @property
    def ordered(self) -> bool:
        """Whether the cells have an order, which Kolmogorov and Smirnov's distance needs."""
        return not self.levels

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.counts) + self.missing

    def count(self, values: FloatVector) -> Self:
        """Count other values, NaN for missing, in the same cells."""
        known = values[~np.isnan(values)]
        return self.model_copy(
            update={
                "counts": tuple(_counts(known, self.edges, len(self.counts))),
                "missing": len(values) - len(known),
            }
        )


class Reference(Value):
    """Everything that drift is measured against."""

    columns: tuple[Histogram, ...]
    scores: Histogram
    mean_score: float
    base_rate: float | None = Field(default=None, description="Share converted among the leads behind the scores.")
    rows: int

    @classmethod
    def of(cls, matrix: FloatMatrix, schema: Schema, scores: FloatVector, labels: BoolVector | None = None) -> Self:
        """Count the leads of a training, one row each.

        Args:
            matrix: Shape (n_rows, n_features). What the model reads, as `encode` makes it.
            schema: Names and kinds of the columns.
            scores: Shape (n_rows,). Probabilities; out of fold, as later leads are scored by a model that has not
                seen them.
            labels: Shape (n_rows,). Whether each converted, if known.
        """
        columns = []
        for i, column in enumerate(schema.columns):
            if column.kind is Kind.CATEGORY or column.kind is Kind.FLAG:
                levels = column.levels if column.kind is Kind.CATEGORY else ()
                empty = Histogram(name=column.name, counts=(0,) * (len(levels) + 1 if levels else 2), levels=levels)
                columns.append(empty.count(matrix[:, i]))
            else:
                columns.append(_of_numbers(column.name, matrix[:, i]))
        return cls(
            columns=tuple(columns),
            scores=_of_numbers("score", scores),
            mean_score=float(scores.mean()) if len(scores) else 0.0,
            base_rate=None if labels is None or not len(labels) else float(labels.mean()),
            rows=len(scores),
        )


def _of_numbers(name: str, values: FloatVector) -> Histogram:
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) <= N_CELLS:
        # Cells of one value each: an edge between two values leaves room for neither.
        edges = (distinct[1:] + distinct[:-1]) / 2
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, N_CELLS + 1)[1:-1], method="lower"))
    if len(distinct):
        # What lies beyond all that was seen has cells of its own, or a constant could never move.
        edges = np.unique([np.nextafter(distinct[0], -np.inf), *edges, distinct[-1]])
    empty = Histogram(name=name, edges=tuple(edges.tolist()), counts=(0,) * (len(edges) + 1))
    return empty.count(values)


def _counts(known: FloatVector, edges: tuple[float, ...], n_cells: int) -> list[int]:
    cells: IntVector
    if edges or n_cells == 1:
        cells = np.searchsorted(np.array(edges), known, side="left").astype(np.int64)
    else:
        cells = np.clip(known, 0, n_cells - 1).astype(np.int64)
    return [int(n) for n in np.bincount(cells, minlength=n_cells)]
