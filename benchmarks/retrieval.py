"""Retrieval: quality of the hybrid beside its halves and rank fusion, confidence, and latency of the embedded engine.

Data: `retrieval/anthropic_docs` (Anthropic Cookbook, MIT) and `retrieval/chunking_eval_150w` (B. Smith, "Evaluating
Chunking Strategies for Retrieval", Chroma 2024, MIT); see the publishers' terms. Missing data is skipped, saying so.
"""

import csv
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import yaml
from qdrant_client import QdrantClient
from rich.progress import track

from benchmarks.harness import Figure, Options, run
from domain.knowledge import Document, KnowledgeQuery, Passage
from domain.values import Market, content_hash
from knowledge.bm25 import Bm25
from knowledge.edge import EdgeIndex, EdgeStore
from knowledge.minilm import MiniLmEncoder
from knowledge.mixing import mix
from knowledge.opening import corpus_folder, open_knowledge_base
from knowledge.retriever import HybridRetriever
from knowledge.server import ServerStore
from knowledge.snapshots import SnapshotFolder
from knowledge.splitting import split_document
from knowledge.store import IndexedPassage, PassageIndex, Scope, searchable_text

MARKET = Market("benchmark")
AT = datetime(2026, 4, 1, tzinfo=UTC)
MARKETS = ("insurance_partners", "real_estate", "roofing")
DEPTH = HybridRetriever.depth
QUICK_DOCUMENTS = 40
QUICK_QUERIES = 25

Ranking = list[str]


@dataclass(frozen=True)
class Collection:
    """Documents as passages, questions, and which documents answer them."""

    name: str
    passages: list[Passage]
    questions: dict[str, str]
    relevant: dict[str, set[str]]


def measure(options: Options) -> list[Figure]:
    """Measure everything that the data at hand allows."""
    figures: list[Figure] = []
    encoder = MiniLmEncoder()
    for name, split in (("anthropic_docs", True), ("chunking_eval_150w", False)):
        folder = options.data / "retrieval" / name
        if not folder.is_dir():
            print(f"skipped {name}: no folder {folder}")
        elif options.quick and not split:
            print(f"skipped {name}: takes minutes to encode; run without --quick")
        else:
            collection = _read(folder, split=split)
            figures += _quality(_smaller(collection, options.seed) if options.quick else collection, encoder)
    figures += _confidence()
    figures += _latency(2_000 if options.quick else 10_000, options.seed)
    return figures


# -- quality -------------------------------------------------------------------------------------------------------


def _quality(collection: Collection, encoder: MiniLmEncoder) -> list[Figure]:
    index = EdgeIndex(_encoded(collection, encoder), Bm25())
    scope = Scope(MARKET, AT)
    document_of = {passage.id: passage.document_id for passage in collection.passages}
    rankings: dict[str, dict[str, Ranking]] = {"convex": {}, "BM25": {}, "MiniLM": {}, "RRF": {}}
    for id_, question in collection.questions.items():
        dense = dict(index.dense(encoder.encode([question])[0], scope, limit=DEPTH))
        sparse = dict(index.sparse(question, scope, limit=DEPTH))
        lists = {
            "convex": [passage for passage, _ in mix(dense, sparse, dense_weight=HybridRetriever.dense_weight)],
            "BM25": list(sparse),
            "MiniLM": list(dense),
            "RRF": _fused(dense, sparse),
        }
        for method, passages in lists.items():
            # The best passage of a document decides its rank.
            rankings[method][id_] = list(dict.fromkeys(document_of[passage] for passage in passages))
    figures = []
    for metric, value in (("nDCG@10", _ndcg), ("recall@5", _recall)):
        scores = {
            m: _mean(value(collection.relevant[q], ranked) for q, ranked in r.items()) for m, r in rankings.items()
        }
        for peer in ("BM25", "MiniLM", "RRF"):
            bar = "not below either half" if metric == "nDCG@10" and peer != "RRF" else ""
            holds = scores["convex"] >= scores[peer] - 0.005 if bar else None
            figures.append(Figure(f"{collection.name} {metric}", scores["convex"], "", peer, scores[peer], bar, holds))
    return figures


def _encoded(collection: Collection, encoder: MiniLmEncoder) -> list[IndexedPassage]:
    ordered = sorted(collection.passages, key=lambda passage: len(passage.text))
    batches = [ordered[start : start + 32] for start in range(0, len(ordered), 32)]
    entries: list[IndexedPassage] = []
    for batch in track(batches, description=f"encoding {len(ordered)} passages of {collection.name}"):
        entries += map(IndexedPassage, batch, encoder.encode([searchable_text(passage) for passage in batch]))
    return entries


def _fused(dense: Mapping[str, float], sparse: Mapping[str, float], k: int = 60) -> Ranking:
    """Reciprocal rank fusion of equal weights (Cormack, Clarke and Buettcher, SIGIR 2009)."""
    scores: dict[str, float] = {}
    for ranked in (dense, sparse):
        for rank, id_ in enumerate(ranked, start=1):
            scores[id_] = scores.get(id_, 0.0) + 1 / (k + rank)
    return sorted(scores, key=lambda id_: (-scores[id_], id_))


def _ndcg(relevant: set[str], ranked: Ranking, k: int = 10) -> float:
    gains = sum(1 / np.log2(rank + 1) for rank, id_ in enumerate(ranked[:k], start=1) if id_ in relevant)
    return float(gains / sum(1 / np.log2(rank + 1) for rank in range(1, min(len(relevant), k) + 1)))


def _recall(relevant: set[str], ranked: Ranking, k: int = 5) -> float:
    return len(relevant & set(ranked[:k])) / len(relevant)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _read(folder: Path, *, split: bool) -> Collection:
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    passages: list[Passage] = []
    for row in corpus:
        if split:
            document = Document(
                id=row["_id"], title="", market=MARKET, kind="other", text=row["text"], source=row["_id"]
            )
            passages += split_document(document)
        else:
            passages.append(_passage(row["_id"], row["text"]))
    questions = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    relevant: dict[str, set[str]] = {}
    with (folder / "qrels.tsv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            relevant.setdefault(row["query-id"], set()).add(row["corpus-id"])
    asked = {row["_id"]: row["text"] for row in questions if row["_id"] in relevant}
    return Collection(folder.name, passages, asked, relevant)


def _smaller(collection: Collection, seed: int) -> Collection:
    """Keep some questions, the documents that answer them, and others up to a number that encodes in seconds."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(sorted(collection.questions))[:QUICK_QUERIES]
    questions = {id_: collection.questions[id_] for id_ in chosen}
    needed = set().union(*(collection.relevant[id_] for id_ in questions))
    others = [id_ for id_ in rng.permutation(sorted({p.document_id for p in collection.passages})) if id_ not in needed]
    kept = needed | set(others[: max(0, QUICK_DOCUMENTS - len(needed))])
    passages = [passage for passage in collection.passages if passage.document_id in kept]
    return Collection(f"{collection.name} (quick, {len(kept)} documents)", passages, questions, collection.relevant)


def _passage(id_: str, text: str) -> Passage:
    return Passage(
        id=content_hash(id_, length=32),
        document_id=id_,
        title="",
        heading="",
        text=text,
        market=MARKET,
        kind="other",
        source=id_,
    )


# -- confidence ----------------------------------------------------------------------------------------------------


def _confidence() -> list[Figure]:
    """Ask the three corpora what they answer, what lies near and what lies far."""
    with tempfile.TemporaryDirectory() as home:
        base = open_knowledge_base(Path(home))
        for market in track(MARKETS, description="indexing the corpora"):
            base.ingest([corpus_folder(Market(market))], Market(market))
        retriever = base.retriever()
        far = yaml.safe_load((corpus_folder(Market(MARKETS[0])).parent / "off_topic.yaml").read_text(encoding="utf-8"))
        right: dict[str, list[bool]] = {"answered": [], "first": [], "near": [], "far": []}
        for market in MARKETS:
            asked = yaml.safe_load((corpus_folder(Market(market)) / "questions.yaml").read_text(encoding="utf-8"))
            for row in asked["answered"]:
                result = retriever.search_now(KnowledgeQuery(text=row["ask"], market=Market(market), at=AT))
                right["answered"].append(result.confident)
                right["first"].append(result.hits[0].passage.source.removeprefix(f"{market}/") in row["by"])
            for kind, questions in (("near", asked["unanswered"]["near"]), ("far", far)):
                for question in questions:
                    result = retriever.search_now(KnowledgeQuery(text=question, market=Market(market), at=AT))
                    right[kind].append(not result.confident)
        base.close()
    named = (
        ("first", "best hit answers the question", 0.9),
        ("answered", "confident where the corpus answers", 0.9),
        ("near", "not confident near the subject", 0.8),
        ("far", "not confident off the subject", 0.99),
    )
    return [
        Figure(
            f"own corpora: {text} ({len(right[key])})",
            _mean(right[key]),
            "",
            "",
            None,
            f">= {bar}",
            _mean(right[key]) >= bar,
        )
        for key, text, bar in named
    ]


# -- latency -------------------------------------------------------------------------------------------------------


def _latency(n_passages: int, seed: int) -> list[Figure]:
    """Time one hybrid search with its filter; encoding the question is not part of it."""
    rng = np.random.default_rng(seed)
    words = np.array([f"word{n}" for n in range(5_000)])
    vectors = rng.normal(size=(n_passages, MiniLmEncoder.size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    frequencies = 1 / np.arange(1, len(words) + 1)
    texts = rng.choice(words, size=(n_passages, 60), p=frequencies / frequencies.sum())
    entries = [
        IndexedPassage(_passage(str(n), " ".join(text)), vector)
        for n, (text, vector) in enumerate(zip(texts, vectors, strict=True))
    ]
    asked = [(vectors[n], " ".join(texts[n][:6])) for n in rng.integers(0, n_passages, 20)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # local mode says on each call what it lacks
        store = EdgeStore(SnapshotFolder(Path(folder)), Bm25())
        store.apply(MARKET, upsert=entries, delete=[])
        started = time.perf_counter()
        edge = store.view()
        opened_s = time.perf_counter() - started
        local = ServerStore(QdrantClient(":memory:"), collection="b", size=MiniLmEncoder.size, bm25=Bm25())
        local.apply(MARKET, upsert=entries, delete=[])
        ours, theirs = (_p50_ms(_search(index), asked) for index in (edge, local))
    size = f"{n_passages:,} passages"
    return [
        Figure(f"hybrid search, {size}, p50", ours, "ms", "qdrant-client local mode", theirs, "faster", ours < theirs),
        Figure(f"opening the embedded index, {size}", opened_s, "s"),
    ]


def _search(index: PassageIndex) -> Callable[[np.ndarray, str], None]:
    scope = Scope(MARKET, AT)

    def search(vector: np.ndarray, text: str) -> None:
        dense = dict(index.dense(vector, scope, limit=DEPTH))
        sparse = dict(index.sparse(text, scope, limit=DEPTH))
        index.fetch([id_ for id_, _ in mix(dense, sparse, dense_weight=HybridRetriever.dense_weight)[:5]])

    return search


def _p50_ms(search: Callable[[np.ndarray, str], None], asked: Sequence[tuple[np.ndarray, str]]) -> float:
    times = []
    for vector, text in asked:
        started = time.perf_counter()
        search(vector, text)
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1e3


if __name__ == "__main__":
    run("retrieval", measure)
