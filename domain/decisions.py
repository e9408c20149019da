"""A recorded decision: inputs by hash, versions, what was considered and excluded, the propensity, the reasons."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from domain.values import DecisionId, Instant, Probability, Value, content_hash


class DecisionKind(StrEnum):
    """What was decided."""

    SCORE = "score"
    MATCH = "match"
    NUDGE = "nudge"
    REPLY = "reply"
    SEND = "send"


class Decision(Value):
    """What was decided, from what, and why: enough to replay it to the same numbers."""

    id: DecisionId
    kind: DecisionKind
    subject_id: str = Field(min_length=1, description="The lead, or the turn, that the decision is about.")
    at: Instant
    inputs_hash: str
    versions: dict[str, str] = Field(default_factory=dict, description="Model, policy, prompt and corpus versions.")
    chosen: str | None = None
    propensity: Probability | None = None
    considered: tuple[dict[str, Any], ...] = ()
    excluded: tuple[dict[str, Any], ...] = ()
    reasons: tuple[str, ...] = ()


def decision_id(kind: DecisionKind, subject_id: str, inputs_hash: str, key: str) -> DecisionId:
    """Name a decision by its content, so that a retried step records it once.

    Args:
        kind: What is decided.
        subject_id: The lead or turn.
        inputs_hash: Hash of everything the decision depends on.
        key: Idempotency key of the caller (workflow id and step, turn id), or the moment as text.
    """
    return DecisionId(f"{kind}-{content_hash(kind, subject_id, inputs_hash, key)}")


class Feedback(Value):
    """A person's verdict on a decision."""

    id: str
    decision_id: DecisionId
    by: str = Field(min_length=1)
    at: Instant
    helpful: bool | None = None
    code: str | None = None
    note: str | None = Field(default=None, max_length=10_000)


class AuditEntry(Value):
    """Who did what to what, and when."""

    id: str
    at: Instant
    actor: str = Field(min_length=1)
    action: str = Field(min_length=1)
    subject_id: str
    details: dict[str, Any] = Field(default_factory=dict)
