"""Hybrid search: what the encoder understands, and the very words. Writes nothing."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
import structlog

from domain.errors import KnowledgeUnavailableError
from domain.knowledge import Hit, KnowledgeQuery, SearchResult
from knowledge.bm25 import Bm25
from knowledge.confidence import ConfidenceRule
from knowledge.embedding import Encoder, FloatVector
from knowledge.mixing import mix
from knowledge.store import PassageStore, Scope, searchable_text

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class HybridRetriever:
    """Finds passages by meaning and by words. Satisfies `domain.ports.Retriever`.

    Attributes:
        store: Where the passages are.
        encoder: None means by words only.
        bm25: Weighs words, as the store does.
        dense_weight: Weight of meaning against words, in [0, 1]; 0.45 serves two public collections and our own.
        depth: Passages taken from each half before mixing.
        confidence: When the result is good enough to answer from.
    """

    store: PassageStore
    encoder: Encoder | None
    bm25: Bm25 = field(default_factory=Bm25)
    dense_weight: float = 0.45
    depth: int = 50
    confidence: ConfidenceRule = field(default_factory=ConfidenceRule)

    async def search(self, query: KnowledgeQuery) -> SearchResult:
        """Find passages, best first. See `domain.ports.Retriever`."""
        # Encoding a question takes a core for 10 ms, and a server is asked synchronously.
        return await asyncio.to_thread(self.search_now, query)

    def search_now(self, query: KnowledgeQuery) -> SearchResult:
        """Find passages in the calling thread. Raises `KnowledgeUnavailableError`."""
        index = self.store.view()
        scope = Scope.of(query)
        depth = max(self.depth, query.limit)
        vector = self._encoded(query.text)
        dense = dict(index.dense(vector, scope, limit=depth)) if vector is not None else {}
        sparse = dict(index.sparse(query.text, scope, limit=depth))
        scores = dict(mix(dense, sparse, dense_weight=self.dense_weight)[: query.limit])
        hits = tuple(
            Hit(
                passage=passage,
                score=scores[passage.id],
                dense_score=dense.get(passage.id),
                sparse_score=sparse.get(passage.id),
            )
            for passage in index.fetch(list(scores))
        )
        return SearchResult(
            hits=hits,
            corpus_version=index.corpus_version(query.market),
            confident=self._is_confident(query.text, hits, dense),
        )

    def _encoded(self, text: str) -> FloatVector | None:
        """Encode the question; where a remote encoder does not answer, words alone are better than nothing."""
        if self.encoder is None:
            return None
        try:
            vectors = self.encoder.encode([text])
        except KnowledgeUnavailableError as error:
            _log.warning("question_not_encoded", encoder=self.encoder.name, error=str(error))
            return None
        return np.asarray(vectors[0])

    def _is_confident(self, question: str, hits: tuple[Hit, ...], dense: dict[str, float]) -> bool:
        if not hits:
            return False
        coverage = self.bm25.coverage(question, [searchable_text(hit.passage) for hit in hits])
        return self.confidence.holds(cosine=max(dense.values(), default=None), coverage=coverage)
