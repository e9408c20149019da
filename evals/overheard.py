"""An interaction log in which leads have said one thing more. Writes nothing."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.events import Interaction, InteractionKind
from domain.values import InteractionId, LeadId


@dataclass
class OverheardLog:
    """The log of the house, and what a case has a lead say on top.

    Attributes:
        log: The real log; everything but `of_lead` is its own.
        said: The newest message of every lead; None for no message more.
    """

    log: Any
    said: str | None = field(default=None)

    def __getattr__(self, name: str) -> Any:
        """Leave everything else to the log."""
        return getattr(self.log, name)
