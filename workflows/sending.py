"""Sends one message at most once, with consent checked at that moment. No Temporal: the activity is a thin edge.

Every crash point, and what the next attempt does:

1. before the claim: starts over, nothing had happened;
2. after the claim, before the outbox: the key is claimed without a receipt, and the outbox has not seen it: goes on;
3. after the outbox, before the receipt is settled: the outbox knows the key: its receipt is settled, nothing is sent;
4. after the receipt, before interaction and decision: the ledger has the receipt: both are appended under ids that
   follow from the key, so each is there once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.decisions import Decision, DecisionKind, decision_id
from domain.errors import ConsentMissingError, NoAddressError
from domain.events import Channel, ConsentEvent, Interaction, InteractionKind, has_consent
from domain.outreach import OutboundMessage, SendReceipt, SendStatus
from domain.people import Lead
from domain.ports import Clock, ConsentLedger, DecisionLog, InteractionLog, LeadRecords, Outbox, SendLedger
from domain.values import content_hash
from workflows.payloads import SendRequest

_KINDS = {Channel.EMAIL: InteractionKind.EMAIL_SENT, Channel.SMS: InteractionKind.SMS_SENT}
_NO_ADDRESS = "-"
_POLICY = "leadline"


@dataclass(frozen=True)
class Sender:
    """Looks up the address, claims the key, checks consent, sends, settles and records."""

    leads: LeadRecords
    consents: ConsentLedger
    sends: SendLedger
    interactions: InteractionLog
    decisions: DecisionLog
    outbox: Outbox
    clock: Clock

    async def send(self, request: SendRequest) -> SendReceipt:
        """Send a message to a lead, or say why not. Idempotent by the request's key.

        Returns:
            A receipt: sent, refused (no consent, no address) or failed. A refusal is final for its key.

        Raises:
            LeadNotFoundError: If there is no such lead.
            UnavailableError: If records or outbox do not answer; trying again is safe.
        """
        lead = await self.leads.get(request.lead_id)
        address = address_of(lead, request.channel)
        message = OutboundMessage(
            key=request.key,
            lead_id=request.lead_id,
            channel=request.channel,
            purpose=request.purpose,
            address=address or _NO_ADDRESS,
            subject=request.subject,
            body=request.body,
            decision_id=request.decision_id,
        )
        receipt = await self.sends.claim(message, at=self.clock.now())
        if receipt is None:
            receipt = await self.outbox.receipt_of(message.key) or await self._send(message, reachable=bool(address))
            await self.sends.settle(receipt)
        await self._record(request, receipt)
        return receipt

    async def _send(self, message: OutboundMessage, *, reachable: bool) -> SendReceipt:
        if not reachable:
            return self._refusal(message, NoAddressError(message.lead_id, message.channel))
        events = await self.consents.of_lead(message.lead_id)
        now = self.clock.now()
        if not has_consent(events, message.channel, message.purpose, now=now):
            return self._refusal(message, ConsentMissingError(message.lead_id, message.channel, message.purpose))
        return await self.outbox.send(message, at=now)

    def _refusal(self, message: OutboundMessage, error: ConsentMissingError | NoAddressError) -> SendReceipt:
        return SendReceipt(
            key=message.key, status=SendStatus.REFUSED, at=self.clock.now(), provider=_POLICY, detail=str(error)
        )

    async def _record(self, request: SendRequest, receipt: SendReceipt) -> None:
        if receipt.status is SendStatus.SENT:
            await self.interactions.append([_interaction(request, receipt)])
        events = await self.consents.of_lead(request.lead_id)
        await self.decisions.record(_decision(request, receipt, events))


def address_of(lead: Lead, channel: Channel) -> str | None:
    """Say where a message on a channel goes; None when the lead has no such address, or the channel has none."""
    return {Channel.EMAIL: lead.email, Channel.SMS: lead.phone}.get(channel)


def _interaction(request: SendRequest, receipt: SendReceipt) -> Interaction:
    return Interaction(
        id=f"sent-{content_hash(request.key)}",
        lead_id=request.lead_id,
        kind=_KINDS[request.channel],
        at=receipt.at,
        channel=request.channel,
        rep_id=request.rep_id,
        text=request.body,
        attributes={"action_id": request.action_id, "decision_id": request.decision_id, "key": request.key},
    )


def _decision(request: SendRequest, receipt: SendReceipt, events: Sequence[ConsentEvent]) -> Decision:
    """Describe a send with its proof: the consent events that counted at that moment."""
    inputs_hash = content_hash(request.model_dump(mode="json"))
    proof = tuple(
        event.model_dump(mode="json")
        for event in events
        if event.purpose is request.purpose and event.channel in {None, request.channel} and event.at <= receipt.at
    )
    return Decision(
        id=decision_id(DecisionKind.SEND, request.lead_id, inputs_hash, request.key),
        kind=DecisionKind.SEND,
        subject_id=request.lead_id,
        at=receipt.at,
        inputs_hash=inputs_hash,
        versions={"outbox": receipt.provider},
        chosen=receipt.status.value,
        considered=proof,
        reasons=tuple(text for text in (receipt.detail, request.action_id or "") if text),
    )
