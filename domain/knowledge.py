"""Documents, passages and what a search finds."""

from pydantic import Field

from domain.values import Instant, Market, ProductId, Value


class Document(Value):
    """A text to know, before it is split."""

    id: str = Field(min_length=1, max_length=200)
    title: str
    market: Market
    kind: str = Field(description="product, objection_guide, playbook, compliance, other.")
    text: str
    source: str = Field(description="File name or address, for the citation.")
    language: str = "en"
    product_id: ProductId | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None


class Passage(Value):
    """About 150 words of a document under their headings. `id` is derived from the content."""

    id: str
    document_id: str
    title: str
    heading: str = Field(description="Heading path, joined by ' > '.")
    text: str
    market: Market
    kind: str
    source: str
    language: str = "en"
    product_id: ProductId | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None


class KnowledgeQuery(Value):
    """What to look for, and within what."""

    text: str = Field(min_length=1, max_length=8_000)
    market: Market
    product_id: ProductId | None = Field(default=None, description="Passages of other products are left out.")
    kinds: tuple[str, ...] = Field(default=(), description="Empty means all kinds.")
    at: Instant = Field(description="Passages not valid at this moment are left out.")
    limit: int = Field(default=5, ge=1, le=50)


class Hit(Value):
    """A passage found. `score` is the convex mix of min-max scaled dense and sparse scores, in [0, 1]."""

    passage: Passage
    score: float
    dense_score: float | None = None
    sparse_score: float | None = None


class SearchResult(Value):
    """What a search found, best first, and from which corpus."""

    hits: tuple[Hit, ...]
    corpus_version: str
    confident: bool = Field(description="False when the best hit is too weak to answer from.")


class IngestReport(Value):
    """What an ingestion changed. A second run over the same files changes nothing."""

    documents: int
    passages: int
    added: int
    removed: int
    unchanged: int
    corpus_version: str
