"""The journey's activities: one value in, one value out, each idempotent. Decides nothing: tools and ports do."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity

from domain.events import Channel, ConsentEvent, Interaction, InteractionKind, Purpose, has_refused
from domain.journeys import RepChanged
from domain.matches import AssignmentRecord
from domain.nudges import NudgeResult
from domain.outreach import SendReceipt
from domain.people import RejectReason
from domain.ports import AssignmentRecords, Matcher, NudgeResults, Scorer
from domain.routing_ports import OfferDesk, RoutingNews
from domain.values import LeadId, content_hash
from workflows import names
from workflows.payloads import (
    AnswerRecord,
    ContactRequest,
    EscalationRequest,
    Offer,
    OfferRequest,
    Recorded,
    ReleaseRequest,
    ScoreFacts,
    ScoreRequest,
    SendRequest,
    StopRecord,
    WithdrawalRequest,
)
from workflows.sending import Sender


@dataclass(frozen=True)
class JourneyActivities:
    """What a journey does to the world."""

    scorer: Scorer
    matcher: Matcher
    offers: OfferDesk
    news: RoutingNews
    assignments: AssignmentRecords
    results: NudgeResults
    sender: Sender

    @activity.defn(name=names.SCORE_LEAD)
    async def score_lead(self, request: ScoreRequest) -> ScoreFacts:
        """Score the lead as of the moment given; not before it was created, whatever two machines' clocks say."""
        lead = await self.sender.leads.get(request.lead_id)
        score = await self.scorer.score_lead(request.lead_id, as_of=max(request.as_of, lead.created_at))
        return ScoreFacts(p_convert=score.p_convert, temperature=score.temperature, decision_id=score.decision_id)

    @activity.defn(name=names.ASSIGN_LEAD)
    async def assign_lead(self, request: OfferRequest) -> Offer:
        """Find a rep and record the assignment; where nobody can take the lead, say who answers for it until when."""
        match = await self.matcher.assign(request.lead_id, exclude=request.exclude, key=request.key)
        displaced = {each.displaces for each in match.considered if each.rep_id == match.rep_id} - {None}
        await self.news.leads_moved(
            {lead_id: RepChanged(rep_id=None, by="matcher") for lead_id in displaced if lead_id}
        )
        if request.exclude or match.rep_id is None:
            await self._floor_changed(request.lead_id)
        entry = await self.offers.waiting(request.lead_id) if match.rep_id is None else None
        answer_by = None
        if match.rep_id is not None and request.at is not None and request.patience_s is not None:
            patience = timedelta(seconds=request.patience_s)
            answer_by = await self.offers.answers_by(match.rep_id, at=request.at, patience=patience)
        return Offer(
            rep_id=match.rep_id,
            decision_id=match.decision_id,
            deadline=entry.deadline if entry else None,
            owner=entry.owner if entry else None,
            answer_by=answer_by,
        )

    @activity.defn(name=names.RECORD_ACCEPTANCE)
    async def record_acceptance(self, answer: AnswerRecord) -> Recorded:
        """Record that a rep took the lead, so that nobody takes it from him."""
        new = await self.offers.accepted(answer.lead_id, answer.rep_id, at=answer.at, key=answer.key)
        return Recorded(new=new)

    @activity.defn(name=names.RECORD_REJECTION)
    async def record_rejection(self, answer: AnswerRecord) -> Recorded:
        """Record that a rep declined the lead, and why; his place is free for another lead."""
        new = await self.offers.rejected(
            answer.lead_id,
            answer.rep_id,
            reason=answer.reason or RejectReason.OTHER,
            note=answer.note,
            decision_id=answer.decision_id,
            at=answer.at,
            key=answer.key,
        )
        await self._floor_changed(answer.lead_id)
        return Recorded(new=new)

    @activity.defn(name=names.RELEASE_LEAD)
    async def release_lead(self, request: ReleaseRequest) -> Recorded:
        """Put the lead back into the pool, so that it takes no place of a rep who declined it."""
        release = AssignmentRecord(
            id=f"release-{content_hash(request.key)}",
            lead_id=request.lead_id,
            rep_id=None,
            at=request.at,
            by="journey",
            reason=request.reason,
        )
        new = await self.assignments.record(release)
        await self._floor_changed(request.lead_id)
        return Recorded(new=new)

    @activity.defn(name=names.RECORD_STOP)
    async def record_stop(self, stop: StopRecord) -> Recorded:
        """Record that somebody stopped the journey, so that nobody is offered the lead by itself."""
        new = await self.offers.stopped(stop.lead_id, at=stop.at, key=stop.key)
        await self._floor_changed(stop.lead_id)
        return Recorded(new=new)

    @activity.defn(name=names.ESCALATE_LEAD)
    async def escalate_lead(self, request: EscalationRequest) -> Recorded:
        """Put into the audit trail that the lead waits past its deadline, for whoever answers for it."""
        return Recorded(new=await self.offers.escalate(request.lead_id))

    async def _floor_changed(self, lead_id: LeadId) -> None:
        await self.news.floor_changed((await self.sender.leads.get(lead_id)).market)

    @activity.defn(name=names.SEND_MESSAGE)
    async def send_message(self, request: SendRequest) -> SendReceipt:
        """Send once, with consent checked now."""
        return await self.sender.send(request)

    @activity.defn(name=names.RECORD_CONTACT)
    async def record_contact(self, request: ContactRequest) -> Recorded:
        """Record that a rep made the call which the journey suggested. Other channels leave their own traces."""
        if request.channel is not Channel.PHONE:
            return Recorded(new=False)
        contact = Interaction(
            id=f"contact-{content_hash(request.key)}",
            lead_id=request.lead_id,
            kind=InteractionKind.CALL_ATTEMPTED,
            at=request.at,
            channel=request.channel,
            rep_id=request.rep_id,
            attributes={"action_id": request.action_id, "decision_id": request.decision_id, "key": request.key},
        )
        return Recorded(new=await self.sender.interactions.append([contact]) > 0)

    @activity.defn(name=names.RECORD_RESULT)
    async def record_result(self, result: NudgeResult) -> Recorded:
        """Tell the learner what came of a nudge."""
        return Recorded(new=await self.results.record(result))

    @activity.defn(name=names.WITHDRAW_CONSENT)
    async def withdraw_consent(self, request: WithdrawalRequest) -> Recorded:
        """Make sure that the lead's "no" to everything is on record, whoever was told it first."""
        now = self.sender.clock.now()
        events = await self.sender.consents.of_lead(request.lead_id)
        new = False
        for purpose in Purpose:
            if not has_refused(events, purpose, now=now):
                withdrawal = ConsentEvent(
                    id=f"optout-{content_hash(request.key)}-{purpose.value}",
                    lead_id=request.lead_id,
                    channel=None,
                    purpose=purpose,
                    granted=False,
                    at=now,
                    source="journey",
                )
                new = await self.sender.consents.record(withdrawal) or new
        return Recorded(new=new)
