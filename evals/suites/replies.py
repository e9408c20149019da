"""Are the co-pilot's replies right, grounded, cited, and silent where nothing is known?"""

from collections.abc import Sequence
from typing import Any

from domain.conversations import Reply, TurnRequest
from domain.values import ConversationId, LeadId, TurnId, content_hash
from evals.fidelity import unsupported
from evals.figures import mean_of
from evals.loading import QuestionCase
from evals.ragas_metrics import Judge, faithfulness, rouge_recall, tool_call_f1
from evals.results import Bar, Case, Metric
from evals.testbed import Testbed

_SPECIALISTS = ("score", "match", "passages", "nudge")


async def run_replies(
    testbed: Testbed, questions: Sequence[QuestionCase], lead_id: LeadId, judge: Judge | None
) -> tuple[tuple[Metric, ...], tuple[Case, ...]]:
    """Ask the golden questions and check the answers.

    Args:
        testbed: The floor.
        questions: What to ask.
        lead_id: The lead in question, where a question is about one.
        judge: A chat model that judges faithfulness; None leaves that unmeasured.
    """
    cases = [await _ask(testbed, question, lead_id, judge) for question in questions]
    judged = Bar(value=0.8, hard=False)
    return (
        mean_of(cases, "numbers", "replies whose every number is in the evidence", Bar(value=1.0)),
        mean_of(cases, "citations", "replies whose citations all exist and are used", Bar(value=1.0)),
        mean_of(cases, "facts", "facts that had to be said and were", Bar(value=0.75)),
        mean_of(cases, "steps", "specialists asked, tool-call F1, Ragas", Bar(value=0.75)),
        mean_of(cases, "abstains", "says that it does not know, where nothing is known", Bar(value=1.0)),
        mean_of(cases, "answers", "answers where something is known", Bar(value=0.8)),
        mean_of(cases, "rouge", "words of the reference held, ROUGE-L recall, Ragas", Bar(value=0.3, hard=False)),
        mean_of(cases, "faithfulness", f"faithfulness, Ragas, judged by {judge.name if judge else 'nobody'}", judged),
    ), tuple(cases)


async def _ask(testbed: Testbed, question: QuestionCase, lead_id: LeadId, judge: Judge | None) -> Case:
    unique = content_hash("eval", question.id, testbed.tools.clock.now().isoformat())
    request = TurnRequest(
        turn_id=TurnId(f"eval-{unique}"),
        conversation_id=ConversationId(f"eval-{unique}"),
        lead_id=lead_id if question.lead else None,
        market=testbed.tools.known_market(None),
        text=question.ask,
    )
    events: dict[str, Any] = {event.kind: event.data async for event in testbed.turns.run(request)}
    if "reply" not in events:
        return Case(id=question.id, invalid=str(events.get("error", "no reply")), detail=question.ask)
    reply = Reply.model_validate(events["reply"])
    contexts = await _contexts(testbed, events, reply)
    wrong = unsupported(reply.text, [question.ask, *contexts])
    asked = [step for step in _SPECIALISTS if step in events]
    metrics: dict[str, float | None] = {"numbers": float(not wrong)}
    if question.abstain:
        metrics["abstains"] = float(reply.abstained)
    else:
        metrics["answers"] = float(not reply.abstained)
        metrics["citations"] = float(_is_cited(reply))
        metrics["steps"] = await tool_call_f1(
            question.ask, [s for s in asked if s in question.steps or s != "passages"], question.steps
        )
        metrics["rouge"] = await rouge_recall(reply.text, question.reference)
        metrics["faithfulness"] = (
            await faithfulness(judge, question.ask, reply.text, [str(c) for c in contexts]) if judge else None
        )
    if question.facts:
        said = reply.text.casefold()
        metrics["facts"] = sum(any(form.casefold() in said for form in fact) for fact in question.facts) / len(
            question.facts
        )
    detail = f"{question.ask}\n{reply.text}\nasked: {', '.join(asked)}" + (f"\nunsupported: {wrong}" if wrong else "")
    return Case(id=question.id, metrics=metrics, detail=detail)


async def _contexts(testbed: Testbed, events: dict[str, Any], reply: Reply) -> list[Any]:
    """Gather what the reply may draw on: what the specialists said, and the whole of every passage found."""
    contexts: list[Any] = [events[step] for step in ("score", "match", "nudge") if step in events]
    for hit in events.get("passages", {}).get("hits", []):
        passage = testbed.tools.knowledge.passage(hit["passage_id"])
        if passage is not None:
            contexts.append(f"{passage.title} {passage.heading} {passage.text}")
    return contexts + [citation.quote for citation in reply.citations]


def _is_cited(reply: Reply) -> bool:
    return bool(reply.citations) and all(f"[{citation.marker}]" in reply.text for citation in reply.citations)
