"""Phrases that must not pass: promises, words that try to steer an assistant, personal data. Pure: text in, facts out."""

import re

_INJECTION = re.compile(
    r"""
      \b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instructions?|prompts?|rules|guidelines|above)\b
    | \b(?:ignora|olvida|omite)\b[^.\n]{0,40}\b(?:instrucciones|reglas|anteriores)\b
    | \bsystem\s+prompt\b | \byou\s+are\s+now\s+(?:a|an|the|my|in)\b | \bact\s+as\s+(?:if\s+you|a|an)\b
    | \bas\s+an\s+ai\s+(?:language\s+)?model\b | \b(?:reveal|print|repeat)\b[^.\n]{0,30}\b(?:prompt|instructions)\b
    | \b(?:jailbreak|developer\s+mode|prompt\s+injection)\b
    | </?(?:data|system|instructions?|assistant|user)\b | <\|[a-z_]+\|> | \[/?INST\]
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PROMISE = re.compile(
    r"""
      \bguarantee[sd]?\b(?!\s+(?:period|fund|certificate)) | \bguaranteed\b | \brisk[-\s]free\b | \bno\s+risk\b | \bzero\s+risk\b
    | \byou(?:\s+will|'ll)\s+(?:definitely|certainly|never|always)\b | \b(?:100|hundred)\s?%\s+(?:safe|sure|certain|covered)\b
    | \bcan(?:not|'t)\s+lose\b | \bpromise\s+(?:you|that)\b | \bbest\s+price\s+(?:ever|anywhere)\b
    | \bgarantiza(?:do|da|mos|n)?\b | \bsin\s+(?:ningún\s+)?riesgo\b | \bcero\s+riesgo\b | \bse\s+lo\s+prometo\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"\bhttps?://[^\s)\]>\"']+|\bwww\.[^\s)\]>\"']+", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.,])\+?\d[\d\s().-]{7,}\d(?![\w%])")
_NAME = r"[A-ZÀ-Ý][\w'\u2019-]+"
_HONORIFIC = re.compile(rf"\b(?:Mr|Mrs|Ms|Dr|Prof|Sr|Sra|Don|Doña)\.? ({_NAME})")
_NAME_PAIR = re.compile(rf"(?<=[a-zà-ÿ,;:] )({_NAME}) ({_NAME})")
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_MIN_PHONE_DIGITS = 8


def injection_phrases(text: str) -> tuple[str, ...]:
    """Return the phrases that try to steer an assistant, or that show one was steered."""
    return tuple(match[0].strip() for match in _INJECTION.finditer(text))


def promises_in(text: str) -> tuple[str, ...]:
    """Return the promises that no seller may make in writing."""
    return tuple(match[0].strip() for match in _PROMISE.finditer(text))


def withhold_unsafe(text: str) -> str:
    """Drop the sentences of an untrusted text that try to steer an assistant; the rest stays as it is."""
    if not injection_phrases(text):
        return text
    kept = [s for line in text.splitlines() for s in _SENTENCE_END.split(line) if not injection_phrases(s)]
    return " ".join(kept).strip()


def foreign_personal_data(text: str, sources: tuple[str, ...]) -> tuple[str, ...]:
    """Return addresses, phone numbers, links and names of people that no source mentions.

    A pair of capitalised words inside a sentence counts as a name when the sources have neither word.
    """
    known = "\n".join(sources).casefold()
    known_digits = re.sub(r"\D", "", known)
    known_words = set(_WORD.findall(known))
    contacts = [m[0].rstrip(".,;:") for pattern in (_EMAIL, _URL) for m in pattern.finditer(text)]
    found = [contact for contact in contacts if contact.casefold() not in known]
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if len(digits) >= _MIN_PHONE_DIGITS and digits not in known_digits:
            found.append(match[0].strip())
    names = [*_HONORIFIC.finditer(text), *_NAME_PAIR.finditer(text)]
    found += [m[0] for m in names if not known_words.intersection(_WORD.findall(" ".join(m.groups()).casefold()))]
    return tuple(dict.fromkeys(found))


def leaked_prompt(text: str, prompt: str, *, run: int = 10) -> str | None:
    """Return the first run of words that a text repeats from the instructions, or None.

    Args:
        text: What would be said.
        prompt: The instructions given to the model.
        run: Words in a row that count as a leak, >= 1.
    """
    instructed = _WORD.findall(prompt.casefold())
    runs = {tuple(instructed[i : i + run]) for i in range(len(instructed) - run + 1)}
    said = _WORD.findall(text.casefold())
    return next(
        (" ".join(said[i : i + run]) for i in range(len(said) - run + 1) if tuple(said[i : i + run]) in runs), None
    )
