"""Sentences of passages that answer a question: the extractive half of the offline writer. Pure: text in, sentences out."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from agents.numbers import MARKER
from agents.safety import injection_phrases, promises_in

MIN_CHARS, MAX_CHARS = 25, 600
WEAKEST = 0.5
"""Share of the best sentence's weight that another one needs."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'“¿¡(]?[A-ZÀ-Ý\d])")
_MARKUP = re.compile(r"^\s*(?:#{1,6}|>|[-*+]|\d{1,2}[.)])\s+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")
_ENDINGS = (".", "!", "?", '"', "”", ")")
_LEANS = re.compile(
    r"(?:It|They|This|That|These|Those|He|She|Its|Their|Otherwise|But|And|So|Then|However|Also|Both|Él|Ella|Esto|Eso|Además|Pero|Su)\b"
)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_WORD = re.compile(r"[^\W_]+")
_STOP_WORDS = """
    a an and are as at be but by can do does for from has have how i if in is it me my no not of on or our she he so than that
    the their them they this to us was we what when which who will with would you your say says tell about lead answer reply respond
    el la los las un una y o de del en que qué para por con se su es son al lo como cómo
"""
_STOP = frozenset(_STOP_WORDS.split())


class _Candidate(NamedTuple):
    """A sentence that may be chosen."""

    rank: int
    position: int
    marker: int
    sentence: str
    stems: frozenset[str]


def split_sentences(text: str) -> list[str]:
    """Split a passage's Markdown into plain sentences; headings, table rows and fragments are left out."""
    sentences: list[str] = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+#|>]|\d{1,2}[.)]\s))", text):
        line = " ".join(block.split())
        if line.startswith(("#", "|")):
            continue
        plain = MARKER.sub("", _LINK.sub(r"\1", _MARKUP.sub("", line)))
        sentences += _whole_quotes([s.strip() for s in _SENTENCE_END.split(plain)])
    return [s for s in sentences if MIN_CHARS <= len(s) <= MAX_CHARS and s.endswith(_ENDINGS)]


def _whole_quotes(sentences: list[str]) -> list[str]:
    """Join sentences that stand in one pair of quotation marks: half a quotation says something else."""
    whole: list[str] = []
    for sentence in sentences:
        if whole and whole[-1].count('"') % 2:
            whole[-1] = f"{whole[-1]} {sentence}"
        else:
            whole.append(sentence)
    return [sentence for sentence in whole if sentence.count('"') % 2 == 0]


def name_source(sentence: str, name: str) -> str:
    """Say what a sentence is about, where it does not say so itself: out of its document it would fit any product."""
    return sentence if name.casefold() in sentence.casefold() else f"{name}: {sentence}"


def pick_sentences(
    question: str, passages: Sequence[tuple[int, str, str]], *, count: int, strict: bool = False
) -> list[tuple[int, str]]:
    """Choose the sentences that share most with a question, in the order of the passages.

    A word weighs more the fewer sentences have it, and counts also where the passage's title has it; an earlier passage weighs
    more than a later one, because the retriever ranked it higher. Sentences far weaker than the best are left out.

    Args:
        question: What is asked.
        passages: (marker, title, text), best first.
        count: Most sentences returned, >= 1.
        strict: Leave out sentences with promises, and those that lean on the sentence before, for texts that a customer reads.

    Returns:
        (marker, sentence), at most `count`.
    """
    candidates = [
        _Candidate(rank, position, marker, sentence, frozenset(_stems(f"{title} {sentence}")))
        for rank, (marker, title, text) in enumerate(passages)
        for position, sentence in enumerate(split_sentences(text))
        if not injection_phrases(sentence) and not (strict and (promises_in(sentence) or _LEANS.match(sentence)))
    ]
    frequency = Counter(stem for candidate in candidates for stem in candidate.stems)
    wanted = _stems(question)

    def weigh(candidate: _Candidate) -> float:
        shared = sum(math.log(1 + len(candidates) / frequency[stem]) for stem in wanted & candidate.stems)
        return (0.2 + shared) / (1.0 + 0.5 * candidate.rank) / (1.0 + 0.05 * candidate.position)

    weights = [weigh(candidate) for candidate in candidates]
    strong = [i for i, weight in enumerate(weights) if weight >= WEAKEST * max(weights)]
    best = sorted(sorted(strong, key=lambda i: -weights[i])[:count])
    return [(candidates[i].marker, candidates[i].sentence) for i in best]


def shares_content(question: str, text: str) -> bool:
    """Say whether a text holds any content word of a question."""
    return bool(_stems(question) & _stems(text))


def _stems(text: str) -> set[str]:
    """Return the content words, cut to their first six letters: a stemmer's work without a stemmer's rules."""
    return {word[:6] for word in _WORD.findall(text.casefold()) if word not in _STOP and len(word) > 1}
