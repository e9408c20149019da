"""From values of the settings to a knowledge base. Reads no environment."""

from pathlib import Path

import structlog

from domain.errors import InvalidInputError, UnknownMarketError
from domain.values import Market
from knowledge.bm25 import Bm25
from knowledge.edge import EdgeStore
from knowledge.embedding import Encoder
from knowledge.ingest import KnowledgeBase
from knowledge.snapshots import SnapshotFolder
from knowledge.store import PassageStore

_CORPUS = Path(__file__).parent / "corpus"
_BY_WORDS_ONLY = "bm25"
_TIMEOUT_S = 10.0

_log = structlog.get_logger(__name__)


def open_knowledge_base(
    home: Path,
    *,
    embedding: str = "minilm",
    embedding_size: int = 1536,
    embedding_url: str | None = None,
    embedding_key: str = "",
    qdrant_url: str | None = None,
    qdrant_key: str | None = None,
    language: str = "english",
) -> KnowledgeBase:
    """Open the knowledge of this installation; nothing is loaded before the first search or ingestion.

    Args:
        home: Leadline's data folder; embedded knowledge lives in `<home>/knowledge/<encoder>/`.
        embedding: `minilm`, `openai:<model>`, or `none` for search by words only.
        embedding_size: Length of the vectors of `openai:<model>`.
        embedding_url: Address of the endpoint of `openai:<model>`; None means OpenAI's own.
        embedding_key: Its key.
        qdrant_url: Address of a Qdrant server; None means embedded.
        qdrant_key: Its key.
        language: Language of the documents, for stop words and stemming.

    Raises:
        InvalidInputError: If `embedding` is none of these.
    """
    encoder = _encoder(embedding, size=embedding_size, url=embedding_url, key=embedding_key)
    bm25 = Bm25(language)
    # Vectors of two encoders cannot be compared: each has its own folder or collection.
    space = encoder.name if encoder is not None else _BY_WORDS_ONLY
    store: PassageStore
    if qdrant_url is None:
        store = EdgeStore(SnapshotFolder(home / "knowledge" / space), bm25)
    else:
        store = _server_store(qdrant_url, qdrant_key, space, encoder.size if encoder else None, bm25)
    return KnowledgeBase(store, encoder, bm25)


def corpus_folder(market: Market) -> Path:
    """Return the folder of documents that comes with a market. Raises `UnknownMarketError`."""
    known = tuple(sorted(folder.name for folder in _CORPUS.iterdir() if folder.is_dir()))
    if market not in known:
        raise UnknownMarketError(market, known)
    return _CORPUS / market


def _encoder(embedding: str, *, size: int, url: str | None, key: str) -> Encoder | None:
    match embedding.split(":", 1):
        case ["minilm"]:
            from knowledge.minilm import MiniLmEncoder

            return MiniLmEncoder()
        case ["openai", model] if model:
            import openai

            from knowledge.openai_encoder import OpenAiEncoder

            client = openai.OpenAI(api_key=key or "none", base_url=url, timeout=_TIMEOUT_S, max_retries=1)
            return OpenAiEncoder(model, size=size, client=client)
        case ["none"]:
            _log.warning("search_by_words_only", reason="no embedding model is set", remedy="set embedding to minilm")
            return None
    raise InvalidInputError("embedding", embedding, "is none of minilm, openai:<model>, none")


def _server_store(url: str, key: str | None, space: str, size: int | None, bm25: Bm25) -> PassageStore:
    from qdrant_client import QdrantClient

    from knowledge.server import ServerStore

    client = QdrantClient(url=url, api_key=key, timeout=int(_TIMEOUT_S), check_compatibility=False)
    return ServerStore(client, collection=f"leadline-{space}", size=size, bm25=bm25, address=url)
