"""Finds the word that was probably meant. Pure."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process, utils

LIKELY = 75.0
"""Similarity, 0 to 100, from which a word is worth suggesting."""


def closest(word: str, known: Iterable[str], *, at_least: float = LIKELY) -> str | None:
    """Return the known word most like `word`, or None where none is like it.

    Case, spaces and punctuation at the ends do not count.

    Args:
        word: What was written.
        known: What could have been meant.
        at_least: Similarity required, 0 to 100.
    """
    found = process.extractOne(
        word, sorted(known), scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=at_least
    )
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a suggestion in brackets, to follow a rule, or an empty string."""
    found = closest(word, known)
    return f" (did you mean {found!r}?)" if found else ""
