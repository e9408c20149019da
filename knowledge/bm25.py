"""Words to sparse vectors: one tokenizer and one weighting for every back end. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import qdrant_edge

_PASSAGE_TOKENS = 70
"""Distinct words in a passage of 150 words once stop words are gone: the length that BM25 calls average."""


@dataclass(frozen=True)
class SparseWeights:
    """Token ids, ascending, and their weights."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Bm25:
    """BM25 without the rarity of words, which the index multiplies in from its own counts.

    Args:
        language: Decides stop words and stemmer, by its English name in lower case.

    Source:
        Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with k1 = 1.2 and
        b = 0.75. Ids and weights are those of Qdrant's own `Qdrant/bm25` model.
    """

    language: str = "english"

    @cached_property
    def _model(self) -> qdrant_edge.Bm25:
        return qdrant_edge.Bm25(qdrant_edge.Bm25Config(language=self.language, avg_len=_PASSAGE_TOKENS))

    def weigh_passage(self, text: str) -> SparseWeights:
        """Weigh the words of a passage by frequency, damped by length."""
        return _ordered(self._model.embed_document(text))

    def weigh_query(self, text: str) -> SparseWeights:
        """Weigh each distinct word of a query by one."""
        return _ordered(self._model.embed_query(text))

    def coverage(self, query: str, passages: Sequence[str]) -> float:
        """Return the share of a query's distinct words that occur in the passage that has most of them.

        Returns:
            In [0, 1]; 0 without passages and for a query of stop words.
        """
        asked = set(self.weigh_query(query).ids)
        if not asked:
            return 0.0
        return max((len(asked & set(self.weigh_passage(text).ids)) / len(asked) for text in passages), default=0.0)


def _ordered(vector: qdrant_edge.SparseVector) -> SparseWeights:
    pairs = sorted(zip(vector.indices, vector.values, strict=True))
    return SparseWeights(tuple(index for index, _ in pairs), tuple(weight for _, weight in pairs))
