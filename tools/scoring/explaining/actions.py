"""What a rep could do next, and when it may be proposed. Data and its rules only; scores nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from domain.events import Channel, ConsentEvent, InteractionKind, Purpose, has_consent
from domain.values import Instant

K = InteractionKind

CONVERSATION = frozenset({K.CALL_ANSWERED, K.CHAT_MESSAGE, K.EMAIL_REPLIED, K.SMS_REPLIED, K.MEETING_ATTENDED})
"""Kinds that show that the lead talks with us."""

_NEVER_ENOUGH = 1_000_000


@dataclass(frozen=True)
class Action:
    """Something a rep can do, as the event that would be logged.

    Attributes:
        id: Name that callers allow or forbid it by.
        label: Imperative, begins a sentence.
        kind: Event that it would log.
        channel: Channel of that event.
        is_contact: Whether it is one more message to the lead; two of these are never proposed together.
        needs: Kinds of which one must have happened, or the action would come out of the blue; empty for none.
        at_most: How often in all.
        opens: Kinds that allow it once more each; None when `at_most` alone decides.
    """

    id: str
    label: str
    kind: InteractionKind
    channel: Channel | None
    is_contact: bool = False
    needs: frozenset[InteractionKind] = frozenset()
    at_most: int = _NEVER_ENOUGH
    opens: frozenset[InteractionKind] | None = None

    def is_open(self, done: Mapping[str, int]) -> bool:
        """Whether it makes sense after what was done.

        Args:
            done: How often each kind happened so far.
        """
        count = done.get(self.kind, 0)
        if self.needs and not any(done.get(kind, 0) for kind in self.needs):
            return False
        if self.opens is None:
            return count < self.at_most
        return count < self.at_most + sum(done.get(kind, 0) for kind in self.opens)


ACTIONS: tuple[Action, ...] = (
    Action("email", "Write an email", K.EMAIL_SENT, Channel.EMAIL, is_contact=True),
    Action("call", "Call the lead", K.CALL_ATTEMPTED, Channel.PHONE, is_contact=True),
    # A booked meeting must be held or missed before the next one is proposed.
    Action("meeting", "Book a meeting", K.MEETING_BOOKED, Channel.MEETING, at_most=1,
           opens=frozenset({K.MEETING_ATTENDED, K.MEETING_MISSED})),
    Action("proposal", "Send a proposal", K.PROPOSAL_SENT, Channel.EMAIL, is_contact=True, needs=CONVERSATION, at_most=1),
    Action("budget", "Discuss the budget", K.BUDGET_DISCUSSED, None, needs=CONVERSATION, at_most=1),
    Action("objection", "Resolve the open objection", K.OBJECTION_RESOLVED, None, at_most=0,
           opens=frozenset({K.OBJECTION_RAISED})),
)  # fmt: skip


def permitted(consents: Sequence[ConsentEvent], *, now: Instant) -> frozenset[str]:
    """Return the ids of the actions that a lead's consent permits: every message needs one for its channel.

    Args:
        consents: The lead's grants and withdrawals, in any order.
        now: The moment.
    """
    events = tuple(consents)
    return frozenset(
        action.id
        for action in ACTIONS
        if not action.is_contact
        or action.channel is None
        or any(has_consent(events, action.channel, purpose, now=now) for purpose in Purpose)
    )


def open_steps(done: Mapping[str, int], allowed: frozenset[str] | None) -> list[tuple[Action, ...]]:
    """Return the single actions and the pairs that may be proposed; pairs of two messages are left out."""
    singles = [action for action in ACTIONS if (allowed is None or action.id in allowed) and action.is_open(done)]
    pairs = [(a, b) for a, b in combinations(singles, 2) if not (a.is_contact and b.is_contact)]
    return [*((action,) for action in singles), *pairs]
