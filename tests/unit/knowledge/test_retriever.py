"""Hybrid search and when it is good enough to answer from."""

from datetime import UTC, datetime

import numpy as np
import pytest
import structlog.testing

from domain.errors import KnowledgeUnavailableError
from domain.knowledge import KnowledgeQuery, Passage
from domain.values import Market, content_hash
from knowledge.bm25 import Bm25
from knowledge.confidence import ConfidenceRule
from knowledge.edge import EdgeStore
from knowledge.retriever import HybridRetriever
from knowledge.snapshots import SnapshotFolder
from knowledge.store import EMPTY_CORPUS, IndexedPassage

MARKET = Market("roofing")
NOW = datetime(2026, 4, 1, tzinfo=UTC)
MEANINGS = {"hail": 0, "ice stones from the sky": 0, "gutter": 1, "rain pipe": 1, "deposit": 2, "money in advance": 2}


class MeaningEncoder:
    """Encodes a text as the subjects that it names, in whatever words."""

    name = "meanings"
    size = 4

    def encode(self, texts):
        rows = np.full((len(texts), self.size), 0.1, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for words, subject in MEANINGS.items():
                row[subject] += words in text.lower()
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class SilentEncoder(MeaningEncoder):
    def encode(self, texts):
        raise KnowledgeUnavailableError("the endpoint does not answer")


def passage(text, **fields):
    return Passage(
        id=content_hash(text, length=32),
        document_id="papers/a.md",
        title="",
        heading="",
        text=text,
        market=MARKET,
        source="papers/a.md",
        **({"kind": "product"} | fields),
    )


PASSAGES = (
    passage("Hail is covered for fifty years."),
    passage("A gutter is fitted in one day.", kind="playbook"),
    passage("The deposit is ten percent."),
    passage("Colours can be chosen from a chart."),
)


@pytest.fixture
def store(tmp_path):
    store = EdgeStore(SnapshotFolder(tmp_path), Bm25())
    vectors = MeaningEncoder().encode([one.text for one in PASSAGES])
    store.apply(MARKET, upsert=list(map(IndexedPassage, PASSAGES, vectors)), delete=[])
    return store


@pytest.fixture
def retriever(store):
    return HybridRetriever(store, MeaningEncoder())


def query(text, **fields):
    return KnowledgeQuery(text=text, market=MARKET, at=NOW, **fields)


def texts(result):
    return [hit.passage.text for hit in result.hits]


async def test_it_finds_by_meaning_what_shares_no_word(retriever):
    result = await retriever.search(query("ice stones from the sky"))
    assert texts(result)[0] == "Hail is covered for fifty years."
    assert result.hits[0].sparse_score is None


async def test_it_finds_by_words_what_the_encoder_does_not_know(retriever):
    result = await retriever.search(query("a chart of colours"))
    assert texts(result)[0] == "Colours can be chosen from a chart."


async def test_scores_fall_and_lie_in_zero_and_one(retriever):
    scores = [hit.score for hit in (await retriever.search(query("hail and gutter deposit"))).hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


async def test_the_limit_and_the_kinds_of_the_query_hold(retriever):
    assert len((await retriever.search(query("hail gutter deposit", limit=2))).hits) == 2
    assert texts(await retriever.search(query("hail gutter deposit", kinds=("playbook",)))) == [PASSAGES[1].text]


async def test_it_names_the_corpus_it_searched(store, retriever):
    assert (await retriever.search(query("hail"))).corpus_version == store.view().corpus_version(MARKET)


async def test_an_empty_market_is_no_error_and_not_confident(retriever):
    elsewhere = KnowledgeQuery(text="hail", market=Market("cars"), at=NOW)
    result = await retriever.search(elsewhere)
    assert (result.hits, result.corpus_version, result.confident) == ((), EMPTY_CORPUS, False)


async def test_it_is_confident_of_a_near_passage_and_not_of_a_far_one(store):
    demanding = HybridRetriever(store, MeaningEncoder(), confidence=ConfidenceRule(threshold=0.95))
    assert (await demanding.search(query("is hail covered"))).confident
    far = await demanding.search(query("hail or gutter or deposit or colours"))
    assert (len(far.hits), far.confident) == (4, False)


async def test_without_an_encoder_words_decide(store):
    retriever = HybridRetriever(store, None)
    found, far = await retriever.search(query("deposit in percent")), await retriever.search(query("capital of France"))
    assert (texts(found)[0], found.hits[0].dense_score, found.confident) == (PASSAGES[2].text, None, True)
    assert (far.hits, far.confident) == ((), False)


async def test_an_encoder_that_does_not_answer_leaves_the_words_and_says_so(store):
    with structlog.testing.capture_logs() as logs:
        result = await HybridRetriever(store, SilentEncoder()).search(query("deposit"))
    assert texts(result) == [PASSAGES[2].text]
    assert [entry["event"] for entry in logs] == ["question_not_encoded"]


@pytest.mark.parametrize(
    ("cosine", "coverage", "is_confident"),
    [(0.6, 0.0, True), (0.43, 0.5, True), (0.43, 0.2, False), (0.2, 1.0, False), (None, 0.4, True), (None, 0.3, False)],
)
def test_confidence_weighs_meaning_and_words(cosine, coverage, is_confident):
    assert ConfidenceRule().holds(cosine=cosine, coverage=coverage) == is_confident


def test_coverage_is_the_share_of_the_questions_words_in_one_passage():
    bm25 = Bm25()
    assert bm25.coverage("hail on gutters", ["Hail falls.", "A gutter and hail."]) == 1.0
    assert bm25.coverage("hail on gutters", ["Hail falls.", "A gutter."]) == 0.5
    assert bm25.coverage("the of", ["the of"]) == 0.0
    assert bm25.coverage("hail", []) == 0.0
