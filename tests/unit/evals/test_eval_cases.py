import re

import pytest

from domain.values import Market
from evals.loading import MessageCases, QuestionCase, load_messages, load_passages, load_questions
from knowledge.opening import corpus_folder
from tools.conversation.examples import load_examples

MARKET = Market("insurance_partners")
QUESTIONS = load_questions(MARKET)
CORPUS = " ".join(
    " ".join(path.read_text(encoding="utf-8").split()) for path in sorted(corpus_folder(MARKET).rglob("*.md"))
).casefold()
HALVES = [load_messages(), load_messages(development=True)]


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.facts], ids=lambda q: q.id)
def test_the_facts_of_a_question_are_in_the_corpus(question: QuestionCase) -> None:
    missing = [fact for fact in question.facts if not any(form.casefold() in CORPUS for form in fact)]
    assert missing == []


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.facts and q.reference], ids=lambda q: q.id)
def test_the_numbers_of_a_reference_are_in_the_corpus(question: QuestionCase) -> None:
    assert [n for n in re.findall(r"\d[\d,.]*\d|\d", question.reference) if n not in CORPUS] == []


def test_the_questions_cover_what_they_must() -> None:
    kinds = {
        "about a lead": sum(q.lead for q in QUESTIONS),
        "follow-ups": sum(bool(q.before) for q in QUESTIONS),
        "planted orders": sum(q.forbidden is not None for q in QUESTIONS),
        "said by a lead": sum(q.lead_says is not None for q in QUESTIONS),
        "about another lead": sum(q.about_other for q in QUESTIONS),
        "unanswerable": sum(q.abstain for q in QUESTIONS),
        "in Spanish": sum(q.id.startswith("es ") for q in QUESTIONS),
    }
    assert [kind for kind, count in kinds.items() if count < 2] == []
    assert len(QUESTIONS) >= 45


def test_question_ids_are_unique() -> None:
    assert len({q.id for q in QUESTIONS}) == len(QUESTIONS)


def test_specialists_are_named_as_their_events_are() -> None:
    assert {step for q in QUESTIONS for step in q.steps} <= {"score", "match", "passages", "nudge"}


@pytest.mark.parametrize("half", HALVES, ids=["gate", "development"])
def test_the_labels_of_messages_are_known(half: MessageCases) -> None:
    leads = {*load_examples("lead_intents").labels, "other"}
    reps = {*load_examples("rep_intents").labels, "out_of_scope"}
    signals = set(load_examples("signals").labels)
    unknown = {case.intent for case in half.lead} - leads | {case.intent for case in half.rep} - reps
    unknown |= {f"objection.{kind}" for case in half.lead for kind in case.objections} - signals
    unknown |= {f"buying.{kind}" for case in half.lead for kind in case.signals} - signals
    assert unknown == set()


def test_no_message_of_the_gate_is_learned_from() -> None:
    gate = HALVES[0]
    judged = {text.casefold() for text in (*(c.text for c in (*gate.lead, *gate.rep)), *gate.opt_out, *gate.no_opt_out)}
    learned = {
        text.casefold()
        for name in ("lead_intents", "rep_intents", "signals", "stages", "sentiment")
        for text in load_examples(name).texts
    }
    developed = {
        text.casefold()
        for text in (*(c.text for c in (*HALVES[1].lead, *HALVES[1].rep)), *HALVES[1].opt_out, *HALVES[1].no_opt_out)
    }
    # The word alone is a command by law, so it belongs to both.
    assert (judged & (learned | developed)) - {"stop", "unsubscribe"} == set()


@pytest.mark.parametrize("market", ["insurance_partners", "real_estate", "roofing"])
def test_the_passages_wanted_exist(market: str) -> None:
    folder = corpus_folder(Market(market))
    cases = load_passages(folder)
    missing = [source for case in cases for source in case.by if not (folder.parent / source).is_file()]
    assert missing == []
    assert any(not case.by for case in cases)
