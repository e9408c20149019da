"""What the index keeps and answers, as roles with their values. Touches no engine, no disk and no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from domain.knowledge import KnowledgeQuery, Passage
from domain.values import Market, ProductId, content_hash
from knowledge.embedding import FloatVector

EMPTY_CORPUS = "empty"
"""The corpus version of a market without passages."""

_INDEX_FORMAT = 1
"""Raise it when the same passage must be indexed in another way: every fingerprint changes with it."""


@dataclass(frozen=True)
class IndexedPassage:
    """A passage and its dense vector; without one it is found by its words only."""

    passage: Passage
    vector: FloatVector | None

    @property
    def fingerprint(self) -> str:
        """Hash of all that is stored about the passage."""
        return fingerprint(self.passage)


@dataclass(frozen=True)
class StoredPassage:
    """What ingestion needs to know of a passage in the index."""

    document_id: str
    fingerprint: str


@dataclass(frozen=True)
class Scope:
    """Which passages may be found: filtered in the index, never after its cut."""

    market: Market
    at: datetime
    product_id: ProductId | None = None
    kinds: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: KnowledgeQuery) -> Self:
        """Take the scope out of a query."""
        return cls(query.market, query.at, query.product_id, query.kinds)


ScoredIds = list[tuple[str, float]]
"""Passage ids with their scores, best first."""


class PassageIndex(Protocol):
    """One state of the index, to read. Every method raises `KnowledgeUnavailableError` when the index does not answer.

    A passage is in scope when its market is the scope's; its product is the scope's or it has none (any product when
    the scope names none); its kind is among the scope's (any when empty); and `valid_from <= at < valid_until`, where
    an absent bound is open.
    """

    def dense(self, vector: FloatVector, scope: Scope, *, limit: int) -> ScoredIds:
        """Return the passages in scope of highest cosine, exactly."""
        ...

    def sparse(self, text: str, scope: Scope, *, limit: int) -> ScoredIds:
        """Return the passages in scope of highest BM25 score, word rarity counted within the scope's market."""
        ...

    def fetch(self, ids: Sequence[str]) -> tuple[Passage, ...]:
        """Return the passages with these ids, in this order; unknown ids are left out."""
        ...

    def stored(self, market: Market) -> dict[str, StoredPassage]:
        """Return what is stored of a market, by passage id."""
        ...

    def corpus_version(self, market: Market) -> str:
        """Return the content hash of a market's passages, or `EMPTY_CORPUS`."""
        ...


class PassageStore(Protocol):
    """Keeps passages and offers the newest state of the index."""

    def apply(self, market: Market, *, upsert: Sequence[IndexedPassage], delete: Sequence[str]) -> None:
        """Write and remove passages of one market, durably; the same change twice is the same as once.

        Raises `KnowledgeUnavailableError`.
        """
        ...

    def view(self) -> PassageIndex:
        """Return the newest state, to be used for one search. Raises `KnowledgeUnavailableError`."""
        ...

    def close(self) -> None:
        """Release what the store holds. Idempotent."""
        ...


def fingerprint(passage: Passage) -> str:
    """Hash everything stored about a passage; another fingerprint under the same id means it must be rewritten."""
    return content_hash(_INDEX_FORMAT, passage.model_dump(mode="json"))


def corpus_version(fingerprints: Iterable[str]) -> str:
    """Name a market's passages by their content, independently of their order."""
    ordered = sorted(fingerprints)
    return content_hash(*ordered, length=16) if ordered else EMPTY_CORPUS


def searchable_text(passage: Passage) -> str:
    """Return what is embedded and indexed by words: the passage under its title and headings."""
    return "\n".join(part for part in (passage.title, passage.heading, passage.text) if part)
