"""Knows what a score says, in the form that a sentence is checked against. Pure: reads the score, nothing else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from domain.scores import LeadScore, Reason
from tools.scoring.explaining.claims import Number, Topic, Unit, core_of, normalised, numbers_in
from tools.scoring.explaining.lexicon import UNKNOWN, stem
from tools.scoring.explaining.wording import LOWERS, RAISES, label_of
from tools.scoring.features import FEATURES, describe

OUTCOME_WINDOW_DAYS = 90
_OWN_WORDS = re.compile(r"[^\W\d_]+")


class Presence(StrEnum):
    """Whether a fact is there."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"
    NOUGHT = "nought"
    """A share of 0 %, which may be told either way."""


@dataclass(frozen=True)
class ReasonFact:
    """A reason as facts: direction and size, whether it is there, and the numbers that its words hold."""

    reason: Reason
    points: float
    presence: Presence
    numbers: tuple[Number, ...]
    stems: frozenset[str]


@dataclass(frozen=True)
class Facts:
    """All that may be said about a score.

    Attributes:
        reasons: In order of strength.
        topics: What a sentence may mention: the reasons, and the rest of the table, which it may not.
        percent: The probability, in percent.
        bounds: Its bounds, in percent.
        points: The score, in points.
        partial: Other points that are known: the base, what the reasons move it by, the sub-scores.
        amounts: Money.
        days: Lengths of time.
        temperature: Hot, warm or cold.
        p: The probability.
    """

    reasons: tuple[ReasonFact, ...]
    topics: tuple[Topic, ...]
    percent: float
    bounds: tuple[float, float]
    points: float
    partial: tuple[float, ...]
    amounts: tuple[float, ...]
    days: tuple[float, ...]
    temperature: str
    p: float


def fact_of(reason: Reason) -> str:
    """Return the words of a reason without its effect."""
    return reason.text.removesuffix(f", {RAISES}").removesuffix(f", {LOWERS}")


def facts_of(score: LeadScore) -> Facts:
    """Read off a score what may be said of it."""
    strongest = sorted(score.reasons, key=lambda reason: -abs(reason.points))
    reasons = tuple(_reason_fact(reason) for reason in strongest)
    mine = [
        Topic(r.reason.feature, core_of(label_of(describe(r.reason.feature))), i, normalised(fact_of(r.reason)))
        for i, r in enumerate(reasons)
    ]
    sub_scores = [p for p in (score.fit_points, score.engagement_points) if p is not None]
    values = [v for v in (score.expected_value, score.risk) if v is not None]
    return Facts(
        reasons=reasons,
        topics=(*mine, *_table_topics()),
        percent=100 * score.p_convert,
        bounds=(100 * score.p_low, 100 * score.p_high),
        points=score.points,
        partial=(score.base_points, abs(score.points - score.base_points), *sub_scores),
        amounts=(*values, *(_quantiles(score.deal_value) if score.deal_value else ())),
        days=(OUTCOME_WINDOW_DAYS, *(_quantiles(score.days_to_close) if score.days_to_close else ())),
        temperature=str(score.temperature),
        p=score.p_convert,
    )


def _quantiles(quantiles: object) -> tuple[float, ...]:
    return tuple(getattr(quantiles, name) for name in ("p10", "p50", "p90"))


def _reason_fact(reason: Reason) -> ReasonFact:
    text = normalised(fact_of(reason))
    return ReasonFact(
        reason=reason,
        points=reason.points,
        presence=_presence(text),
        numbers=numbers_in(text),
        stems=frozenset(stem(word) for word in _OWN_WORDS.findall(text)),
    )


def _presence(fact: str) -> Presence:
    if UNKNOWN.search(fact):
        return Presence.UNKNOWN
    if re.search(r": [+-]?0(?: %)?$", fact) and not fact.endswith(": 0"):
        return Presence.NOUGHT
    if re.match(r"no\b", fact) or re.search(r": (?:no|0)$", fact):
        return Presence.ABSENT
    return Presence.PRESENT


@lru_cache(maxsize=1)
def _table_topics() -> tuple[Topic, ...]:
    """Return the topics of the feature table, one per distinct core."""
    cores: dict[frozenset[str], str] = {}
    for feature in FEATURES:
        cores.setdefault(core_of(label_of(feature)), feature.name)
    return tuple(Topic(name, core) for core, name in cores.items())


_IN_DAYS: Mapping[Unit, float] = {
    Unit.MINUTES: 1 / 1440, Unit.HOURS: 1 / 24, Unit.DAYS: 1.0, Unit.WEEKS: 7.0, Unit.MONTHS: 30.44,
}  # fmt: skip


def agrees(written: Number, true: float, *, decimals: int | None = None) -> bool:
    """Whether a written number is a value, rounded as it is written; `about` allows a twentieth more.

    Args:
        written: The number in a text.
        true: What it should be.
        decimals: Decimals of the value itself, where it is known in rounded form only: nothing more precise can be true.
    """
    is_too_precise = decimals is not None and written.decimals > decimals
    slack = 1e-9 if is_too_precise else 0.5 * 10.0**-written.decimals + 1e-9
    if written.hedged:
        slack = max(slack, abs(true) / 20)
    return abs(written.value - true) <= slack


def same_length(written: Number, true: Number) -> bool:
    """Whether two lengths of time are the same, in whatever unit."""
    if written.unit not in _IN_DAYS or true.unit not in _IN_DAYS:
        return False
    scale = _IN_DAYS[true.unit] / _IN_DAYS[written.unit]
    return abs(written.value - true.value * scale) <= 0.5 * max(1.0, scale) * (1.5 if written.hedged else 1.0) + 1e-9


def is_length(unit: Unit) -> bool:
    """Whether a unit measures time."""
    return unit in _IN_DAYS


def any_agrees(written: Number, values: Sequence[float]) -> bool:
    """Whether a written number is one of some values."""
    return any(agrees(written, value) for value in values)
