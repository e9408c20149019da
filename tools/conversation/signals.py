"""Objections, buying signals and urgency, sentence by sentence. Pure."""

import re
from collections.abc import Sequence

from domain.conversations import Signal
from tools.conversation.classifier import TextClassifier

OBJECTION = "objection."
BUYING = "buying."
_SENTENCE_END = re.compile(r"(?<=[.!?¿¡;\n])\s+")
_MIN_CONFIDENCE = 0.3
_STRENGTHS = {
    r"urgent(ly|e)?|asap|as soon as possible|immediately|emergency|cuanto antes|de inmediato": 0.6,
    r"right now|today|tonight|within the hour|ahora mismo|hoy": 0.35,
    r"tomorrow|this week|by (mon|tues|wednes|thurs|fri)day|mañana|esta semana": 0.25,
    r"deadline|expires?|renews?|leak(s|ing)?|before (winter|the storm|closing)|vence": 0.25,
    r"no (hurry|rush)|next year|someday|sin prisa|el próximo año": -0.6,
}
_URGENT = tuple((re.compile(rf"\b({words})\b", re.IGNORECASE), strength) for words, strength in _STRENGTHS.items())


def split_sentences(text: str) -> tuple[str, ...]:
    """Split a text into sentences; a text without any end mark is one sentence."""
    return tuple(part.strip() for part in _SENTENCE_END.split(text) if part.strip())


def find_signals(
    text: str, classifier: TextClassifier, *, implied: str | None = None
) -> tuple[tuple[Signal, ...], tuple[Signal, ...]]:
    """Find what a text objects to, and what in it says that the writer wants to buy.

    Args:
        text: A message of a lead.
        classifier: Over the labels of `signals.yaml`.
        implied: Beginning of the labels of which one must be there, because the message as a whole says so: the likeliest of
            them is found also where it falls short of the confidence that others need.

    Returns:
        (objections, buying signals), each kind at most once with its strongest sentence as the quote, most
        confident first.
    """
    sentences = split_sentences(text)
    if not sentences:
        return (), ()
    best: dict[str, Signal] = {}
    rows = classifier.probabilities(sentences)
    for sentence, row in zip(sentences, rows, strict=True):
        label, confidence = max(zip(classifier.labels, row, strict=True), key=lambda pair: float(pair[1]))
        known = best.get(label)
        if confidence >= _MIN_CONFIDENCE and (known is None or confidence > known.confidence):
            best[label] = Signal(kind=label.split(".")[-1], confidence=float(confidence), quote=sentence)
    if implied is not None and not any(label.startswith(implied) for label in best):
        confidence, label, quote = max(
            (float(p), label, sentence)
            for sentence, row in zip(sentences, rows, strict=True)
            for label, p in zip(classifier.labels, row, strict=True)
            if label.startswith(implied)
        )
        best[label] = Signal(kind=label.split(".")[-1], confidence=confidence, quote=quote)
    return _of(best, OBJECTION), _of(best, BUYING)


def _of(best: dict[str, Signal], prefix: str) -> tuple[Signal, ...]:
    found: Sequence[Signal] = [signal for label, signal in best.items() if label.startswith(prefix)]
    return tuple(sorted(found, key=lambda signal: -signal.confidence))


def urgency(text: str) -> float:
    """Say how pressing a message is, from the words it uses.

    Returns:
        In [0, 1]: a noisy-or of the strengths of the urgent expressions found, lowered by the unhurried ones.
    """
    calm, brake = 1.0, 0.0
    for pattern, strength in _URGENT:
        if pattern.search(text):
            if strength > 0:
                calm *= 1.0 - strength
            else:
                brake -= strength
    return max(0.0, (1.0 - calm) - brake)
