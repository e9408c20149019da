"""The offline writer: an answer put together from evidence by templates, without a language model.

Pure: no clock, no I/O. It never adds a fact or a number of its own; what it cannot answer it says it does not know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.evidence import Evidence, Findings, say_reasons, say_runners_up
from agents.extract import name_source, pick_sentences, shares_content
from agents.figures import say_list, say_moment, say_money, say_percent
from domain.nudges import WAIT
from domain.values import Value

ANSWER_SENTENCES = 3
HISTORY_LINES = 4

CAN_DO = (
    "I can say why a lead is worth your time, who should take it, what to do next, what the product documents and the "
    "objection guide say, and what happened with a lead so far."
)
CUSTOMER_KINDS = frozenset({"product", "other"})
"""Documents that a customer may be quoted from; guides, playbooks and rules are for the team."""

GREETINGS = frozenset({"smalltalk", "greeting"})
NEEDS_LEAD = frozenset({"score_explanation", "find_rep", "next_action", "lead_history", "reminder"})
"""Intents that cannot be answered without a lead."""


class OfflineText(Value):
    """What the offline writer says, with `[n]` markers."""

    text: str
    abstained: bool = False


@dataclass(frozen=True)
class _Desk:
    """What lies on the writer's desk: the question, the findings, and their markers."""

    question: str
    findings: Findings
    evidence: tuple[Evidence, ...]

    def mark(self, kind: str) -> str:
        """Return the marker of the first source of a kind, ready to append."""
        return next((f" [{item.marker}]" for item in self.evidence if item.kind == kind), "")

    def passages(self, *, first: str | None = None, only: frozenset[str] | None = None) -> list[tuple[int, str, str]]:
        """Return (marker, title, text) of the passages, those of the document kind `first` before the others."""
        hits = self.findings.search.hits if self.findings.search is not None else ()
        kinds = {hit.passage.id: hit.passage.kind for hit in hits}
        items = [item for item in self.evidence if item.kind == "passage"]
        items = [item for item in items if only is None or kinds.get(item.source_id) in only]
        items.sort(key=lambda item: first is not None and kinds.get(item.source_id) != first)
        return [(item.marker, item.title, item.text) for item in items]

    def quote(self, head: str, picked: list[tuple[int, str]], *, by_heading: bool = False) -> str:
        """Quote sentences, each with its document, or its heading; one that all share is said once."""
        if not picked:
            return ""
        part = -1 if by_heading else 0
        names = {item.marker: item.title.split(" > ")[part] for item in self.evidence}
        names = {marker: names[marker] for marker, _ in picked}
        if len(set(names.values())) == 1 and len(picked) > 1:
            head = f"{head.rstrip(':')} ({names[picked[0][0]]}):"
            lines = [f"{said} [{marker}]" for marker, said in picked]
        else:
            lines = [f"{name_source(said, names[marker])} [{marker}]" for marker, said in picked]
        return lines[0] if len(lines) == 1 else "\n".join([head, *(f"- {line}" for line in lines)])


def write_offline_reply(question: str, intent: str, findings: Findings, evidence: Sequence[Evidence]) -> OfflineText:
    """Answer a rep's question from the evidence.

    Args:
        question: The rep's words; they choose among sentences and are never repeated as facts.
        intent: The listener's reading of the question.
        findings: What the specialists found.
        evidence: The same, numbered.
    """
    if intent in GREETINGS:
        return OfflineText(text=f"Hello. {CAN_DO}")
    if intent == "out_of_scope":
        return OfflineText(text=f"That is outside of what I know. {CAN_DO}", abstained=True)
    desk = _Desk(question, findings, tuple(evidence))
    said = [text for section in _SECTIONS.get(intent, _EVERYTHING) if (text := section(desk))]
    troubles = [f"{_sentence(text)}." for text in dict.fromkeys(problem.text for problem in findings.problems)]
    if said:
        return OfflineText(text="\n\n".join([*said, *troubles]))
    if troubles:
        return OfflineText(text=" ".join([*troubles, "So I do not know the answer."]), abstained=True)
    if intent in NEEDS_LEAD and findings.lead_id is None:
        return _without_lead(desk)
    return OfflineText(text=_do_not_know(desk), abstained=True)


def _without_lead(desk: _Desk) -> OfflineText:
    """Answer from the documents what only sounded like a question about a lead; else ask which lead is meant."""
    picked = pick_sentences(desk.question, desk.passages(), count=ANSWER_SENTENCES, strict=True)
    if any(shares_content(desk.question, sentence) for _, sentence in picked):
        told = desk.quote("From the documents:", picked)
        return OfflineText(text=f"{told}\n\nIf you ask about a lead, name its id.")
    return OfflineText(text="Which lead do you mean? Name its id, and I will look it up.", abstained=True)


def write_safe_reply(evidence: Sequence[Evidence]) -> OfflineText:
    """Say only where to look: the last resort, when no wording passes the review."""
    sources = [f"{item.title.rstrip('.')} [{item.marker}]" for item in evidence[:3]]
    where = f" These sources may help: {say_list(sources)}." if sources else ""
    return OfflineText(text=f"I do not know a safe answer to that.{where}", abstained=True)


def _verdict(desk: _Desk) -> str:
    score, mark = desk.findings.score, desk.mark("score")
    if score is None:
        return ""
    worth = (
        f", worth an expected {say_money(score.expected_value, score.currency)}"
        if score.expected_value is not None
        else ""
    )
    verdict = (
        f"Lead {score.lead_id} is {score.temperature}: {say_percent(score.p_convert)} likely to convert "
        f"(between {say_percent(score.p_low)} and {say_percent(score.p_high)}){worth}{mark}."
    )
    doubt = score.no_signal or score.abstains
    caution = f" Read this with care: {doubt.rstrip('.')}{mark}." if doubt else ""
    return verdict + caution


def _score(desk: _Desk) -> str:
    score, mark = desk.findings.score, desk.mark("score")
    if score is None:
        return ""
    why = ["Why:", *(f"- {reason}{mark}" for reason in say_reasons(score))] if score.reasons else []
    return "\n".join([_verdict(desk), *why])


def _match(desk: _Desk) -> str:
    match, mark = desk.findings.match, desk.mark("match")
    if match is None:
        return ""
    if match.rep_id is None:
        return f"Nobody can take lead {match.lead_id} now; it waits in the pool: {match.reason.rstrip('.')}{mark}."
    chance = f" ({say_percent(match.p_convert)} likely to convert with them)" if match.p_convert is not None else ""
    lines = [
        f"Give lead {match.lead_id} to {match.rep_name or match.rep_id}{chance}: {match.reason.rstrip('.')}{mark}."
    ]
    if others := say_runners_up(match):
        lines.append(f"Next best: {say_list(others)}{mark}.")
    if match.no_signal:
        lines.append(f"Note: {match.no_signal.rstrip('.')}{mark}.")
    return " ".join(lines)


def _next_action(desk: _Desk) -> str:
    nudge, mark = desk.findings.nudge, desk.mark("nudge")
    if nudge is None:
        return ""
    when = say_moment(nudge.send_at)
    if nudge.action.id == WAIT:
        return f"Next for lead {nudge.lead_id}: wait, and look again on {when}. {_sentence(nudge.reason)}{mark}."
    return f"Next for lead {nudge.lead_id}: {nudge.action.label}, on {when}. {_sentence(nudge.reason)}{mark}."


def _reminder(desk: _Desk) -> str:
    planned = _next_action(desk)
    note = "I cannot set a reminder from this chat; put the moment in your calendar, or start the lead's journey."
    return f"{planned} {note}" if planned else ""


def _passages(desk: _Desk) -> str:
    return desk.quote("From the documents:", pick_sentences(desk.question, desk.passages(), count=ANSWER_SENTENCES))


def _objection(desk: _Desk) -> str:
    picked = pick_sentences(desk.question, desk.passages(first="objection_guide"), count=ANSWER_SENTENCES)
    return desk.quote("What the guide suggests:", picked, by_heading=True)


def _history(desk: _Desk) -> str:
    items = [item for item in desk.evidence if item.kind == "history"]
    if not items:
        return ""
    who = [item for item in items if item.source_id.startswith("lead:")]
    happened = [item for item in items if not item.source_id.startswith("lead:")][-HISTORY_LINES:]
    lines = [f"{item.title}: {item.text} [{item.marker}]" for item in who]
    lines += [f"- {item.text} [{item.marker}]" for item in happened] or ["Nothing else is recorded yet."]
    return "\n".join(lines)


def _message(desk: _Desk) -> str:
    picked = pick_sentences(desk.question, desk.passages(only=CUSTOMER_KINDS), count=2, strict=True)
    lead = desk.findings.lead
    if not picked and lead is None:
        return ""
    greeting = f"Hello {lead.name}{desk.mark('history')}," if lead is not None and lead.name else "Hello,"
    names = {item.marker: item.title.split(" > ")[0] for item in desk.evidence}
    facts = "\n".join(f"{name_source(sentence, names[marker])} [{marker}]" for marker, sentence in picked)
    head = "A draft to check before you send it (take out the [n] marks):"
    if not picked:
        head = (
            f"I found nothing that a customer may be quoted, so this draft only asks for a talk{desk.mark('history')}:"
        )
    body = f"you asked about this, so here is what applies:\n{facts}" if picked else "thank you for your interest."
    return f"{head}\n\n{greeting}\n\n{body}\n\nWhen would be a good time to talk?"


def _do_not_know(desk: _Desk) -> str:
    if desk.findings.search is not None and not desk.findings.search.confident:
        return "I do not know: nothing in the documents answers this well enough. Ask a colleague, or rephrase it."
    return "I do not know: I found nothing to answer this from."


def _sentence(text: str) -> str:
    """Begin with a capital and leave the full stop to whoever adds the marker before it."""
    return (text[:1].upper() + text[1:]).rstrip(".")


_Section = Callable[[_Desk], str]

_EVERYTHING: tuple[_Section, ...] = (_passages, _score)
_SECTIONS: dict[str, tuple[_Section, ...]] = {
    "score_explanation": (_score,),
    "find_rep": (_match, _verdict),
    "next_action": (_next_action, _verdict),
    "product_question": (_passages,),
    "pricing": (_passages,),
    "info_request": (_passages,),
    "support": (_passages,),
    "objection_help": (_objection,),
    "objection": (_objection,),
    "write_message": (_message,),
    "lead_history": (_history,),
    "reminder": (_reminder,),
}
