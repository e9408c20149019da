"""The retriever's suite over the real corpus, searched by words, and over a retriever that is broken on purpose."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from domain.knowledge import KnowledgeQuery, SearchResult
from domain.ports import Retriever
from domain.values import Market
from evals.gate import Verdict, judge
from evals.loading import load_passages
from evals.results import Metric
from evals.suites.retriever import run_retriever
from knowledge.opening import corpus_folder, open_knowledge_base

MARKET = Market("insurance_partners")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
ANSWERED = [case for case in load_passages(corpus_folder(MARKET)) if case.by]
HIT, RANK = "an answering document among the first 3", "mean reciprocal rank"


@dataclass(frozen=True)
class ShuffledRetriever:
    """Answers every question with what was found for another one."""

    retriever: Retriever

    async def search(self, query: KnowledgeQuery) -> SearchResult:
        asked = [case.ask for case in ANSWERED]
        other = asked[(asked.index(query.text) + 7) % len(asked)]
        return await self.retriever.search(query.model_copy(update={"text": other}))


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    base = open_knowledge_base(tmp_path_factory.mktemp("knowledge"), embedding="none")
    base.ingest([corpus_folder(MARKET)], MARKET)
    yield base.retriever()
    base.close()


async def measure(retriever: Retriever) -> dict[str, Metric]:
    metrics, _ = await run_retriever(retriever, MARKET, ANSWERED, at=NOW)
    return {metric.name: metric for metric in metrics}


async def test_the_retriever_passes_and_a_shuffled_one_closes_the_gate(retriever: Retriever) -> None:
    whole, broken = await measure(retriever), await measure(ShuffledRetriever(retriever))
    assert [judge(whole[name]) for name in (HIT, RANK)] == [Verdict.PASSED] * 2
    assert [judge(broken[name]) for name in (HIT, RANK)] == [Verdict.FAILED] * 2


async def test_the_same_retriever_measured_twice_gets_the_same_figures(retriever: Retriever) -> None:
    assert await measure(retriever) == await measure(retriever)
