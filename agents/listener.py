"""The listener: reads what the rep says. Does not answer."""

from dataclasses import dataclass

from agents.state import CopilotState
from domain.conversations import Message, Speaker
from domain.ports import Clock, Listener


@dataclass(frozen=True)
class ListenerNodes:
    """Reads a message in the context of the conversation."""

    listener: Listener
    clock: Clock

    def listen(self, state: CopilotState) -> CopilotState:
        """Read the message and settle which lead is in question.

        A lead named in the text comes before the one the page is about, and that before the one talked about last.
        CPU-bound, hence no coroutine: LangGraph runs it in a thread.
        """
        said = Message(speaker=Speaker.REP, text=state["text"])
        messages = [*(Message.model_validate(m) for m in state.get("history", [])), said]
        reading = self.listener.read(messages, now=self.clock.now())
        lead_id = next(iter(reading.lead_ids), None) or state.get("asked_lead_id") or state.get("lead_id")
        return {"reading": reading.model_dump(mode="json"), "lead_id": lead_id}
