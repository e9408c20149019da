"""An interaction log in which a lead has said one thing more. Writes nothing of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.events import Channel, Interaction, InteractionKind
from domain.ports import InteractionLog
from domain.values import LeadId


@dataclass(frozen=True)
class OverheardLog:
    """The log of the house, and a chat message that every lead has sent a minute ago.

    Attributes:
        log: The real log.
        said: What the lead says on top.
    """

    log: InteractionLog
    said: str

    async def append(self, interactions: Sequence[Interaction]) -> int:
        """Append to the real log."""
        return await self.log.append(interactions)

    async def of_lead(self, lead_id: LeadId, *, before: datetime, limit: int = 200) -> tuple[Interaction, ...]:
        """Return the newest interactions; the message on top is the last."""
        message = Interaction(
            id=f"overheard-{lead_id}",
            lead_id=lead_id,
            kind=InteractionKind.CHAT_MESSAGE,
            channel=Channel.CHAT,
            at=before - timedelta(minutes=1),
            text=self.said,
        )
        return (*await self.log.of_lead(lead_id, before=before, limit=limit), message)[-limit:]
