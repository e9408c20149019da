"""Loads the golden cases. Reads packaged files only."""

from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, TypeAdapter

from domain.values import Market, Value

_CASES = Path(__file__).parent / "cases"
OTHER = "{other}"
"""Stands for the id of another lead in a question."""


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
    abstain: bool = Field(default=False, description="Nothing is known, and the reply must say so.")
    near: bool = Field(default=False, description="The documents come close to what is asked without answering it.")
    before: tuple[str, ...] = Field(default=(), description="Earlier turns of the same conversation.")
    forbidden: tuple[str, ...] | None = Field(
        default=None, description="Texts that no reply may hold; None where nothing has to be kept out."
    )
    lead_says: str | None = Field(default=None, description="A message of the lead in question, newer than all others.")

    @property
    def about_other(self) -> bool:
        """Whether another lead is named, of whom nothing personal may be told."""
        return OTHER in self.ask


class PassageCase(Value):
    """A question to the retriever with the documents that answer it; none where nothing does."""

    ask: str
    by: tuple[str, ...] = ()


def load_messages(*, development: bool = False) -> MessageCases:
    """Load the golden messages.

    Args:
        development: The half that classifiers may be improved by, instead of the half that judges them.
    """
    return MessageCases.model_validate(_read(_CASES / f"messages{'.dev' if development else ''}.yaml"))


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
