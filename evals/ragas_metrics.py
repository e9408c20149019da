"""Ragas, imported when asked for: metrics without an LLM, and with a judge where one is set. NaN means not measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.settings import Settings


@dataclass(frozen=True)
class Judge:
    """A chat model that judges replies.

    Attributes:
        llm: Ragas' wrapper around an OpenAI-compatible client.
        name: The model's name, for the report.
    """

    llm: Any
    name: str


async def id_recall(found: Sequence[str], wanted: Sequence[str]) -> float | None:
    """Return the part of the wanted ids that were found (Ragas `IDBasedContextRecall`)."""
    from ragas import SingleTurnSample
    from ragas.metrics import IDBasedContextRecall

    sample = SingleTurnSample(retrieved_context_ids=list(found), reference_context_ids=list(wanted))
    return _measured(await IDBasedContextRecall().single_turn_ascore(sample))


async def id_precision(found: Sequence[str], wanted: Sequence[str]) -> float | None:
    """Return the part of the found ids that were wanted (Ragas `IDBasedContextPrecision`)."""
    from ragas import SingleTurnSample
    from ragas.metrics import IDBasedContextPrecision

    sample = SingleTurnSample(retrieved_context_ids=list(found), reference_context_ids=list(wanted))
    return _measured(await IDBasedContextPrecision().single_turn_ascore(sample))


async def tool_call_f1(question: str, called: Sequence[str], wanted: Sequence[str]) -> float | None:
    """Return the F1 of the specialists asked against those that should have been (Ragas `ToolCallF1`)."""
    from ragas.messages import AIMessage, HumanMessage, ToolCall
    from ragas.metrics.collections import ToolCallF1

    said = [
        HumanMessage(content=question),
        AIMessage(content="", tool_calls=[ToolCall(name=name, args={}) for name in called]),
    ]
    result = await ToolCallF1().ascore(
        user_input=said, reference_tool_calls=[ToolCall(name=name, args={}) for name in wanted]
    )
    return _measured(result.value)


async def rouge_recall(reply: str, reference: str) -> float | None:
    """Return the part of the reference's words that the reply holds in order (Ragas `RougeScore`, ROUGE-L recall)."""
    from ragas.metrics.collections import RougeScore

    result = await RougeScore(rouge_type="rougeL", mode="recall").ascore(reference=reference, response=reply)
    return _measured(result.value)


def open_judge(settings: Settings) -> Judge | None:
    """Return a judge over the chat model of the settings, or None where none is set."""
    if not settings.has_llm:
        return None
    from openai import AsyncOpenAI
    from ragas.llms import llm_factory

    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
    client = AsyncOpenAI(base_url=settings.llm_base_url or None, api_key=key, timeout=settings.llm_timeout_s)
    return Judge(llm_factory(settings.llm_model, client=client), settings.llm_model)


async def faithfulness(judge: Judge, question: str, reply: str, contexts: Sequence[str]) -> float | None:
    """Return the part of the reply's statements that the contexts support (Ragas `Faithfulness`).

    An LLM that fails gives None: an outage says nothing about the reply.
    """
    from ragas.metrics.collections import Faithfulness

    try:
        result = await Faithfulness(llm=judge.llm).ascore(
            user_input=question, response=reply, retrieved_contexts=list(contexts)
        )
    except Exception:  # noqa: BLE001 - whatever the judge's server or its answer did, the reply was not measured
        return None
    return _measured(result.value)


def _measured(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number
