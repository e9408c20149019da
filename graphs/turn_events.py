"""What a client sees of a chat turn: updates of graph nodes as events. Pure: no numbers, no storing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agents.state import Json
from domain.conversations import Reply
from domain.knowledge import SearchResult

STARTED, RESTARTED, DELTA, REPLY, DONE, ERROR = "started", "restarted", "delta", "reply", "done", "error"
TERMINAL = frozenset({DONE, ERROR})
"""Kinds after which a turn has no further event."""

DELTA_WORDS = 12

_PASSED_ON = {"listen": ("reading", "reading"), "analyse_lead": ("score", "score"), "find_rep": ("match", "match")}
_WORDS = re.compile(rf"(?:\S+\s*){{1,{DELTA_WORDS}}}|\s+")


def events_of_update(update: Mapping[str, Json | None]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Translate one update of the graph, node name to state, into (kind, data); most nodes are nobody's business."""
    for node, values in update.items():
        values = values or {}  # noqa: PLW2901 - a node that changes nothing gives None
        if node in _PASSED_ON:
            kind, key = _PASSED_ON[node]
            if found := values.get(key):
                yield kind, found
        elif node == "research" and (search := values.get("search")):
            yield "passages", _passages(SearchResult.model_validate(search))
        elif node == "plan_nudge" and (nudge := values.get("nudge")):
            yield "nudge", nudge


def split_reply(reply: Reply) -> list[str]:
    """Split a reviewed text into pieces of a few words; joined they are the text, to the letter."""
    return _WORDS.findall(reply.text)


def _passages(search: SearchResult) -> dict[str, Any]:
    return {
        "confident": search.confident,
        "corpus_version": search.corpus_version,
        "hits": [
            {
                "passage_id": hit.passage.id,
                "title": hit.passage.title,
                "heading": hit.passage.heading,
                "source": hit.passage.source,
                "score": hit.score,
            }
            for hit in search.hits
        ],
    }
