"""Picks what leads write, by class, language and product. Decides nothing about who writes what."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.market import MarketModel, Templates
from simulation.vectors import FloatVector, IntVector

CLASSES = (
    "warm",
    "question",
    "cool",
    "out_of_office",
    "opt_out",
    "chat",
    "objection_price",
    "objection_timing",
    "objection_trust",
    "objection_competitor",
)
WARM, QUESTION, COOL, OUT_OF_OFFICE, OPT_OUT, CHAT, FIRST_OBJECTION = range(7)
OBJECTIONS = ("price", "timing", "trust", "competitor")


@dataclass(frozen=True)
class Sentences:
    """Every sentence of a market, written out for every product.

    Attributes:
        table: All sentences.
        first: Shape (n_classes, n_languages, n_products). Row of the first sentence of each cell.
        count: Same shape. How many sentences the cell has, at least 1.
    """

    table: pl.Series
    first: IntVector
    count: IntVector

    def pick(self, class_: IntVector, language: IntVector, product: IntVector, uniform: FloatVector) -> pl.Series:
        """Pick one sentence per row; all vectors have shape (n,), `uniform` lies in [0, 1)."""
        cell = (class_, language, product)
        row = self.first[cell] + np.floor(uniform * self.count[cell]).astype(np.int64)
        return self.table.gather(pl.Series(row))


def write_sentences(market: MarketModel) -> Sentences:
    """Write out a market's templates. A language without templates of a class borrows the English ones."""
    table: list[str] = []
    shape = (len(CLASSES), len(market.languages), len(market.products))
    first, count = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for c, class_ in enumerate(CLASSES):
        templates: Templates = getattr(market.texts, class_)
        for w, language in enumerate(market.language_ids):
            for p, product in enumerate(market.products):
                sentences = [
                    text.replace("{product}", product.name) for text in templates.get(language, templates["en"])
                ]
                first[c, w, p], count[c, w, p] = len(table), len(sentences)
                table += sentences
    return Sentences(pl.Series(table, dtype=pl.String), first, count)
