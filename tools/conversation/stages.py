"""Which stage a conversation has reached: a forward filter over its messages. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.conversations import Message, Stage
from tools.conversation.classifier import TextClassifier

_STAGES = tuple(Stage)
_STAY, _FORWARD, _ANYWHERE = 0.55, 0.30, 0.15
_WINDOW = 12
_HEAD_START = 0.3
_SIGNAL_WEIGHT = 3.0


def _transitions() -> NDArray[np.float64]:
    """Conversations stay, move on by a stage or two, and now and then jump, also back."""
    n_stages = len(_STAGES)
    matrix = np.full((n_stages, n_stages), _ANYWHERE / n_stages)
    for row in range(n_stages):
        matrix[row, row] += _STAY
        ahead = [column for column in (row + 1, row + 2) if column < n_stages] or [row]
        for column in ahead:
            matrix[row, column] += _FORWARD / len(ahead)
    matrix /= matrix.sum(axis=1, keepdims=True)
    return matrix


def track_stage(messages: Sequence[Message], classifier: TextClassifier, *, shows: Sequence[Stage] = ()) -> Stage:
    """Say which stage a conversation is in after its last message.

    Args:
        messages: In order of time, at least one; the last twelve are used.
        classifier: Over the labels of `stages.yaml`.
        shows: Stages that signals found in the last message speak for; each is made three times as likely.

    Returns:
        The most probable stage of the filtered distribution.

    Source:
        Forward algorithm of a hidden Markov model (Rabiner 1989, section III.A); the emissions are the
        classifier's probabilities under a uniform prior, the transitions are set by hand.
    """
    window = [message.text for message in messages[-_WINDOW:]]
    order = [classifier.labels.index(stage.value) for stage in _STAGES]
    emissions = classifier.probabilities(window)[:, order]
    matrix = _transitions()
    belief = np.full(len(_STAGES), 1.0 / len(_STAGES))
    if len(messages) <= _WINDOW:
        belief[0] += _HEAD_START
    for stage in shows:
        emissions[-1, _STAGES.index(stage)] *= _SIGNAL_WEIGHT
    for index, emission in enumerate(emissions):
        belief = (belief if index == 0 else belief @ matrix) * emission
        belief /= belief.sum()
    return _STAGES[int(belief.argmax())]
