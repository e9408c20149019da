"""The embedded back end: Qdrant's engine in this process, over the snapshots that all processes share.

An engine's folder belongs to one process, so each process builds its own from the newest snapshot and shares nothing
but the snapshots: the API and a worker never wait for each other, and nothing is locked when one of them is killed.
"""

import shutil
import tempfile
from collections.abc import Sequence
from threading import Lock

import qdrant_edge as qe

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
from knowledge.snapshots import SnapshotFolder
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
_BATCH = 256


class EdgeIndex:
    """One snapshot in the engine, read-only, found by row number.

    Its files are unlinked as soon as the engine has mapped them: the memory lives as long as the object, and a killed
    process leaves nothing behind. Safe to share between threads (the engine holds the GIL).

    Args:
        entries: All passages; either all of them have a vector, or none has.
        bm25: Weighs words.
    """

    def __init__(self, entries: Sequence[IndexedPassage], bm25: Bm25) -> None:
        self._bm25 = bm25
        self._passages = [entry.passage for entry in entries]
        self._rows = {passage.id: row for row, passage in enumerate(self._passages)}
        self._stored: dict[Market, dict[str, StoredPassage]] = {}
        for entry in entries:
            stored = StoredPassage(entry.passage.document_id, entry.fingerprint)
            self._stored.setdefault(entry.passage.market, {})[entry.passage.id] = stored
        self._versions = {
            market: corpus_version(stored.fingerprint for stored in passages.values())
            for market, passages in self._stored.items()
        }
        self._shard = _build(entries, bm25)

    def dense(self, vector: FloatVector, scope: Scope, *, limit: int) -> ScoredIds:
        """Return the passages in scope of highest cosine. See `PassageIndex`."""
        query = qe.Query.Nearest(vector.tolist(), using=_DENSE)
        return self._query(query, scope, limit, qe.SearchParams(exact=True))

    def sparse(self, text: str, scope: Scope, *, limit: int) -> ScoredIds:
        """Return the passages in scope of highest BM25 score. See `PassageIndex`."""
        weights = self._bm25.weigh_query(text)
        if not weights.ids:
            return []
        query = qe.Query.Nearest(_sparse_vector(weights), using=_SPARSE)
        market = qe.Filter(must=[_translated(AnyOf(MARKET, (scope.market,)))])
        return self._query(query, scope, limit, qe.SearchParams(idf=qe.IdfParams(corpus=market)))

    def fetch(self, ids: Sequence[str]) -> tuple[Passage, ...]:
        """Return the passages with these ids. See `PassageIndex`."""
        return tuple(self._passages[self._rows[id_]] for id_ in ids if id_ in self._rows)

    def stored(self, market: Market) -> dict[str, StoredPassage]:
        """Return what is stored of a market. See `PassageIndex`."""
        return dict(self._stored.get(market, {}))

    def corpus_version(self, market: Market) -> str:
        """Return the content hash of a market's passages. See `PassageIndex`."""
        return self._versions.get(market, EMPTY_CORPUS)

    def _query(self, query: qe.Query, scope: Scope, limit: int, params: qe.SearchParams) -> ScoredIds:
        if self._shard is None:
            return []
        scoped = qe.Filter(must=[_translated(condition) for condition in conditions(scope)])
        found = self._shard.query(qe.QueryRequest(limit=limit, query=query, filter=scoped, params=params))
        return [(self._passages[int(point.id)].id, point.score) for point in found]


class EdgeStore:
    """Keeps passages in snapshots and searches them in this process's own engine.

    The truth is the newest snapshot; a view is rebuilt when another one has been published, by this process or by any
    other. While one thread rebuilds, the others go on with the view before.

    Args:
        snapshots: The folder shared by all processes.
        bm25: Weighs words.
    """

    def __init__(self, snapshots: SnapshotFolder, bm25: Bm25) -> None:
        self._snapshots = snapshots
        self._bm25 = bm25
        self._loading = Lock()
        self._loaded: tuple[str | None, EdgeIndex] | None = None

    def apply(self, market: Market, *, upsert: Sequence[IndexedPassage], delete: Sequence[str]) -> None:
        """Publish a snapshot with this change, whole. See `PassageStore`."""
        if not upsert and not delete:
            return
        with self._snapshots.writing():
            _, entries = self._snapshots.load()
            kept = {entry.passage.id: entry for entry in entries}
            for id_ in delete:
                kept.pop(id_, None)
            kept |= {entry.passage.id: entry for entry in upsert}
            self._snapshots.publish(list(kept.values()))

    def view(self) -> EdgeIndex:
        """Return the newest snapshot in the engine. See `PassageStore`."""
        newest = self._snapshots.current()
        loaded = self._loaded
        if loaded is not None and loaded[0] == newest:
            return loaded[1]
        if not self._loading.acquire(blocking=loaded is None):
            assert loaded is not None
            return loaded[1]
        try:
            if self._loaded is loaded:  # no other thread was faster
                version, entries = self._snapshots.load()
                self._loaded = version, EdgeIndex(entries, self._bm25)
            assert self._loaded is not None
            return self._loaded[1]
        finally:
            self._loading.release()

    def close(self) -> None:
        """Forget the loaded view; its memory is freed with its last user."""
        self._loaded = None


def _build(entries: Sequence[IndexedPassage], bm25: Bm25) -> qe.EdgeShard | None:
    """Fill an engine; None without passages, for an engine cannot be made before the size of a vector is known."""
    if not entries:
        return None
    first = entries[0].vector
    vectors = None if first is None else {_DENSE: qe.EdgeVectorParams(size=len(first), distance=qe.Distance.Cosine)}
    config = qe.EdgeConfig(
        vectors=vectors,
        sparse_vectors={_SPARSE: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)},
        wal_enabled=False,  # the snapshot is the truth; a log of a private copy protects nothing
    )
    folder = tempfile.mkdtemp(prefix="leadline-index-")
    try:
        shard = qe.EdgeShard.create(folder, config)
        shard.update(qe.UpdateOperation.create_field_index(MARKET, qe.KeywordIndexParams(is_tenant=True)))
        for field in KEYWORD_FIELDS:
            shard.update(qe.UpdateOperation.create_field_index(field, qe.KeywordIndexParams()))
        for field in NUMBER_FIELDS:
            shard.update(qe.UpdateOperation.create_field_index(field, qe.FloatIndexParams()))
        for start in range(0, len(entries), _BATCH):
            batch = entries[start : start + _BATCH]
            points = [_point(start + offset, entry, bm25) for offset, entry in enumerate(batch)]
            shard.update(qe.UpdateOperation.upsert_points(points))
    except Exception as error:
        # The engine raises bare exceptions; on a disk without space it is the first to notice.
        message = f"the embedded index cannot be built in {folder!r} ({error}); check the free space there"
        raise KnowledgeUnavailableError(message) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return shard


def _point(row: int, entry: IndexedPassage, bm25: Bm25) -> qe.Point:
    vectors: dict[str, qe.NamedVector] = {_SPARSE: _sparse_vector(bm25.weigh_passage(searchable_text(entry.passage)))}
    if entry.vector is not None:
        vectors[_DENSE] = entry.vector.tolist()
    return qe.Point(row, vectors, filter_fields(entry.passage))


def _sparse_vector(weights: SparseWeights) -> qe.SparseVector:
    return qe.SparseVector(list(weights.ids), list(weights.weights))


def _translated(condition: Condition) -> qe.FieldCondition:
    match condition:
        case AnyOf(field, values):
            return qe.FieldCondition(field, match=qe.MatchAny(list(values)))
        case AtMost(field, number):
            return qe.FieldCondition(field, range=qe.RangeFloat(lte=number))
        case MoreThan(field, number):
            return qe.FieldCondition(field, range=qe.RangeFloat(gt=number))
