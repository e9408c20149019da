"""Puts rows into few groups by one column, so that groups can differ in level and in spread. Pure: no clock, no I/O."""

from typing import Self

import numpy as np
from pydantic import Field

from domain.values import Value
from tools.scoring.arrays import FloatMatrix, FloatVector, IntVector
from tools.scoring.dataset import Kind, Schema

PRIOR_DEALS = 20.0
"""Deals of the whole market that each group is credited with, so that three deals make no group of their own."""


class Grouping(Value):
    """A rule that gives each row a group from 0 to `size` - 1. Without a column there is one group."""

    column: int | None = None
    edges: tuple[float, ...] = Field(default=(), description="Ascending, for a number; empty for a category.")
    size: int = Field(default=1, ge=1)

    def of(self, matrix: FloatMatrix) -> IntVector:
        """Return the group of each row, shape (n_rows,); the last group holds what is not measured."""
        if self.column is None:
            return np.zeros(len(matrix), dtype=np.int64)
        values = matrix[:, self.column]
        codes = np.searchsorted(self.edges, values, side="right") if self.edges else values
        return np.where(np.isnan(values), self.size - 1, codes).astype(np.int64)

    @classmethod
    def by_level(cls, schema: Schema, name: str) -> Self:
        """Group by the levels of a category, rare ones together; one group where there is no such column."""
        for i, column in enumerate(schema.columns):
            if column.name == name and column.kind is Kind.CATEGORY:
                return cls(column=i, size=len(column.levels) + 2)
        return cls()

    @classmethod
    def by_edges(cls, schema: Schema, name: str, edges: tuple[float, ...]) -> Self:
        """Group a number by thresholds, ascending; one group where there is no such column."""
        for i, column in enumerate(schema.columns):
            if column.name == name and column.kind is Kind.NUMBER:
                return cls(column=i, edges=edges, size=len(edges) + 2)
        return cls()


def shrink(own: FloatMatrix, pooled: FloatVector, n_deals: FloatVector) -> FloatMatrix:
    """Draw each group's figures towards those of all, the more the fewer deals it has.

    Args:
        own: Shape (n_groups, n_figures); a group without deals may hold anything finite.
        pooled: Shape (n_figures,).
        n_deals: Shape (n_groups,).
    """
    trust = (n_deals / (n_deals + PRIOR_DEALS))[:, None]
    return np.asarray(trust * own + (1.0 - trust) * pooled, dtype=np.float64)
