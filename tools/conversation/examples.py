"""Loads the labelled examples that the classifiers learn from. Reads packaged files only."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from domain.values import content_hash

_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True)
class ExampleSet:
    """Labelled texts, in file order.

    Attributes:
        texts: Shape (n_examples,).
        labels: Shape (n_examples,).
        version: Hash of the content.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    version: str


def load_examples(name: str) -> ExampleSet:
    """Read one packaged file of examples.

    Args:
        name: File name without ending: rep_intents, lead_intents, signals, stages or sentiment.
    """
    by_label: dict[str, list[str]] = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    pairs = [(str(text), label) for label, texts in by_label.items() for text in texts]
    texts, labels = zip(*pairs, strict=True)
    return ExampleSet(texts, labels, content_hash(pairs, length=12))
