"""What a free text of a lead says: how long it is, and which of the words that many leads use. Pure: no clock, no I/O."""

import re
from collections import Counter
from collections.abc import Sequence

MAX_WORDS = 12
_MIN_WORDS_A_TEXT = 4.0
_RARE, _COMMON = 0.02, 0.6
_MIN_TEXTS = 10
_WORD = re.compile(r"[^\W\d_]+")
_MIN_LETTERS = 3


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case: runs of letters."""
    return _WORD.findall(text.lower())


def is_free_text(texts: Sequence[str]) -> bool:
    """Say whether texts are sentences, rather than names, addresses or ids: four words and more on average."""
    return sum(len(words_of(text)) for text in texts) >= _MIN_WORDS_A_TEXT * len(texts)


def choose_words(texts: Sequence[str]) -> list[str]:
    """Choose the words whose presence tells texts apart.

    Args:
        texts: Values in training.

    Returns:
        At most twelve words of three letters and more, found in 2 % to 60 % of the texts and in ten at least, the most
        frequent first. Labels are not looked at: the choice cannot leak them.
    """
    found = Counter(word for text in texts for word in set(words_of(text)) if len(word) >= _MIN_LETTERS)
    least, most = max(_MIN_TEXTS, _RARE * len(texts)), _COMMON * len(texts)
    usable = [(word, n) for word, n in found.items() if least <= n <= most]
    return [word for word, _ in sorted(usable, key=lambda pair: (-pair[1], pair[0]))[:MAX_WORDS]]
