"""A nudge: the next best action for a lead, chosen with a known propensity. Waiting is an action."""

from pydantic import Field

from domain.events import Channel, Purpose
from domain.values import DecisionId, Instant, LeadId, Market, Probability, Value

WAIT = "wait"
"""The id of the action that every catalogue has: do nothing until the next moment."""


class NudgeAction(Value):
    """An entry of a market's action catalogue."""

    id: str = Field(min_length=1)
    market: Market
    label: str
    channel: Channel | None = Field(description="None for `wait`.")
    purpose: Purpose = Purpose.MARKETING
    brief: str = Field(default="", description="What the message is to achieve, for the writer.")
    query: str = Field(default="", description="What to look up in the knowledge base for it.")
    wait_hours: float = Field(gt=0, description="Hours until the journey looks again.")
    needs_human: bool = Field(default=False, description="A rep does it (a call) or approves it.")
    stages: tuple[str, ...] = Field(default=(), description="Conversation stages it suits; empty means all.")
    max_per_lead: int = Field(default=3, ge=1)


class NudgeOption(Value):
    """An eligible action with the probability that the policy gave it."""

    action_id: str
    propensity: Probability
    expected_gain: float = Field(description="Posterior mean of the probability of a reply.")


class NudgeExclusion(Value):
    """An action that may not be taken now, and the rule that says so."""

    action_id: str
    rule: str
    detail: str


class Nudge(Value):
    """The action chosen for a lead at a moment."""

    lead_id: LeadId
    action: NudgeAction
    send_at: Instant = Field(description="When to act; for `wait`, when to look again.")
    propensity: Probability
    considered: tuple[NudgeOption, ...]
    excluded: tuple[NudgeExclusion, ...]
    reason: str
    policy_version: str
    decision_id: DecisionId


class NudgeResult(Value):
    """What came of a nudge: the learner's reward."""

    decision_id: DecisionId
    lead_id: LeadId
    action_id: str
    replied: bool
    at: Instant
