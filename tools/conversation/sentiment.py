"""How a speaker feels: a lexicon and a classifier, averaged. Pure."""

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from domain.conversations import Sentiment
from tools.conversation.classifier import TextClassifier

_NEUTRAL_BAND = 0.2


@cache
def _lexicon() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def read_sentiment(text: str, language: str, classifier: TextClassifier) -> Sentiment:
    """Say how the writer feels.

    Args:
        text: The message.
        language: Its ISO 639-1 code; the VADER lexicon knows English only, so other languages rest on the classifier.
        classifier: Over negative, neutral and positive.

    Returns:
        `value` is P(positive) - P(negative), averaged with VADER's compound score for English text.

    Source:
        Hutto and Gilbert, "VADER", ICWSM 2014.
    """
    row = dict(zip(classifier.labels, classifier.probabilities([text])[0], strict=True))
    value = float(row["positive"] - row["negative"])
    if language in {"en", "und"}:
        value = (value + float(_lexicon().polarity_scores(text)["compound"])) / 2
    label = "neutral" if abs(value) < _NEUTRAL_BAND else "positive" if value > 0 else "negative"
    return Sentiment(label=label, value=max(-1.0, min(1.0, value)))
