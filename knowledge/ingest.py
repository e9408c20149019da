"""Files into the index, so that a second run changes nothing. Knows no engine and no file format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domain.knowledge import IngestReport, Passage
from domain.values import Market
from knowledge.bm25 import Bm25
from knowledge.embedding import Encoder
from knowledge.reading import read_documents
from knowledge.retriever import HybridRetriever
from knowledge.splitting import split_document
from knowledge.store import IndexedPassage, PassageStore, fingerprint, searchable_text

_ENCODED_AT_ONCE = 32

Progress = Callable[[int, int], None]
"""Called with (passages encoded, passages to encode): first with (0, n), last with (n, n)."""


def _unseen(done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class KnowledgeBase:
    """What the team knows: documents in, passages out.

    Attributes:
        store: Where the passages are.
        encoder: None means passages are found by their words only.
        bm25: Weighs words, as the store does.
    """

    store: PassageStore
    encoder: Encoder | None
    bm25: Bm25 = field(default_factory=Bm25)

    def ingest(self, paths: Sequence[Path], market: Market, *, progress: Progress = _unseen) -> IngestReport:
        """Make the index hold what the files say.

        Everything is read, split and encoded before anything is written, so a bad file changes nothing. Passages that
        are as they were are not touched. What a folder held at its last ingestion and holds no more is removed; other
        folders' documents stay.

        Args:
            paths: Files and folders.
            market: Whose knowledge it is.
            progress: Told how far the encoding is.

        Raises:
            InvalidInputError: If a file cannot be read; the message names it.
            KnowledgeUnavailableError: If the store or the encoder does not answer.
        """
        reading = read_documents(paths, market)
        passages = {passage.id: passage for document in reading.documents for passage in split_document(document)}
        stored = self.store.view().stored(market)
        changed = [
            passage
            for passage in passages.values()
            if passage.id not in stored or stored[passage.id].fingerprint != fingerprint(passage)
        ]
        removed = [id_ for id_, kept in stored.items() if id_ not in passages and reading.replaced(kept.document_id)]
        encoded = self._encoded(changed, progress)
        # Also without a change: a server whose writer was killed may still lack its corpus version.
        self.store.apply(market, upsert=encoded, delete=removed)
        return IngestReport(
            documents=len(reading.documents),
            passages=len(passages),
            added=len(changed),
            removed=len(removed),
            unchanged=len(passages) - len(changed),
            corpus_version=self.store.view().corpus_version(market),
        )

    def retriever(self) -> HybridRetriever:
        """Return a retriever over this knowledge."""
        return HybridRetriever(self.store, self.encoder, self.bm25)

    def passage(self, passage_id: str) -> Passage | None:
        """Return the passage that a citation names, if it is still known. Raises `KnowledgeUnavailableError`."""
        return next(iter(self.store.view().fetch([passage_id])), None)

    def close(self) -> None:
        """Release the store. Idempotent."""
        self.store.close()

    def _encoded(self, passages: Sequence[Passage], progress: Progress) -> list[IndexedPassage]:
        progress(0, len(passages))
        if self.encoder is None:
            progress(len(passages), len(passages))
            return [IndexedPassage(passage, None) for passage in passages]
        # Long passages first: of like length they share a batch, and the progress errs on the slow side.
        ordered = sorted(passages, key=lambda passage: -len(passage.text))
        encoded: list[IndexedPassage] = []
        for start in range(0, len(ordered), _ENCODED_AT_ONCE):
            batch = ordered[start : start + _ENCODED_AT_ONCE]
            vectors = self.encoder.encode([searchable_text(passage) for passage in batch])
            encoded += map(IndexedPassage, batch, vectors)
            progress(len(encoded), len(ordered))
        return encoded
