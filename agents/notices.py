"""What a reader is told about who wrote a text. Pure: reasons in, sentences out."""

from domain.errors import LanguageModelError

AI_DISCLOSURE = "Written by an AI model from the sources cited; every number was checked against them."
NO_MODEL = "no language model is configured"
REVIEW_FAILED = "the language model's answer did not pass the review"

_WHY = {
    "timeout": "the language model did not answer in time",
    "rate_limit": "the language model is over its rate limit",
    "server": "the language model's server failed",
    "connection": "the language model cannot be reached",
    "refused": "the language model refused the request",
    "invalid_answer": "the language model's answer could not be used",
}


def why_offline(error: LanguageModelError) -> str:
    """Say in words why the language model did not write this."""
    return _WHY.get(error.kind, "the language model failed")


def offline_notice(why: str) -> str:
    """Tell the reader that the offline writer answered, and why."""
    return f"Offline answer: {why}, so this was put together from the sources directly."
