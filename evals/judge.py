"""A chat model that judges replies, by Ragas' metrics. An outage of the judge is no measurement, never a zero."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evals.ragas_metrics import measured, prepare_ragas
from runtime.settings import Settings


class Encoder(Protocol):
    """Turns texts into vectors."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n_texts, size)."""
        ...


@dataclass(frozen=True)
class Judge:
    """Judges replies by Ragas' LLM metrics.

    Attributes:
        llm: Ragas' wrapper around an OpenAI-compatible client.
        name: The model's name, for the report.
        encoder: The house's sentence encoder, for answer relevancy; None leaves that unmeasured.
    """

    llm: Any
    name: str
    encoder: Encoder | None = None

    async def faithfulness(self, question: str, reply: str, contexts: Sequence[str]) -> float | None:
        """Return the part of the reply's statements that the contexts support (Ragas `Faithfulness`)."""
        from ragas.metrics.collections import Faithfulness

        metric = Faithfulness(llm=self.llm)
        return await _asked(metric.ascore(user_input=question, response=reply, retrieved_contexts=list(contexts)))

    async def relevancy(self, question: str, reply: str) -> float | None:
        """Return how near the questions that the reply answers come to the one asked (Ragas `AnswerRelevancy`)."""
        if self.encoder is None:
            return None
        from ragas.metrics.collections import AnswerRelevancy

        embeddings = _ragas_embeddings(self.encoder)
        result = await _asked(
            AnswerRelevancy(llm=self.llm, embeddings=embeddings).ascore(user_input=question, response=reply)
        )
        # Ragas gives 0 where the judge wrote no question at all; then it has not compared anything either.
        return result if embeddings.was_asked else None

    async def precision(self, question: str, reference: str, contexts: Sequence[str]) -> float | None:
        """Return whether the useful contexts come first (Ragas `ContextPrecision`)."""
        from ragas.metrics.collections import ContextPrecision

        metric = ContextPrecision(llm=self.llm)
        return await _asked(metric.ascore(user_input=question, reference=reference, retrieved_contexts=list(contexts)))


@asynccontextmanager
async def open_judge(settings: Settings, encoder: Encoder | None) -> AsyncIterator[Judge | None]:
    """Open a judge over the chat model of the settings; None where none is set.

    Args:
        settings: Names the chat model.
        encoder: The house's sentence encoder, where there is one.
    """
    if not settings.has_llm:
        yield None
        return
    prepare_ragas()
    from openai import AsyncOpenAI
    from ragas.llms import llm_factory

    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
    async with AsyncOpenAI(
        base_url=settings.llm_base_url or None, api_key=key, timeout=settings.llm_timeout_s, max_retries=1
    ) as client:
        yield Judge(llm_factory(settings.llm_model, client=client), settings.llm_model, encoder)


async def _asked(score: Awaitable[Any]) -> float | None:
    try:
        result = await score
    except Exception:  # noqa: BLE001 - whatever the judge's server or its answer did, nothing was measured
        return None
    return measured(result.value)


def _ragas_embeddings(encoder: Encoder) -> Any:
    """Return the house's encoder as Ragas wants it; a class made late, because its base imports all of Ragas."""
    from ragas.embeddings.base import BaseRagasEmbedding

    class HouseEmbedding(BaseRagasEmbedding):  # type: ignore[misc]  # Ragas has no types
        was_asked = False

        def embed_text(self, text: str, **_: Any) -> list[float]:
            self.was_asked = True
            return [float(value) for value in encoder.encode([text])[0]]

        async def aembed_text(self, text: str, **_: Any) -> list[float]:
            return self.embed_text(text)

    return HouseEmbedding()
