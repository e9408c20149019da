"""Loads the golden cases. Reads packaged files only."""

from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, TypeAdapter

from domain.values import Market, Value

_CASES = Path(__file__).parent / "cases"


class MessageCase(Value):
    """A message with what it says."""

    text: str
    intent: str
    language: str | None = None
    objections: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()


class MessageCases(Value):
    """The golden messages."""

    lead: tuple[MessageCase, ...]
    rep: tuple[MessageCase, ...]
    opt_out: tuple[str, ...]
    no_opt_out: tuple[str, ...]


class QuestionCase(Value):
    """A question to the co-pilot with what a right answer does."""

    id: str
    ask: str
    lead: bool = Field(default=False, description="Asked about a lead.")
    facts: tuple[tuple[str, ...], ...] = Field(
        default=(), description="Each must be in the reply, in one of its forms."
    )
    steps: tuple[str, ...] = Field(default=(), description="Events of the specialists that must have been asked.")
    reference: str = ""
    abstain: bool = False


class PassageCase(Value):
    """A question to the retriever with the documents that answer it; none where nothing does."""

    ask: str
    by: tuple[str, ...] = ()


def load_messages() -> MessageCases:
    """Load the golden messages."""
    return MessageCases.model_validate(_read(_CASES / "messages.yaml"))


def load_questions(market: Market) -> tuple[QuestionCase, ...]:
    """Load the golden questions of a market; empty where it has none."""
    path = _CASES / f"questions.{market}.yaml"
    return TypeAdapter(tuple[QuestionCase, ...]).validate_python(_read(path)) if path.is_file() else ()


def load_passages(folder: Path) -> tuple[PassageCase, ...]:
    """Load the questions that come with a market's corpus, and those that no market answers.

    Args:
        folder: The corpus; holds `questions.yaml` with `answered` and lists of the `unanswered`.
    """
    document = _read(folder / "questions.yaml")
    answered = [
        PassageCase(ask=entry["ask"], by=tuple(f"{folder.name}/{by}" for by in entry["by"]))
        for entry in document["answered"]
    ]
    strange = [*chain.from_iterable(document["unanswered"].values()), *_read(folder.parent / "off_topic.yaml")]
    return (*answered, *(PassageCase(ask=text) for text in strange))


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
