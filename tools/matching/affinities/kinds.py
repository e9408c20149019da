"""Kinds of leads: what the matcher may tell leads apart by, and their numbering. Pure; estimates nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from domain.people import Lead
from domain.values import ProductId
from tools.matching.arrays import IntVector


@dataclass(frozen=True)
class LeadKind:
    """What the matcher may tell leads apart by; leads of one kind get the same shifts."""

    product_id: ProductId | None = None
    region: str | None = None
    source: str | None = None
    language: str | None = None


def kind_of(lead: Lead) -> LeadKind:
    """Return the kind of a lead."""
    return LeadKind(product_id=lead.product_id, region=lead.region, source=lead.source, language=lead.language)


def product_cells(kinds: Sequence[LeadKind]) -> IntVector:
    """Number the products of kinds from 0: kinds of one product share a number, as their effects do."""
    order: dict[ProductId | None, int] = {}
    return np.array([order.setdefault(kind.product_id, len(order)) for kind in kinds], dtype=np.int64)


@dataclass(frozen=True)
class Levels:
    """The products, regions and sources of a history, sorted, with the columns that effects have in a table.

    Column 0 is the rep as such; then one column per product, region and source, then one per block of weeks.
    """

    product_ids: tuple[ProductId, ...]
    regions: tuple[str, ...]
    sources: tuple[str, ...]
    n_blocks: int

    @classmethod
    def of(cls, judged: pl.DataFrame, *, n_blocks: int) -> "Levels":
        """Collect the levels of a table of judged leads."""
        products, regions, sources = (
            tuple(judged[name].drop_nulls().unique().sort()) for name in ("product_id", "region", "source")
        )
        return cls(tuple(ProductId(p) for p in products), regions, sources, n_blocks)

    @property
    def blocks(self) -> dict[str, slice]:
        """Columns by part: `rep`, `product`, `region`, `source`, `recent`; they follow each other."""
        sizes = (1, len(self.product_ids), len(self.regions), len(self.sources), self.n_blocks)
        ends = np.cumsum(sizes)
        names = ("rep", "product", "region", "source", "recent")
        return {name: slice(int(end - n), int(end)) for name, n, end in zip(names, sizes, ends, strict=True)}

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.blocks["recent"].stop)

    def columns_of(self, kinds: Sequence[LeadKind]) -> IntVector:
        """Return the columns of kinds of leads that come now; -1 where a level is unknown. Shape (n_kinds, 5)."""
        at = self.blocks
        product = {p: at["product"].start + i for i, p in enumerate(self.product_ids)}
        region = {r: at["region"].start + i for i, r in enumerate(self.regions)}
        source = {s: at["source"].start + i for i, s in enumerate(self.sources)}
        now = at["recent"].start if self.n_blocks else -1
        rows = [
            (
                0,
                product.get(kind.product_id, -1) if kind.product_id is not None else -1,
                region.get(kind.region, -1) if kind.region is not None else -1,
                source.get(kind.source, -1) if kind.source is not None else -1,
                now,
            )
            for kind in kinds
        ]
        return np.array(rows, dtype=np.int64).reshape(len(kinds), 5)


def kinds_in(judged: pl.DataFrame) -> tuple[list[LeadKind], IntVector]:
    """List the kinds of judged leads, and the number of each lead's kind. Shape (n_leads,)."""
    names = [name for name in ("product_id", "region", "source", "language") if name in judged.columns]
    order: dict[tuple[str | None, ...], int] = {}
    number = [order.setdefault(row, len(order)) for row in judged.select(names).iter_rows()]
    kinds = [LeadKind(**dict(zip(names, row, strict=True))) for row in order]  # type: ignore[arg-type]  # the columns are the fields
    return kinds, np.array(number, dtype=np.int64)
