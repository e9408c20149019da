"""A document to passages: by headings, then to about 150 words. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from domain.knowledge import Document, Passage
from domain.values import content_hash

PASSAGE_WORDS = 150
"""Words in a passage at most, give or take the sentence it ends with."""

_SLACK = 1.15
"""How far a passage may exceed an equal share, so that a sentence is not cut for a few words."""

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_SEPARATORS = ["\n\n", "\n", r"(?<=[.!?])\s+", " "]


@dataclass(frozen=True)
class Section:
    """The text between two headings, with the headings above it, outermost first."""

    headings: tuple[str, ...]
    text: str


def split_document(document: Document, *, passage_words: int = PASSAGE_WORDS) -> list[Passage]:
    """Split a document into passages, in order.

    A passage never crosses a heading, so that a changed section changes its own passages and no other. The id is the
    hash of market, document, headings and text: the same content has the same id in every run.

    Args:
        document: Its text is Markdown; plain text is one section.
        passage_words: Words in a passage, at least 1.
    """
    passages: list[Passage] = []
    seen: Counter[str] = Counter()
    for section in sections(document.text):
        heading = " > ".join(name for name in section.headings if name != document.title)
        for text in _balanced(section.text, passage_words):
            id_ = content_hash(document.market, document.id, heading, text, length=32)
            seen[id_] += 1
            if seen[id_] > 1:  # a paragraph repeated under one heading
                id_ = content_hash(id_, seen[id_], length=32)
            passages.append(_passage(document, id_, heading, text))
    return passages


def sections(text: str) -> Iterator[Section]:
    """Cut Markdown at its headings. A `#` inside a fenced block is no heading; sections without text are left out."""
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield from _section(path, lines)
        level = len(heading[1])
        path = [(depth, name) for depth, name in path if depth < level] + [(level, heading[2])]
        lines = []
    yield from _section(path, lines)


def _section(path: list[tuple[int, str]], lines: list[str]) -> Iterator[Section]:
    text = "\n".join(lines).strip()
    if text:
        yield Section(tuple(name for _, name in path), text)


def _balanced(text: str, passage_words: int) -> list[str]:
    """Split into the fewest parts that fit, of about equal size: no stub of ten words at the end of a section."""
    n_words = _count_words(text)
    if n_words <= passage_words:
        return [text]
    # Costs half a second to import, which a search never needs to spend.
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    share = n_words / ceil(n_words / passage_words)
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=ceil(share * _SLACK),
        chunk_overlap=0,
        length_function=_count_words,
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator="start",
    )
    return splitter.split_text(text)


def _count_words(text: str) -> int:
    return len(text.split())


def _passage(document: Document, id_: str, heading: str, text: str) -> Passage:
    return Passage(
        id=id_,
        document_id=document.id,
        title=document.title,
        heading=heading,
        text=text,
        market=document.market,
        kind=document.kind,
        source=document.source,
        language=document.language,
        product_id=document.product_id,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
    )
