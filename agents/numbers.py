"""Numbers in text, whatever their formatting, and which of them have no source. Pure: text in, facts out."""

import re
from dataclasses import dataclass

MARKER = re.compile(r"\[(\d{1,3})\]")
"""A citation in a text: `[2]`."""

_ENUMERATOR = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_NUMBER = re.compile(
    r"""
    (?P<digits>
        \d{1,3}(?:[\u00a0\u202f\u2009 ]\d{3})+(?:[.,]\d+)?(?!\d)   # 1 200 000,50
      | \d+(?:[.,]\d+)*                                            # 62  4.3  1,200  1.200,50
    )
    (?P<suffix>[kKmM](?![a-zA-Z]))?
    (?P<percent>\s?(?:%|percent\b|per\ cent\b|por\ ciento\b))?
    """,
    re.VERBOSE,
)
_SCALE = {"": 1.0, "k": 1e3, "m": 1e6}
_TEENS = "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = "one two three four five six seven eight nine"
_WORD_VALUES = {
    **{word: 11.0 + i for i, word in enumerate(_TEENS.split())},
    **{word: 20.0 + 10 * i for i, word in enumerate(_TENS.split())},
}
_UNIT_VALUES = {word: 1.0 + i for i, word in enumerate(_UNITS.split())}
_NUMBER_WORD = re.compile(
    rf"\b(?:(?P<teen>{_TEENS.replace(' ', '|')})|(?P<ten>{_TENS.replace(' ', '|')})(?:[- ](?P<unit>{_UNITS.replace(' ', '|')}))?)"
    r"\b(?P<percent>\s?(?:%|percent\b|per cent\b))?",
    re.IGNORECASE,
)
_GROUP = 3


@dataclass(frozen=True)
class Number:
    """One number of a text: how it is written, and every value that writing can stand for."""

    written: str
    values: frozenset[float]
    is_percent: bool


def numbers_in(text: str) -> tuple[Number, ...]:
    """Find the numbers of a text, in order. Citation markers and list enumerators are not numbers.

    `1,200` is twelve hundred. `1.200` is ambiguous between languages, so it stands for both values.
    Number words from eleven to ninety-nine count; the small ones ("one reason") are language, not figures.

    Example:
        >>> [sorted(n.values) for n in numbers_in("62% of 1,200 [3], about 10k")]
        [[62.0], [1200.0], [10000.0]]
    """
    bare = _ENUMERATOR.sub(" ", MARKER.sub(" ", text))
    found = [(m.start(), _digits(m)) for m in _NUMBER.finditer(bare) if not _inside_word(bare, m)]
    found += [(m.start(), _words(m)) for m in _NUMBER_WORD.finditer(bare)]
    return tuple(number for _, number in sorted(found, key=lambda pair: pair[0]))


def unsupported_numbers(text: str, sources: tuple[str, ...]) -> tuple[str, ...]:
    """Name the numbers of a text that no source contains; a percentage needs a percentage as its source.

    Args:
        text: What would be said.
        sources: The texts that it may take numbers from.
    """
    known: set[float] = set()
    known_percent: set[float] = set()
    for source in sources:
        for number in numbers_in(source):
            known |= number.values
            if number.is_percent:
                known_percent |= number.values
    missing = [n.written for n in numbers_in(text) if not n.values & (known_percent if n.is_percent else known)]
    return tuple(dict.fromkeys(missing))


def _inside_word(text: str, match: re.Match[str]) -> bool:
    """Say whether letters stand on both sides, as in `B2B`."""
    before, after = text[: match.start()][-1:], text[match.end() :][:1]
    return before.isalpha() and after.isalpha()


def _digits(match: re.Match[str]) -> Number:
    scale = _SCALE[(match["suffix"] or "").lower()]
    values = frozenset(round(value * scale, 9) for value in _readings(match["digits"]))
    return Number(match[0].strip(), values, match["percent"] is not None)


def _words(match: re.Match[str]) -> Number:
    first = (match["teen"] or match["ten"]).lower()
    value = _WORD_VALUES[first] + (_UNIT_VALUES[match["unit"].lower()] if match["unit"] else 0.0)
    return Number(match[0].strip(), frozenset({value}), match["percent"] is not None)


def _readings(digits: str) -> set[float]:
    """Return every value that a written number can stand for."""
    compact = re.sub(r"[\u00a0\u202f\u2009 ]", "", digits)
    commas, dots = compact.count(","), compact.count(".")
    if commas and dots:
        decimal = max(",.", key=compact.rindex)
        whole = compact.replace("," if decimal == "." else ".", "")
        return {_as_float(whole.replace(decimal, "."), compact)}
    if commas + dots == 0:
        return {float(compact)}
    mark = "," if commas else "."
    groups = compact.split(mark)
    grouped = 1 <= len(groups[0]) <= _GROUP and all(len(group) == _GROUP for group in groups[1:])
    if len(groups) > 2:  # noqa: PLR2004 - two marks cannot both be decimal: thousands, or a date or a version
        return {float("".join(groups))} if grouped else {float("".join(groups)), *map(float, groups)}
    decimal_reading = float(".".join(groups))
    if not grouped:
        return {decimal_reading}
    thousands = float("".join(groups))
    return {thousands} if mark == "," else {thousands, decimal_reading}


def _as_float(text: str, written: str) -> float:
    """Read a number; one written with marks in no known order counts as its bare digits."""
    try:
        return float(text)
    except ValueError:
        return float(re.sub(r"\D", "", written))
