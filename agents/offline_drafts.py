"""The offline writer's messages to customers: templates in the customer's language, facts from passages only.

Pure: no clock, no I/O. A language without a template is written to in English; a fact is quoted only from a passage in the
language of the message.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.extract import name_source, pick_sentences
from domain.events import Channel
from domain.values import Value

MAX_FACTS = 2
SMS_FACT_CHARS = 140

_SPACE_BEFORE_MARKER = re.compile(r"[ \t]*\[\d{1,3}\]")


class DraftBrief(Value):
    """What a message is to achieve, and for whom."""

    channel: Channel
    language: str
    name: str | None = None
    label: str
    goal: str = ""
    query: str = ""


class DraftText(Value):
    """A message with `[n]` markers, before it is signed and finished."""

    subject: str | None
    body: str


@dataclass(frozen=True)
class _Words:
    """A language's phrases."""

    greeting: str
    greeting_unnamed: str
    opening: str
    fact_one: str
    fact_more: str
    question: str
    closing: str
    subject: str
    sms: str
    sms_question: str
    opt_out: str
    sms_opt_out: str
    disclosure: str
    sms_disclosure: str
    script: str


_WORDS = {
    "en": _Words(
        greeting="Hello {name},",
        greeting_unnamed="Hello,",
        opening="thank you for your interest. I am getting in touch to help you with the next step.",
        fact_one="One point that may help you decide:",
        fact_more="Two points that may help you decide:",
        question="Would a short conversation this week be useful to you?",
        closing="Best regards,",
        subject="Your enquiry: the next step",
        sms="Hello{name}, thank you for your interest.",
        sms_question="Is a short call useful to you?",
        opt_out='If you would rather not hear from us, reply "unsubscribe" and we will not write again.',
        sms_opt_out="Reply STOP to opt out.",
        disclosure="This message was written with the help of an AI assistant. A person reads your answer.",
        sms_disclosure="Written with AI.",
        script="Points for the call:",
    ),
    "es": _Words(
        greeting="Hola, {name}:",
        greeting_unnamed="Hola:",
        opening="gracias por su interés. Le escribo para ayudarle con el siguiente paso.",
        fact_one="Un punto que puede ayudarle a decidir:",
        fact_more="Dos puntos que pueden ayudarle a decidir:",
        question="¿Le vendría bien una conversación breve esta semana?",
        closing="Un saludo,",
        subject="Su consulta: el siguiente paso",
        sms="Hola{name}, gracias por su interés.",
        sms_question="¿Le vendría bien una llamada breve?",
        opt_out='Si prefiere no recibir más mensajes, responda "baja" y no le escribiremos más.',
        sms_opt_out="Responda STOP para no recibir más.",
        disclosure="Este mensaje se escribió con la ayuda de un asistente de IA. Una persona lee su respuesta.",
        sms_disclosure="Escrito con IA.",
        script="Puntos para la llamada:",
    ),
}


def message_language(language: str) -> str:
    """Return the language a message is written in: the customer's where there are phrases for it, else English."""
    return language if language in _WORDS else "en"


def write_offline_draft(brief: DraftBrief, passages: Sequence[tuple[int, str, str, str]]) -> DraftText:
    """Write a message from templates and passages.

    Args:
        brief: Channel, language, name and purpose.
        passages: (marker, language, title, text) of approved passages, best first.
    """
    language = message_language(brief.language)
    words = _WORDS[language]
    usable = [(marker, title, text) for marker, spoken, title, text in passages if spoken == language]
    names = {marker: title for marker, _, title, _ in passages}
    about = f"{brief.query} {brief.goal} {brief.label}"
    picked = pick_sentences(about, usable, count=MAX_FACTS, strict=True)
    facts = [(marker, name_source(sentence, names[marker])) for marker, sentence in picked]
    if brief.channel == Channel.SMS:
        return DraftText(subject=None, body=_sms(words, brief.name, facts))
    if brief.channel == Channel.PHONE:
        return DraftText(subject=None, body=_script(words, brief.name, facts))
    greeting = words.greeting.format(name=brief.name) if brief.name else words.greeting_unnamed
    blocks = [greeting, words.opening]
    if facts:
        head = words.fact_one if len(facts) == 1 else words.fact_more
        blocks.append("\n".join([head, *(f"- {sentence} [{marker}]" for marker, sentence in facts)]))
    return DraftText(subject=words.subject, body="\n\n".join([*blocks, words.question]))


def finish_message(body: str, *, channel: Channel, language: str, sender: str) -> str:
    """Take the markers out of a reviewed body, sign it, and add what the law asks for: a way out, and who wrote it.

    A call script is for the rep and gets neither.
    """
    plain = _SPACE_BEFORE_MARKER.sub("", body).strip()
    if channel == Channel.PHONE:
        return plain
    words = _WORDS[message_language(language)]
    if channel == Channel.SMS:
        return f"{plain} {words.sms_disclosure} {words.sms_opt_out}"
    return f"{plain}\n\n{words.closing}\n{sender}\n\n--\n{words.disclosure}\n{words.opt_out}"


def _sms(words: _Words, name: str | None, facts: list[tuple[int, str]]) -> str:
    parts = [words.sms.format(name=f" {name}" if name else "")]
    parts += [f"{sentence} [{marker}]" for marker, sentence in facts if len(sentence) <= SMS_FACT_CHARS][:1]
    return " ".join([*parts, words.sms_question])


def _script(words: _Words, name: str | None, facts: list[tuple[int, str]]) -> str:
    greeting = words.greeting.format(name=name) if name else words.greeting_unnamed
    lines = [f"- {sentence} [{marker}]" for marker, sentence in facts]
    return "\n".join([words.script, f"- {greeting.rstrip(',:')}", *lines, f"- {words.question}"])
