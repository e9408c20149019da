"""The front desk: what comes in from the outside (leads, replies, refusals, outcomes) is stored, then acted upon.

A fact is stored before any journey is told of it, so an unreachable workflow server loses nothing: the caller gets
`WorkflowsUnavailableError` and may send the same again. That a lead's score is out of date is passed on without
waiting: no caller hears of it when the workflow server is away, because the next read of a score computes it anyway.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.conversations import MAX_MESSAGE_CHARS, Message, MessageReading, Speaker
from domain.decisions import AuditEntry
from domain.errors import JourneyClosedError, JourneyNotFoundError
from domain.events import OUTBOUND_KINDS, Channel, ConsentEvent, Interaction, InteractionKind, Outcome, Purpose
from domain.journeys import JourneyInput, JourneySettings, OutcomeReached, ReplyReceived
from domain.people import Lead
from domain.ports import (
    AuditTrail,
    Clock,
    ConsentLedger,
    InteractionLog,
    Journeys,
    LeadRecords,
    Listener,
    OutcomeRecords,
)
from domain.routing_ports import Pool, RoutingNews
from domain.scoring_ports import LeadNews
from domain.values import LeadId, content_hash

_REPLY_KINDS = {
    Channel.EMAIL: InteractionKind.EMAIL_REPLIED,
    Channel.SMS: InteractionKind.SMS_REPLIED,
    Channel.PHONE: InteractionKind.CALL_ANSWERED,
    Channel.MEETING: InteractionKind.MEETING_ATTENDED,
}
_CONTEXT = 8


class Desk(Protocol):
    """The records that the front desk writes to."""

    @property
    def leads(self) -> LeadRecords: ...  # noqa: D102 - named for its port
    @property
    def interactions(self) -> InteractionLog: ...  # noqa: D102 - named for its port
    @property
    def consents(self) -> ConsentLedger: ...  # noqa: D102 - named for its port
    @property
    def outcomes(self) -> OutcomeRecords: ...  # noqa: D102 - named for its port
    @property
    def pool(self) -> Pool: ...  # noqa: D102 - named for its port
    @property
    def audit(self) -> AuditTrail: ...  # noqa: D102 - named for its port


@dataclass(frozen=True)
class FrontDesk:
    """Takes in what happens outside."""

    records: Desk
    journeys: Journeys
    listener: Listener
    clock: Clock
    journey_settings: JourneySettings
    news: LeadNews
    routing: RoutingNews

    async def lead_arrived(
        self, lead: Lead, *, consents: Sequence[ConsentEvent] = (), follow_up: bool = True, by: str = "api"
    ) -> bool:
        """Store a new or changed lead with its consents, and start its journey.

        Args:
            lead: The lead; the same again changes nothing.
            consents: What the lead agreed to.
            follow_up: Whether to start a journey.
            by: Who brought it, for the audit trail.

        Returns:
            Whether a journey was started now.

        Raises:
            WorkflowsUnavailableError: The lead is stored; only its journey is not.
        """
        now = self.clock.now()
        written = await self.records.leads.save(lead, at=now)
        for consent in consents:
            await self.records.consents.record(consent)
        if written:
            await self._audit(now, by, "lead_saved", lead.id, {"source": lead.source}, key=now.isoformat())
            await self.news.lead_changed(lead.market, lead.id, at=now)
        if not follow_up:
            return False
        return await self.start_journey(lead.id)

    async def start_journey(self, lead_id: LeadId) -> bool:
        """Start the journey of a known lead. Returns False when one is running."""
        lead = await self.records.leads.get(lead_id)
        return await self.journeys.start(
            JourneyInput(lead_id=lead.id, market=lead.market, settings=self.journey_settings)
        )

    async def interactions_happened(self, lead: Lead, interactions: Sequence[Interaction]) -> int:
        """Store what a lead or a rep did, and ask for a new score. Returns how many were new."""
        stored = await self.records.interactions.append(interactions)
        if stored:
            await self.news.lead_changed(lead.market, lead.id, at=self.clock.now())
        return stored

    async def reply_arrived(
        self, lead_id: LeadId, *, reply_id: str, channel: Channel, text: str, at: datetime
    ) -> MessageReading:
        """Store a lead's reply, read it, and tell the journey, which credits the nudge that got it.

        A refusal withdraws consent for every channel before anything else is told.

        Args:
            lead_id: Who replied.
            reply_id: Id of the reply with its provider; the same id again changes nothing.
            channel: How.
            text: What it says.
            at: When; a moment to come counts as now, or a refusal would wait for it.

        Raises:
            LeadNotFoundError: No such lead.
        """
        lead = await self.records.leads.get(lead_id)
        at = min(at, self.clock.now())
        reply = Interaction(
            # Providers number their own messages: the same number may come twice, from two of them.
            id=f"reply-{content_hash(lead_id, channel, reply_id)}",
            lead_id=lead_id,
            kind=_REPLY_KINDS.get(channel, InteractionKind.CHAT_MESSAGE),
            at=at,
            channel=channel,
            text=text,
            attributes={"reply_id": reply_id},
        )
        earlier = await self.records.interactions.of_lead(lead_id, before=at, limit=_CONTEXT)
        said = [_message(i, i.text) for i in earlier if i.text and i.id != reply.id]
        reading = self.listener.read([*said, _message(reply, text)], now=at)
        await self.interactions_happened(lead, [reply])
        if reading.opt_out:
            await self.opted_out(lead_id, source=f"reply {reply_id}", proof=text, at=at, key=reply.id)
            return reading
        with suppress(JourneyNotFoundError, JourneyClosedError):
            await self.journeys.reply_received(
                lead_id, ReplyReceived(interaction_id=reply.id, out_of_office_until=reading.out_of_office_until)
            )
        return reading

    async def opted_out(
        self,
        lead_id: LeadId,
        *,
        source: str,
        at: datetime,
        key: str,
        proof: str | None = None,
        channel: Channel | None = None,
    ) -> None:
        """Withdraw consent, then stop the journey.

        Args:
            lead_id: Who said no.
            source: Where it was said.
            at: When.
            key: Names this refusal; the same key again changes nothing.
            proof: The words.
            channel: The channel refused; None refuses every one.
        """
        await self.records.leads.get(lead_id)
        for purpose in Purpose:
            await self.records.consents.record(
                ConsentEvent(
                    id=f"withdrawal-{content_hash(lead_id, source, channel, purpose, key)}",
                    lead_id=lead_id,
                    channel=channel,
                    purpose=purpose,
                    granted=False,
                    at=at,
                    source=source,
                    proof=proof,
                )
            )
        await self._audit(at, source, "consent_withdrawn", lead_id, {"channel": channel}, key=key)
        if channel is None:
            with suppress(JourneyNotFoundError, JourneyClosedError):
                await self.journeys.opted_out(lead_id)

    async def stop_journey(self, lead_id: LeadId, *, by: str, reason: str) -> None:
        """End a lead's journey because somebody says so; who and why is on record first.

        Raises:
            LeadNotFoundError: No such lead.
            JourneyNotFoundError: It never had a journey.
        """
        lead = await self.records.leads.get(lead_id)
        await self.journeys.state(lead.id)
        now = self.clock.now()
        await self._audit(now, by, "journey_stopped", lead.id, {"reason": reason}, key=now.isoformat())
        await self.journeys.stop(lead.id)

    async def outcome_reached(self, outcome: Outcome) -> None:
        """Record how a lead ended, end its journey, and let a waiting lead have the place of its rep."""
        lead = await self.records.leads.get(outcome.lead_id)
        await self.records.outcomes.record(outcome)
        await self.records.pool.take_out([lead.id])
        await self.routing.floor_changed(lead.market)
        with suppress(JourneyNotFoundError, JourneyClosedError):
            await self.journeys.outcome_reached(outcome.lead_id, OutcomeReached(kind=outcome.kind))

    async def _audit(
        self, at: datetime, actor: str, action: str, subject: str, details: dict[str, object], *, key: str
    ) -> None:
        entry_id = f"audit-{content_hash(actor, action, subject, key)}"
        await self.records.audit.append(
            AuditEntry(id=entry_id, at=at, actor=actor, action=action, subject_id=subject, details=details)
        )


def _message(interaction: Interaction, text: str) -> Message:
    speaker = Speaker.REP if interaction.kind in OUTBOUND_KINDS else Speaker.LEAD
    return Message(speaker=speaker, text=text[:MAX_MESSAGE_CHARS], at=interaction.at)
