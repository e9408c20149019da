"""The Qdrant server as a back end, through its client. The client's `:memory:` mode runs the same code in tests."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException

from domain.errors import KnowledgeUnavailableError
from domain.knowledge import Passage
from domain.values import Market
from knowledge.bm25 import Bm25, SparseWeights
from knowledge.embedding import FloatVector
from knowledge.filtering import (
    KEYWORD_FIELDS,
    MARKET,
    NUMBER_FIELDS,
    AnyOf,
    AtMost,
    Condition,
    MoreThan,
    conditions,
    filter_fields,
)
from knowledge.store import (
    EMPTY_CORPUS,
    IndexedPassage,
    Scope,
    ScoredIds,
    StoredPassage,
    corpus_version,
    searchable_text,
)

_DENSE = "dense"
_SPARSE = "bm25"
_BATCH = 128
_PAGE = 1_000
_MANIFESTS = uuid.UUID("5f0c7a3e-4a0b-4d8e-9d0e-6c1f2b7a9e10")
"""Namespace of the ids of the points that hold a market's corpus version; they have no vector and no market."""


class ServerStore:
    """Keeps passages in one collection of a Qdrant server (1.19 or newer, for word rarity within a market).

    Both `PassageStore` and `PassageIndex`: the server always answers from its newest state. A change is not one
    transaction there: new passages are written first, old ones removed after, so a search in between finds too much
    rather than too little, and a run that was killed is completed by the next.

    Args:
        client: Connected to the server.
        collection: Its name; made when absent. Vectors of another encoder belong in another collection.
        size: Length of a dense vector; None when passages have none.
        bm25: Weighs words.
        address: How to name the server in errors.
    """

    def __init__(
        self, client: QdrantClient, *, collection: str, size: int | None, bm25: Bm25, address: str = ":memory:"
    ) -> None:
        self.address = address
        self._client = client
        self._collection = collection
        self._size = size
        self._bm25 = bm25
        self._prepared = False

    def apply(self, market: Market, *, upsert: Sequence[IndexedPassage], delete: Sequence[str]) -> None:
        """Write, then remove, then state the corpus version. See `PassageStore`."""
        with self._asking():
            self._prepare()
            for start in range(0, len(upsert), _BATCH):
                points = [self._point(entry) for entry in upsert[start : start + _BATCH]]
                self._client.upsert(self._collection, points, wait=True)
            if delete:
                ids: list[int | str | uuid.UUID] = [_point_id(id_) for id_ in delete]
                self._client.delete(self._collection, models.PointIdsList(points=ids), wait=True)
            version = corpus_version(stored.fingerprint for stored in self.stored(market).values())
            manifest = models.PointStruct(id=_manifest_id(market), vector={}, payload={"corpus_version": version})
            self._client.upsert(self._collection, [manifest], wait=True)

    def view(self) -> "ServerStore":
        """Return the server's newest state. See `PassageStore`."""
        return self

    def dense(self, vector: FloatVector, scope: Scope, *, limit: int) -> ScoredIds:
        """Return the passages in scope of highest cosine. See `PassageIndex`."""
        with self._asking():
            return self._query(vector.tolist(), _DENSE, scope, limit, models.SearchParams(exact=True))

    def sparse(self, text: str, scope: Scope, *, limit: int) -> ScoredIds:
        """Return the passages in scope of highest BM25 score. See `PassageIndex`."""
        with self._asking():
            weights = self._bm25.weigh_query(text)
            if not weights.ids:
                return []
            market = models.Filter(must=[_translated(AnyOf(MARKET, (scope.market,)))])
            params = models.SearchParams(idf=models.IdfCorpusParams(corpus=market))
            return self._query(_sparse_vector(weights), _SPARSE, scope, limit, params)

    def fetch(self, ids: Sequence[str]) -> tuple[Passage, ...]:
        """Return the passages with these ids. See `PassageIndex`."""
        with self._asking():
            self._prepare()
            records = self._client.retrieve(self._collection, [_point_id(id_) for id_ in ids], with_payload=["passage"])
            found = [Passage.model_validate(record.payload["passage"]) for record in records if record.payload]
            by_id = {passage.id: passage for passage in found}
            return tuple(by_id[id_] for id_ in ids if id_ in by_id)

    def stored(self, market: Market) -> dict[str, StoredPassage]:
        """Return what is stored of a market. See `PassageIndex`."""
        with self._asking():
            self._prepare()
            found: dict[str, StoredPassage] = {}
            offset = None
            while True:
                records, offset = self._client.scroll(
                    self._collection,
                    scroll_filter=models.Filter(must=[_translated(AnyOf(MARKET, (market,)))]),
                    limit=_PAGE,
                    offset=offset,
                    with_payload=["id", "document_id", "fingerprint"],
                )
                for record in records:
                    payload = record.payload or {}
                    found[payload["id"]] = StoredPassage(payload["document_id"], payload["fingerprint"])
                if offset is None:
                    return found

    def corpus_version(self, market: Market) -> str:
        """Return the content hash of a market's passages. See `PassageIndex`."""
        with self._asking():
            self._prepare()
            records = self._client.retrieve(self._collection, [_manifest_id(market)])
            return str((records[0].payload or {})["corpus_version"]) if records else EMPTY_CORPUS

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what the client raises into the domain's error."""
        try:
            yield
        except (ApiException, QdrantException, httpx.HTTPError, OSError) as error:
            message = f"Qdrant at {self.address} does not answer ({error}); check the address, the key and the server"
            raise KnowledgeUnavailableError(message) from error

    def _prepare(self) -> None:
        """Make the collection and its indexes, once; another process may do the same at the same time."""
        if self._prepared:
            return
        if not self._client.collection_exists(self._collection):
            size = self._size
            dense = {} if size is None else {_DENSE: models.VectorParams(size=size, distance=models.Distance.COSINE)}
            sparse = {_SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)}
            self._client.create_collection(self._collection, vectors_config=dense, sparse_vectors_config=sparse)
        self._index(MARKET, models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True))
        for field in KEYWORD_FIELDS:
            self._index(field, models.PayloadSchemaType.KEYWORD)
        for field in NUMBER_FIELDS:
            self._index(field, models.PayloadSchemaType.FLOAT)
        self._prepared = True

    def _index(self, field: str, schema: models.KeywordIndexParams | models.PayloadSchemaType) -> None:
        self._client.create_payload_index(self._collection, field, schema)

    def _query(
        self,
        query: list[float] | models.SparseVector,
        using: str,
        scope: Scope,
        limit: int,
        params: models.SearchParams,
    ) -> ScoredIds:
        self._prepare()
        response = self._client.query_points(
            self._collection,
            query=query,
            using=using,
            query_filter=models.Filter(must=[_translated(condition) for condition in conditions(scope)]),
            search_params=params,
            limit=limit,
            with_payload=["id"],
        )
        return [((point.payload or {})["id"], point.score) for point in response.points]

    def _point(self, entry: IndexedPassage) -> models.PointStruct:
        passage = entry.passage
        vectors: dict[str, list[float] | models.SparseVector] = {
            _SPARSE: _sparse_vector(self._bm25.weigh_passage(searchable_text(passage)))
        }
        if entry.vector is not None:
            vectors[_DENSE] = entry.vector.tolist()
        payload = filter_fields(passage) | {
            "id": passage.id,
            "document_id": passage.document_id,
            "fingerprint": entry.fingerprint,
            "passage": passage.model_dump(mode="json"),
        }
        return models.PointStruct(id=_point_id(passage.id), vector=vectors, payload=payload)


def _point_id(passage_id: str) -> str:
    """Return the UUID that Qdrant wants, out of a passage id of any form."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, passage_id))


def _manifest_id(market: Market) -> str:
    return str(uuid.uuid5(_MANIFESTS, market))


def _sparse_vector(weights: SparseWeights) -> models.SparseVector:
    return models.SparseVector(indices=list(weights.ids), values=list(weights.weights))


def _translated(condition: Condition) -> models.FieldCondition:
    match condition:
        case AnyOf(field, values):
            return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))
        case AtMost(field, number):
            return models.FieldCondition(key=field, range=models.Range(lte=number))
        case MoreThan(field, number):
            return models.FieldCondition(key=field, range=models.Range(gt=number))
