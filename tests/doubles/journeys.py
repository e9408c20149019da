"""Journeys that write down what they are told, and follow nobody up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from domain.errors import JourneyClosedError, JourneyNotFoundError, LeadlineError
from domain.journeys import (
    Approval,
    CloseReason,
    JourneyInput,
    JourneyPhase,
    JourneyState,
    OutcomeReached,
    RepAnswer,
    RepChanged,
    ReplyReceived,
)
from domain.values import LeadId


@dataclass
class RecordingJourneys:
    """`domain.ports.Journeys` in memory. With an `error`, every call raises it; a `recorder` puts answers on record."""

    started: dict[LeadId, JourneyInput] = field(default_factory=dict)
    closed: dict[LeadId, CloseReason] = field(default_factory=dict)
    heard: list[tuple[LeadId, str]] = field(default_factory=list)
    error: LeadlineError | None = None
    recorder: Callable[[LeadId, RepAnswer], Awaitable[None]] | None = None

    async def start(self, start: JourneyInput) -> bool:
        self._fail()
        new = start.lead_id not in self.started
        self.started[start.lead_id] = start
        return new

    async def state(self, lead_id: LeadId) -> JourneyState:
        self._known(lead_id)
        reason = self.closed.get(lead_id)
        phase = JourneyPhase.CLOSED if reason else JourneyPhase.OFFERED
        return JourneyState(lead_id=lead_id, phase=phase, step=0, close_reason=reason)

    async def answer_offer(self, lead_id: LeadId, answer: RepAnswer) -> JourneyState:
        self._open(lead_id)
        self.heard.append((lead_id, f"{'accepted' if answer.accepted else 'rejected'} by {answer.rep_id}"))
        if self.recorder is not None:
            await self.recorder(lead_id, answer)
        return await self.state(lead_id)

    async def approve(self, lead_id: LeadId, approval: Approval) -> JourneyState:
        self._open(lead_id)
        self.heard.append((lead_id, f"{'approved' if approval.approved else 'declined'} by {approval.by}"))
        return await self.state(lead_id)

    async def reply_received(self, lead_id: LeadId, reply: ReplyReceived) -> None:
        self._known(lead_id)
        self.heard.append((lead_id, "reply"))

    async def opted_out(self, lead_id: LeadId) -> None:
        self._known(lead_id)
        self.closed[lead_id] = CloseReason.OPTED_OUT
        self.heard.append((lead_id, "opted out"))

    async def rep_changed(self, lead_id: LeadId, change: RepChanged) -> None:
        self._known(lead_id)
        self.heard.append((lead_id, f"{'decided' if change.decided else 'moved'} to {change.rep_id} by {change.by}"))

    async def outcome_reached(self, lead_id: LeadId, outcome: OutcomeReached) -> None:
        self._known(lead_id)
        self.closed[lead_id] = CloseReason(outcome.kind.value)
        self.heard.append((lead_id, outcome.kind.value))

    async def stop(self, lead_id: LeadId) -> None:
        self._known(lead_id)
        self.closed[lead_id] = CloseReason.STOPPED
        self.heard.append((lead_id, "stopped"))

    def told(self, lead_id: str) -> list[str]:
        return [what for who, what in self.heard if who == lead_id]

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

    def _known(self, lead_id: LeadId) -> None:
        self._fail()
        if lead_id not in self.started:
            raise JourneyNotFoundError(lead_id)

    def _open(self, lead_id: LeadId) -> None:
        self._known(lead_id)
        if lead_id in self.closed:
            raise JourneyClosedError(lead_id)
