"""From settings to a knowledge base."""

import socket
from datetime import UTC, datetime

import pytest
import structlog.testing

from domain.errors import InvalidInputError, KnowledgeUnavailableError, UnknownMarketError
from domain.knowledge import KnowledgeQuery
from domain.values import Market
from knowledge.edge import EdgeStore
from knowledge.opening import corpus_folder, open_knowledge_base


def test_the_default_is_minilm_over_the_embedded_engine(tmp_path):
    base = open_knowledge_base(tmp_path)
    assert (base.encoder.name, type(base.store)) == ("minilm-l6-v2", EdgeStore)


def test_opening_loads_and_writes_nothing(tmp_path):
    open_knowledge_base(tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


def test_without_a_model_it_searches_by_words_and_warns_once(tmp_path):
    with structlog.testing.capture_logs() as logs:
        base = open_knowledge_base(tmp_path, embedding="none")
        base.retriever()
    assert base.encoder is None
    assert [entry["event"] for entry in logs] == ["search_by_words_only"]


def test_each_encoder_has_its_own_index(tmp_path, write, market):
    with structlog.testing.capture_logs():
        words = open_knowledge_base(tmp_path, embedding="none")
    words.ingest([write("a.md", "hail")], market)
    query = KnowledgeQuery(text="hail", market=market, at=datetime(2026, 4, 1, tzinfo=UTC))
    assert len(words.retriever().search_now(query).hits) == 1
    assert open_knowledge_base(tmp_path).store.view().stored(market) == {}


def test_an_endpoint_is_named_by_its_model(tmp_path):
    base = open_knowledge_base(tmp_path, embedding="openai:small", embedding_size=8, embedding_url="http://127.0.0.1:1")
    assert (base.encoder.name, base.encoder.size) == ("openai-small-8", 8)


@pytest.mark.parametrize("embedding", ["word2vec", "openai", "openai:", ""])
def test_an_unknown_encoder_is_refused(tmp_path, embedding):
    with pytest.raises(InvalidInputError, match="openai:<model>"):
        open_knowledge_base(tmp_path, embedding=embedding)


def test_a_qdrant_server_that_does_not_answer_is_named(tmp_path, write, market):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with structlog.testing.capture_logs():
            base = open_knowledge_base(tmp_path, embedding="none", qdrant_url=address)
        with pytest.raises(KnowledgeUnavailableError, match=f"Qdrant at {address} does not answer"):
            base.ingest([write("a.md", "hail")], market)
        base.close()


def test_an_unknown_market_has_no_corpus():
    with pytest.raises(UnknownMarketError, match="insurance_partners, real_estate, roofing"):
        corpus_folder(Market("cars"))
