"""Does the retriever find the documents that answer, and does it know when nothing does?"""

from collections.abc import Sequence
from datetime import datetime

from domain.knowledge import KnowledgeQuery
from domain.ports import Retriever
from domain.values import Market
from evals.figures import mean_of
from evals.loading import PassageCase
from evals.ragas_metrics import id_precision, id_recall
from evals.results import Bar, Case, Metric

_LIMIT = 5


async def run_retriever(
    retriever: Retriever, market: Market, questions: Sequence[PassageCase], *, at: datetime
) -> tuple[tuple[Metric, ...], tuple[Case, ...]]:
    """Search for the golden questions and compare by document.

    Args:
        retriever: What is measured.
        market: Whose documents are searched.
        questions: What to look for; those without documents have no answer.
        at: The moment of asking; documents have dates.
    """
    cases = [await _ask(retriever, market, question, at) for question in questions]
    return (
        mean_of(cases, "hit at 3", "an answering document among the first 3", Bar(value=0.9)),
        mean_of(cases, "reciprocal rank", "mean reciprocal rank", Bar(value=0.8)),
        mean_of(cases, "recall", "id-based context recall, Ragas", Bar(value=0.6)),
        mean_of(cases, "precision", "id-based context precision, Ragas", None, "documents of the first 5 that answer"),
        mean_of(cases, "confident", "confident where something answers", Bar(value=0.85)),
        mean_of(cases, "silent", "not confident where nothing answers", Bar(value=0.7)),
    ), tuple(cases)


async def _ask(retriever: Retriever, market: Market, question: PassageCase, at: datetime) -> Case:
    result = await retriever.search(KnowledgeQuery(text=question.ask, market=market, at=at, limit=_LIMIT))
    found = list(dict.fromkeys(hit.passage.source for hit in result.hits))
    said = f"{question.ask}\n-> {', '.join(found)}\nwanted {', '.join(question.by) or 'nothing'}"
    if not question.by:
        return Case(id=question.ask[:50], metrics={"silent": float(not result.confident)}, detail=said)
    rank = next((place for place, source in enumerate(found, start=1) if source in question.by), None)
    metrics: dict[str, float | None] = {
        "hit at 3": float(rank is not None and rank <= 3),  # noqa: PLR2004 - named in the metric
        "reciprocal rank": 1 / rank if rank else 0.0,
        "recall": await id_recall(found, question.by),
        "precision": await id_precision(found, question.by),
        "confident": float(result.confident),
    }
    return Case(id=question.ask[:50], metrics=metrics, detail=said)
