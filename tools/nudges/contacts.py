"""When and how a lead was contacted, and how far the talk has come. Pure: no clock, no I/O; forbids nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.conversations import Stage
from domain.events import OUTBOUND_KINDS, REPLY_KINDS, Channel, Interaction, InteractionKind
from tools.nudges.catalogue import Fatigue

SAME_CONTACT = timedelta(minutes=10)
"""A sent message and a logged interaction on one channel within this time are one contact."""


@dataclass(frozen=True)
class Contact:
    """One message or call from our side. `action_id` is None where no nudge was behind it."""

    action_id: str | None
    channel: Channel
    at: datetime


_LEAST_FRESHNESS = 1e-3

_CHANNEL_OF_KIND = {
    InteractionKind.EMAIL_SENT: Channel.EMAIL,
    InteractionKind.SMS_SENT: Channel.SMS,
    InteractionKind.CALL_ATTEMPTED: Channel.PHONE,
    InteractionKind.PROPOSAL_SENT: Channel.EMAIL,
}

_STAGE_OF_KIND = {
    InteractionKind.PROPOSAL_SENT: Stage.NEGOTIATION,
    InteractionKind.PROPOSAL_OPENED: Stage.NEGOTIATION,
    InteractionKind.OBJECTION_RESOLVED: Stage.PRESENTATION,
    InteractionKind.MEETING_ATTENDED: Stage.PRESENTATION,
    InteractionKind.BUDGET_DISCUSSED: Stage.PRESENTATION,
    InteractionKind.MEETING_BOOKED: Stage.DISCOVERY,
} | dict.fromkeys(REPLY_KINDS, Stage.QUALIFICATION)

_ORDER = (Stage.OPENING, Stage.QUALIFICATION, Stage.DISCOVERY, Stage.PRESENTATION, Stage.NEGOTIATION)


def contacts_of(sent: Sequence[tuple[str, str, datetime]], interactions: Sequence[Interaction]) -> tuple[Contact, ...]:
    """Put together what our outbox sent and what reps logged, each contact once, in order of time.

    Args:
        sent: (action id, channel, moment) of sent messages; an empty action id means that no nudge was behind it.
        interactions: The lead's interactions.
    """
    contacts = [Contact(action or None, Channel(channel), at) for action, channel, at in sent]
    for interaction in interactions:
        if interaction.kind not in OUTBOUND_KINDS:
            continue
        channel = interaction.channel or _CHANNEL_OF_KIND[interaction.kind]
        if any(c.channel == channel and abs(c.at - interaction.at) <= SAME_CONTACT for c in contacts[: len(sent)]):
            continue
        action = interaction.attributes.get("action_id")
        contacts.append(Contact(action if isinstance(action, str) else None, channel, interaction.at))
    return tuple(sorted(contacts, key=lambda contact: contact.at))


def stage_of(interactions: Sequence[Interaction]) -> Stage:
    """Say how far the talk with a lead has come: the furthest stage, unless an objection is open.

    Args:
        interactions: The lead's interactions, in order of time.
    """
    stage = Stage.OPENING
    objecting = False
    for interaction in interactions:
        if interaction.kind in {InteractionKind.OBJECTION_RAISED, InteractionKind.OBJECTION_RESOLVED}:
            objecting = interaction.kind == InteractionKind.OBJECTION_RAISED
        reached = _STAGE_OF_KIND.get(interaction.kind, Stage.OPENING)
        stage = max(stage, reached, key=_ORDER.index)
    return Stage.OBJECTION if objecting else stage


def freshness(contacts: Sequence[Contact], fatigue: Fatigue, *, now: datetime) -> float:
    """Say what part of its gain one more contact keeps after the recent ones: in (0, 1], 1 without contacts.

    Args:
        contacts: Contacts so far; later ones than `now` count as made now.
        fatigue: How contacts wear off.
        now: The moment of the next contact.
    """
    half_life = timedelta(days=fatigue.half_life_days)
    load = sum(0.5 ** (max(now - contact.at, timedelta(0)) / half_life) for contact in contacts)
    # Many contacts at once would otherwise underflow to 0, which is no lever.
    return max(math.exp(-fatigue.strength * load), _LEAST_FRESHNESS)
