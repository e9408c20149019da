"""Ragas' metrics without an LLM. Ragas is imported when a metric is asked for; NaN means not measured.

The id-based metrics come from Ragas' private modules: the public path warns of a successor that does not exist yet.
"""

import math
import os
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # noqa: TID251 - Ragas reads it at import and reports usage without it


@cache
def prepare_ragas() -> None:
    """Import Ragas, and have it make up the id that its usage reports would carry; they are off.

    It leaves the file that keeps the id open, which would be warned of wherever Ragas first counted a use.
    """
    from ragas._analytics import get_userid

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        get_userid()


async def id_recall(found: Sequence[str], wanted: Sequence[str]) -> float | None:
    """Return the part of the wanted ids that were found (Ragas `IDBasedContextRecall`)."""
    prepare_ragas()
    from ragas import SingleTurnSample
    from ragas.metrics._context_recall import IDBasedContextRecall

    sample = SingleTurnSample(retrieved_context_ids=list(found), reference_context_ids=list(wanted))
    return measured(await IDBasedContextRecall().single_turn_ascore(sample))


async def id_precision(found: Sequence[str], wanted: Sequence[str]) -> float | None:
    """Return the part of the found ids that were wanted (Ragas `IDBasedContextPrecision`)."""
    prepare_ragas()
    from ragas import SingleTurnSample
    from ragas.metrics._context_precision import IDBasedContextPrecision

    sample = SingleTurnSample(retrieved_context_ids=list(found), reference_context_ids=list(wanted))
    return measured(await IDBasedContextPrecision().single_turn_ascore(sample))


async def tool_call_f1(question: str, called: Sequence[str], wanted: Sequence[str]) -> float | None:
    """Return the F1 of the specialists asked against those that should have been (Ragas `ToolCallF1`)."""
    prepare_ragas()
    from ragas.messages import AIMessage, HumanMessage, ToolCall
    from ragas.metrics.collections import ToolCallF1

    said = [
        HumanMessage(content=question),
        AIMessage(content="", tool_calls=[ToolCall(name=name, args={}) for name in called]),
    ]
    result = await ToolCallF1().ascore(
        user_input=said, reference_tool_calls=[ToolCall(name=name, args={}) for name in wanted]
    )
    return measured(result.value)


async def rouge_recall(reply: str, reference: str) -> float | None:
    """Return the part of the reference's words that the reply holds in order (Ragas `RougeScore`, ROUGE-L recall)."""
    prepare_ragas()
    from ragas.metrics.collections import RougeScore

    result = await RougeScore(rouge_type="rougeL", mode="recall").ascore(reference=reference, response=reply)
    return measured(result.value)


def measured(value: Any) -> float | None:
    """Return a figure of Ragas, or None where it is NaN or absent: then nothing was measured."""
    number = math.nan if value is None else float(value)
    return None if math.isnan(number) else number
