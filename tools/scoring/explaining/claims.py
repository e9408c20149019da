"""Reads a sentence as claims: which facts it mentions, with which direction, rank and numbers. Judges nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from tools.scoring.explaining.lexicon import (
    HEDGES,
    LOWER,
    NEGATORS,
    NUMBER_WORDS,
    RAISE,
    SIGN_PHRASES,
    UNKNOWN,
    WEAK,
    stem,
)

_TOKEN = re.compile(
    r"[+-]?(?:usd|eur|gbp|chf|\$|€|£)?\s?\d+(?:[.,]\d+)*\s?(?:%|percentage points?\b|percent\b|per cent\b)?|[^\W\d_][^\W\d_]*(?:['-][^\W\d_]+)*"
)
_SENTENCE_END = re.compile(r"(?<=[a-z0-9%)…])[.!?]+(?=\s|$)|[\n•]+")
_BREAK = re.compile(
    r",(?!\d)(?! (?:namely|i\.e\.|that is)\b)|[;:\u2014]|\s-\s|\b(?:and|but|while|whereas|although|though|yet|however|then)\b"
)
_CONJUNCTION = re.compile(r"[a-z]+")
_WINDOW = 8
_NONE_AFTER = re.compile(
    r"(?:\s+[a-z]+){0,3}(?:\s+(?:in the last (?:day|\d+ days)|so far))?\s*[:(=]\s*(?:no|none|zero|0)(?![\w.,]*\d)\b(?! ?(?:points?|%))"
)
_REACH = 5
_ANSWERS = ("yes", "no", "not known")
_NEAR_PARTS = 2
_MOST_OF = 2 / 3
_LARGE_CORE = 3
_POINTED = re.compile(r"\b(?:for|by|from|to|with|because|is|as|of|reason|driver|factor|are|at|why\??)\s*$")


class Unit(StrEnum):
    """What a number in a text counts."""

    PERCENT = "percent"
    POINTS = "points"
    MONEY = "money"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    BARE = "bare"


_UNITS = {
    "point": Unit.POINTS, "pt": Unit.POINTS, "minut": Unit.MINUTES, "hour": Unit.HOURS, "day": Unit.DAYS,
    "week": Unit.WEEKS, "month": Unit.MONTHS, "percent": Unit.PERCENT, "dollar": Unit.MONEY, "euro": Unit.MONEY,
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A word or a number with its place in the sentence."""

    text: str
    start: int
    end: int

    @property
    def stem(self) -> str:
        """What its forms share."""
        return stem(self.text)


@dataclass(frozen=True)
class Number:
    """A number as written: value, sign if it has one, decimals shown and unit."""

    value: float
    sign: int
    decimals: int
    unit: Unit
    start: int
    end: int
    hedged: bool = False
    of: float | None = None


@dataclass(frozen=True)
class Topic:
    """Something that can be mentioned: the stems that tell it, the reason it is, if it is one, and its own words."""

    name: str
    core: frozenset[str]
    reason: int | None = None
    words: str = ""


@dataclass(frozen=True)
class Mention:
    """A topic in a sentence: where, by which tokens, and whether in the very words of the reason."""

    topic: Topic
    tokens: frozenset[int]
    start: int
    end: int
    is_quoted: bool = False


@dataclass
class Passage:
    """A stretch of a sentence that speaks of one or more mentions."""

    start: int
    end: int
    mentions: list[Mention] = field(default_factory=list)
    signs: list[tuple[int, int]] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)


@dataclass(frozen=True)
class Sentence:
    """A sentence, lower case, with its parts in order.

    Attributes:
        text: As written.
        plain: As long, with the values of facts blanked out: `not started` or `rising` claims nothing where it is one.
        tokens: Words and numbers.
        mentions: What it speaks of.
        passages: Its stretches, each with the mentions that it speaks of.
        numbers: All of them.
    """

    text: str
    plain: str
    tokens: tuple[Token, ...]
    mentions: tuple[Mention, ...]
    passages: tuple[Passage, ...]
    numbers: tuple[Number, ...]


def core_of(label: str) -> frozenset[str]:
    """Return the stems that tell a label from others."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"\bin the last (?:day|\d+ days)\b|\bso far\b", " ", label.lower()))
    stems = [stem(word) for word in words]
    strong = [s for word, s in zip(words, stems, strict=True) if word not in WEAK and s not in WEAK]
    return frozenset(strong or stems)


def normalised(text: str) -> str:
    """Write a text with plain signs, so that one pattern finds them all."""
    plain = text.replace("\u2212", "-").replace("\u2013", "-").replace("\u2019", "'").replace("\u00a0", " ")
    return plain.replace("\u202f", " ").lower()


def read_sentences(text: str, topics: Sequence[Topic]) -> tuple[Sentence, ...]:
    """Split a text into sentences and find what each one mentions."""
    return tuple(_read(part.strip(), topics) for part in _SENTENCE_END.split(normalised(text)) if part.strip())


def signs_in(text: str, *, start: int = 0) -> list[tuple[int, int]]:
    """Return (place, direction) of every claim that something raises (1) or lowers (-1)."""
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, int]] = []
    for pattern, sign in SIGN_PHRASES:
        for match in re.finditer(pattern, text):
            if not any(a < match.end() and match.start() < b for a, b in taken):
                taken.append(match.span())
                if sign:
                    found.append((start + match.start(), _flipped(text, match.start(), sign)))
    for token in _tokens(text):
        if any(a <= token.start < b for a, b in taken):
            continue
        sign = (token.stem in RAISE) - (token.stem in LOWER)
        if sign:
            found.append((start + token.start, _flipped(text, token.start, sign)))
    return sorted(found)


def numbers_in(text: str) -> tuple[Number, ...]:
    """Return the numbers of a sentence with their units, digits and words alike."""
    tokens = _tokens(text)
    found = []
    skip = -1
    for i, token in enumerate(tokens):
        if i <= skip:
            continue
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if after and text[token.end : after.start].strip(" -"):
            after = None
        hedged = i > 0 and tokens[i - 1].text in HEDGES
        if token.text in NUMBER_WORDS:
            unit = _UNITS.get(after.stem, Unit.BARE) if after else Unit.BARE
            found.append(Number(NUMBER_WORDS[token.text], 0, 0, unit, token.start, token.end, hedged))
        elif any(c.isdecimal() for c in token.text):
            number = _digits(token, after, hedged=hedged)
            scale = re.match(r"\s*(?:points?\s*)?(?:(?:out )?of|in) (?:every )?(\d+)\b", text[token.end :])
            if scale and number.unit in (Unit.BARE, Unit.POINTS):
                number = Number(
                    number.value, 0, number.decimals, number.unit, number.start, token.end, hedged, float(scale[1])
                )
                skip = next(j for j in range(i + 1, len(tokens)) if tokens[j].text.startswith(scale[1]))
            found.append(number)
    return tuple(found)


def _read(text: str, topics: Sequence[Topic]) -> Sentence:
    tokens = _tokens(text)
    mentions = _mentions(text, tokens, topics)
    passages = _passages(text, mentions)
    quoted = [(m.start, m.end) for m in mentions if m.is_quoted]
    numbers = tuple(n for n in numbers_in(text) if not any(a <= n.start < b for a, b in quoted))
    plain = _without_values(text, topics)
    for passage in passages:
        passage.numbers = [n for n in numbers if passage.start <= n.start < passage.end]
        inside = [(m.start, m.end) for m in passage.mentions]
        signs = signs_in(plain[passage.start : passage.end], start=passage.start)
        passage.signs = [(at, sign) for at, sign in signs if not any(a <= at < b for a, b in inside)]
    return Sentence(text, plain, tokens, mentions, tuple(passages), numbers)


def _without_values(text: str, topics: Sequence[Topic]) -> str:
    """Blank out the values of facts that are words, and keep every place."""
    for topic in topics:
        value = topic.words.rpartition(": ")[2]
        if topic.words != value and value not in _ANSWERS and any(c.isalpha() for c in value):
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", lambda match: "-" * len(match.group()), text)
    return text


def _tokens(text: str) -> tuple[Token, ...]:
    found = ((m, m.group().strip()) for m in _TOKEN.finditer(text))
    return tuple(Token(word, m.end() - len(m.group().lstrip()), m.end()) for m, word in found)


def _flipped(text: str, at: int, sign: int) -> int:
    before = re.findall(r"[a-z']+", UNKNOWN.sub(" ", text[:at]))[-3:]
    is_denied = any(word in ("not", "never") or word.endswith("n't") for word in before)
    return -sign if is_denied or before[-2:] == ["rather", "than"] else sign


def _digits(token: Token, after: Token | None, *, hedged: bool) -> Number:
    raw = token.text
    sign = {"+": 1, "-": -1}.get(raw[0], 0)
    digits = re.search(r"\d+(?:[.,]\d+)*", raw)
    assert digits is not None, "the token holds a digit"
    shown = re.sub(r",(?=\d{3}(?:\D|$))", "", digits.group()).replace(",", ".")
    value = float(shown) if shown.count(".") <= 1 else float(shown.replace(".", ""))
    decimals = len(shown.partition(".")[2])
    if "percentage point" in raw:
        unit = Unit.POINTS
    elif "%" in raw or "cent" in raw:
        unit = Unit.PERCENT
        if after and after.stem == "point":
            unit = Unit.POINTS
    elif re.search(r"usd|eur|gbp|chf|[$€£]", raw) and not (after and after.stem == "point"):
        unit = Unit.MONEY
    else:
        unit = _UNITS.get(after.stem, Unit.BARE) if after else Unit.BARE
    return Number(value, sign, decimals, unit, token.start, token.end, hedged)


def _mentions(text: str, tokens: Sequence[Token], topics: Sequence[Topic]) -> tuple[Mention, ...]:
    """Find topics by their own words or by their stems.

    Of matches that overlap, the quotation wins, then the one with more tokens, then the score's reason.
    """
    stems = [token.stem for token in tokens]
    found = _quotations(text, tokens, topics)
    for topic in topics:
        needed = len(topic.core) if len(topic.core) < _LARGE_CORE else max(2, round(_MOST_OF * len(topic.core)))
        places = [i for i, s in enumerate(stems) if s in topic.core]
        for first in places:
            near = [i for i in places if first <= i < first + _WINDOW]
            kept: dict[str, int] = {}
            for i in near:
                kept.setdefault(stems[i], i)
            if len(kept) >= needed:
                chosen = frozenset(kept.values())
                found.append(Mention(topic, chosen, tokens[min(chosen)].start, tokens[max(chosen)].end))
    found.sort(key=lambda m: (not m.is_quoted, -len(m.tokens), m.topic.reason is None, m.end - m.start, m.start))
    taken: set[int] = set()
    best = []
    for mention in found:
        if not mention.tokens & taken:
            taken |= mention.tokens
            best.append(mention)
    return tuple(sorted(best, key=lambda m: m.start))


def _quotations(text: str, tokens: Sequence[Token], topics: Sequence[Topic]) -> list[Mention]:
    """Find the reasons that are told in their own words: what a quotation says of its fact is true."""
    found = []
    for topic in topics:
        if not topic.words:
            continue
        whole = rf"(?<!\w){re.escape(topic.words)}(?!\w|[.,]\d| ?%)"
        for match in re.finditer(whole, text):
            inside = frozenset(i for i, token in enumerate(tokens) if match.start() <= token.start < match.end())
            found.append(Mention(topic, inside, match.start(), match.end(), is_quoted=True))
    return found


def _passages(text: str, mentions: Sequence[Mention]) -> list[Passage]:
    """Split a sentence at commas and conjunctions and give the parts without a mention to the one they speak of."""
    breaks = [m for m in _BREAK.finditer(text) if not any(x.start <= m.start() < x.end for x in mentions)]
    hard = [m.group() == ";" for m in breaks]
    edges = [0, *(m.start() for m in breaks), len(text)]
    by_word = [False, *(bool(_CONJUNCTION.fullmatch(m.group())) for m in breaks)]
    ends_open = [m.group() == ":" for m in breaks] + [False]
    parts = [Passage(a, b, [m for m in mentions if a <= m.start < b]) for a, b in pairwise(edges)]
    holders = [i for i, part in enumerate(parts) if part.mentions]
    if not holders:
        return [Passage(0, len(text))]
    owner = {}
    for i, part in enumerate(parts):
        later = next((j for j in holders if j > i), None)
        earlier = next((j for j in reversed(holders) if j < i), None)
        if part.mentions:
            owner[i] = i
        elif earlier is None:
            owner[i] = later if later is not None else i
        elif later is None:
            owner[i] = earlier
        else:
            leans_on = ends_open[i] or bool(_POINTED.search(text[part.start : part.end]))
            # `and, to a lesser degree, by …` speaks of what comes next, but for a new clause after a semicolon.
            opens_next = by_word[i] and not by_word[later] and later - i <= _NEAR_PARTS and not hard[later - 1]
            is_blank = not any(c.isalnum() for c in text[part.start : part.end])
            follows_opener = owner.get(i - 1) == later and (is_blank or by_word[i - 1])
            owner[i] = later if leans_on or opens_next or follows_opener else earlier
    return _joined(parts, owner)


def _joined(parts: Sequence[Passage], owner: dict[int, int]) -> list[Passage]:
    joined: list[Passage] = []
    for i, part in enumerate(parts):
        if joined and owner[i] == owner[i - 1]:
            joined[-1].end = part.end
            joined[-1].mentions += part.mentions
        else:
            joined.append(Passage(part.start, part.end, list(part.mentions)))
    return joined


def is_negated(text: str, mention: Mention, *, signs: Sequence[tuple[int, int]]) -> bool:
    """Whether a sentence says that a mentioned fact is absent."""
    lead_up = re.split(r"[,;:(]|\b(?:and|but|while)\b", text[: mention.start])[-1]
    before = re.findall(r"[a-z']+|\d[\d.,]*", lead_up)[-_REACH:]
    inside = re.findall(r"[a-z']+", text[mention.start : mention.end])
    tail = text[mention.end : mention.end + 40]
    after = re.findall(r"[a-z']+|\d[\d.,]*", re.split(r"[,.](?!\d)|[;(]|\b(?:and|but|which)\b", tail)[0])[:5]
    if any(word in NEGATORS for word in (*before, *inside)) or before[-1:] == ["0"]:
        return True
    for i, word in enumerate(after):
        if word in NEGATORS and not any(
            mention.end <= at < mention.end + 60 and _denies(text, mention.end, at) for at, _ in signs
        ):
            return True
        if word == "0" and i <= 3:  # noqa: PLR2004 - `replies in the last day: 0`
            return True
    return _NONE_AFTER.match(text[mention.end :]) is not None


def _denies(text: str, start: int, at: int) -> bool:
    """Whether the words between a mention and a direction deny the direction: `replies do not lower it`."""
    return bool(re.search(r"(?:\bnot\b|n't\b|\bnever\b)[^;,.]{0,12}$", text[start:at]))
