"""Writes a score as one or two sentences, and lets no other sentence pass that the score does not bear out. Pure."""

from dataclasses import dataclass

from domain.scores import LeadScore
from tools.scoring.explaining.checking import examine
from tools.scoring.explaining.facts import fact_of
from tools.scoring.explaining.violations import Violation

MAX_SENTENCE_WORDS = 40
"""What a person reads in ten seconds."""

_PERCENT_BELOW = 10.0


@dataclass(frozen=True)
class Released:
    """A text that may be shown.

    Attributes:
        text: The proposed text, or the template where that failed.
        faithfulness: Share of the proposed text's claims that the score bears out.
        violations: What was wrong with the proposed text.
        is_template: Whether the template took its place.
    """

    text: str
    faithfulness: float
    violations: tuple[Violation, ...]
    is_template: bool


def write_sentence(score: LeadScore) -> str:
    """Say a score and its reasons in one or two sentences, at most 40 words in all.

    A score without signal or reasons is said without any.
    """
    chance = f"This lead has a {_percent(100 * score.p_convert)} chance to convert"
    if score.no_signal is not None:
        return f"{chance}, the same as any other: nothing known ranks leads here better than chance."
    if not score.reasons:
        return f"{chance}, and no single fact stands out."
    strongest = sorted(score.reasons, key=lambda reason: -abs(reason.points))
    told: list[str] = []
    for reason in strongest:
        fact = fact_of(reason)
        one = f"{fact[:1].lower()}{fact[1:]} ({_signed(reason.points)} points)"
        if told and len(" ".join([chance, "Main reason:", *told, "then", one]).split()) > MAX_SENTENCE_WORDS:
            break
        told.append(one)
    return f"{chance}. Main reason: {', then '.join(told)}."


def release(text: str | None, score: LeadScore) -> Released:
    """Let a text pass if the score bears out every claim of it; else return the template.

    Args:
        text: A sentence from anywhere, such as a language model; None or empty for none.
        score: What it is about.
    """
    if not text or not text.strip():
        return Released(write_sentence(score), 1.0, (), is_template=True)
    finding = examine(text, score)
    if finding.violations:
        return Released(write_sentence(score), finding.faithfulness, finding.violations, is_template=True)
    return Released(text, 1.0, (), is_template=False)


def _percent(percent: float) -> str:
    if percent < 0.1:  # noqa: PLR2004 - the resolution of one decimal
        return "less than 0.1 %"
    return f"{percent:.1f} %" if percent < _PERCENT_BELOW else f"{percent:.0f} %"


def _signed(points: float) -> str:
    return f"{points:+.0f}" if abs(points) >= 1 else f"{points:+.1f}"
