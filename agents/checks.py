"""The reviewer's checks: what is wrong with a text before anybody reads it. Pure: text in, findings in words out."""

import re
from collections.abc import Sequence

from agents.numbers import MARKER, numbers_in, unsupported_numbers
from agents.safety import foreign_personal_data, injection_phrases, leaked_prompt, promises_in

MAX_REPLY_CHARS = 4_000
SMS_CHARS = 480

_INTERNAL = re.compile(
    r"\b(?:lead\s+scor\w*|hot\s+lead|cold\s+lead|warm\s+lead|p_convert|propensit\w+|likely\s+to\s+convert|playbook|nudge\w*)\b",
    re.IGNORECASE,
)
_CLAIM_WORDS = re.compile(
    r"\b(?:covers?|covered|includes?|included|costs?|pays?|saves?|reduces?|earns?|offers?|provides?|requires?|starts?\s+at|"
    r"lasts?|warranty|commission|premium|deductible|cheaper|faster|average|"
    r"cubre|incluye|cuesta|paga|ahorra|reduce|ofrece|requiere|garantía|comisión|prima|promedio)\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?…])\s+(?!\[\d)|\n+")
_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH = "the and is are of to you your for with this that it in on we have not be will would from"
_SPANISH = "el la los las y es son de que para con este esta en se no su una por nos más lo del usted"
_FUNCTION_WORDS = {"en": frozenset(_ENGLISH.split()), "es": frozenset(_SPANISH.split())}
_MIN_WORDS_TO_TELL = 8


def check_reply(
    text: str,
    *,
    evidence: Sequence[tuple[int, str]],
    asked: str,
    question: str | None = None,
    must_cite: bool = True,
    instructions: str = "",
) -> tuple[str, ...]:
    """Find what is wrong with a reply to a rep.

    Args:
        text: The reply, with its `[n]` markers.
        evidence: (marker, text) of every source.
        asked: The rep's own words; their numbers and names may be repeated.
        question: The question whose language the reply must have; None where the language does not matter.
        must_cite: False for a reply that only says that it does not know.
        instructions: The prompt that the model was given; it must not come back.

    Returns:
        One sentence per finding, addressed to the writer. Empty when the reply may be shown.
    """
    sources = (*(source for _, source in evidence), asked)
    findings = _common(text, sources, instructions)
    findings += _marker_findings(text, {marker for marker, _ in evidence})
    if must_cite and evidence and not MARKER.search(text):
        findings.append("No source is cited: put the [n] of its source behind every fact.")
    said = " ".join(source for _, source in evidence).casefold()
    findings += [
        f"{phrase!r} is a promise that no source makes: leave it out."
        for phrase in promises_in(text)
        if phrase.casefold() not in said
    ]
    told, wanted = guess_language(text), guess_language(question) if question else None
    if told and wanted and told != wanted:
        findings.append(f"The reply is in {told!r}, the question is in {wanted!r}.")
    if len(text) > MAX_REPLY_CHARS:
        findings.append(f"The reply has {len(text)} characters: keep it under {MAX_REPLY_CHARS}.")
    return tuple(findings)


def check_draft(
    text: str,
    *,
    evidence: Sequence[tuple[int, str]],
    allowed: Sequence[str],
    language: str,
    instructions: str = "",
    limit: int | None = None,
) -> tuple[str, ...]:
    """Find what is wrong with a message to a customer; stricter than for a rep.

    Every sentence that states a fact must carry the marker of its source, no promise is ever allowed, nothing internal may
    show, and the language must be the customer's.

    Args:
        text: Subject and body, with `[n]` markers.
        evidence: (marker, text) of the approved passages.
        allowed: Further texts whose names and numbers may be repeated: the lead's name, the sender.
        language: ISO 639-1 of the customer.
        instructions: The prompt that the model was given.
        limit: Most characters, for channels that have a limit.
    """
    sources = (*(source for _, source in evidence), *allowed)
    findings = _common(text, sources, instructions)
    findings += _marker_findings(text, {marker for marker, _ in evidence})
    findings += [f"This states a fact without a source: {s!r}. Cite it or leave it out." for s in uncited_claims(text)]
    findings += [f"{phrase!r} is a promise: no message may make one." for phrase in promises_in(text)]
    findings += [f"{m[0]!r} is our own business: the customer must not read it." for m in _INTERNAL.finditer(text)]
    told = guess_language(text)
    if told is not None and language in _FUNCTION_WORDS and told != language:
        findings.append(f"The message is in {told!r}, the customer's language is {language!r}.")
    bare = MARKER.sub("", text)
    if limit is not None and len(bare) > limit:
        findings.append(f"The message has {len(bare)} characters: keep it under {limit}.")
    return tuple(findings)


def uncited_claims(text: str) -> tuple[str, ...]:
    """Return the sentences that state a fact (a number, or a claim about the product) and cite nothing.

    Questions claim nothing.
    """
    return tuple(
        s
        for s in sentences_of(text)
        if not MARKER.search(s) and not s.endswith("?") and (numbers_in(s) or _CLAIM_WORDS.search(s))
    )


def sentences_of(text: str) -> list[str]:
    """Cut a text into sentences; a marker behind the full stop stays with its sentence."""
    return [s.strip() for s in _SENTENCES.split(text) if s.strip()]


def guess_language(text: str) -> str | None:
    """Say whether a text is English or Spanish by its function words; None when they do not tell."""
    words = _WORD.findall(text.casefold())
    if len(words) < _MIN_WORDS_TO_TELL:
        return None
    counts = {language: sum(w in known for w in words) for language, known in _FUNCTION_WORDS.items()}
    first, second = sorted(counts, key=lambda language: -counts[language])[:2]
    return first if counts[first] >= 2 * counts[second] + 2 else None


def _common(text: str, sources: tuple[str, ...], instructions: str) -> list[str]:
    if not text.strip():
        return ["The text is empty."]
    findings = [f"{n!r} is in no source: use only numbers of the evidence." for n in unsupported_numbers(text, sources)]
    findings += [
        f"{p!r} is personal data or a link of no source: leave it out." for p in foreign_personal_data(text, sources)
    ]
    findings += [f"{p!r} speaks to or about the assistant: leave it out." for p in injection_phrases(text)]
    if instructions and (leak := leaked_prompt(text, instructions)):
        findings.append(f"{leak!r} repeats the instructions: leave it out.")
    return findings


def _marker_findings(text: str, known: set[int]) -> list[str]:
    used = dict.fromkeys(int(m[1]) for m in MARKER.finditer(text))
    return [f"[{marker}] cites a source that does not exist." for marker in used if marker not in known]
