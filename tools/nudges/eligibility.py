"""Which actions may be taken for a lead, and when at the earliest. Pure: no clock, no I/O; prefers nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.events import Channel, ConsentEvent, Interaction, Outcome, has_consent
from domain.nudges import WAIT, NudgeAction, NudgeExclusion
from domain.people import Lead
from domain.scores import Temperature
from tools.nudges.catalogue import Catalogue, CatalogueEntry
from tools.nudges.contacts import Contact, stage_of
from tools.nudges.hours import find_zone, lawful_moment

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Situation:
    """What is known about a lead at the moment of decision.

    Attributes:
        lead: The lead.
        temperature: How soon it deserves a person.
        consents: All its consent events.
        interactions: Its interactions, in order of time.
        contacts: What our side sent or tried, see `tools.nudges.contacts.contacts_of`.
        outcome: How it ended, if it has.
        now: The moment of decision.
    """

    lead: Lead
    temperature: Temperature
    consents: tuple[ConsentEvent, ...]
    interactions: tuple[Interaction, ...]
    contacts: tuple[Contact, ...]
    outcome: Outcome | None
    now: datetime


@dataclass(frozen=True)
class Option:
    """An action that may be taken, at this moment at the earliest."""

    entry: CatalogueEntry
    send_at: datetime


def find_options(situation: Situation, catalogue: Catalogue) -> tuple[tuple[Option, ...], tuple[NudgeExclusion, ...]]:
    """Judge every action of a catalogue.

    Quiet hours postpone an action and refuse none; every other rule holds at the postponed moment. `wait` is
    always allowed.

    Returns:
        The options and the exclusions with their rules, both by action id.
    """
    options, exclusions = [], []
    for entry in sorted(catalogue.entries, key=lambda entry: entry.action.id):
        action = entry.action
        if action.id == WAIT:
            options.append(Option(entry, situation.now + timedelta(hours=action.wait_hours)))
            continue
        zone = find_zone(situation.lead.timezone)
        if zone is None:
            detail = f"{situation.lead.timezone!r} is no IANA time zone, so quiet hours are unknown"
            exclusions.append(NudgeExclusion(action_id=action.id, rule="timezone", detail=detail))
            continue
        send_at = lawful_moment(situation.now, zone, catalogue.contact_hours)
        broken = _broken_rule(entry, situation, catalogue, send_at)
        if broken:
            exclusions.append(NudgeExclusion(action_id=action.id, rule=broken[0], detail=broken[1]))
        else:
            options.append(Option(entry, send_at))
    return tuple(options), tuple(exclusions)


def _broken_rule(
    entry: CatalogueEntry, situation: Situation, catalogue: Catalogue, send_at: datetime
) -> tuple[str, str] | None:
    action, lead = entry.action, situation.lead
    assert action.channel is not None, "the catalogue lets only `wait` go without a channel"
    if situation.outcome is not None:
        return "ended", f"the lead is {situation.outcome.kind.value}"
    if not _agreed(situation, action, situation.now) or not _agreed(situation, action, send_at):
        return "consent", f"no consent for {action.purpose.value} by {action.channel.value}"
    if not _address(lead, action.channel):
        return "address", f"no address for {action.channel.value}"
    stage = stage_of(situation.interactions)
    if action.stages and stage.value not in action.stages:
        return "stage", f"the talk is at {stage.value}; suits {', '.join(action.stages)}"
    if entry.temperatures and situation.temperature not in entry.temperatures:
        return "temperature", f"the lead is {situation.temperature.value}; for {', '.join(entry.temperatures)} leads"
    return _full_cap(action, action.channel, situation.contacts, catalogue, send_at)


def _agreed(situation: Situation, action: NudgeAction, at: datetime) -> bool:
    return action.channel is not None and has_consent(situation.consents, action.channel, action.purpose, now=at)


def _address(lead: Lead, channel: Channel) -> str | None:
    return {Channel.EMAIL: lead.email, Channel.SMS: lead.phone, Channel.PHONE: lead.phone}.get(channel)


def _full_cap(
    action: NudgeAction, channel: Channel, contacts: Sequence[Contact], catalogue: Catalogue, at: datetime
) -> tuple[str, str] | None:
    """Name the first frequency cap that one more contact at a moment would exceed."""
    caps = catalogue.caps
    same_action = sum(contact.action_id == action.id for contact in contacts)
    if same_action >= action.max_per_lead:
        return "max_per_lead", f"done {same_action} times, at most {action.max_per_lead}"
    recent = {span: [c for c in contacts if abs(at - c.at) < span] for span in (DAY, WEEK)}
    if len(recent[DAY]) >= caps.per_day:
        return "cap_day", f"{len(recent[DAY])} contacts within a day, at most {caps.per_day}"
    if len(recent[WEEK]) >= caps.per_week:
        return "cap_week", f"{len(recent[WEEK])} contacts within a week, at most {caps.per_week}"
    by_channel = sum(contact.channel == channel for contact in recent[WEEK])
    most = caps.per_channel_week.get(channel)
    if most is not None and by_channel >= most:
        return "cap_channel", f"{by_channel} contacts by {channel.value} within a week, at most {most}"
    return None
