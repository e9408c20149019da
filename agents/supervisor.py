"""The supervisor: where the classifiers leave a question open, a chat model proposes who should look into it.

Only a proposal: the router validates it, and without it goes by the listener's reading alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents.chat_model import ToolCall
from agents.prompts import Prompt, fence, load_prompt
from agents.state import CopilotState
from domain.conversations import MessageReading
from domain.errors import LanguageModelError

UNCLEAR_BELOW = 0.45
"""Intent confidence under which the reading is called unclear."""

MAX_QUESTION_CHARS = 4_000

SPECIALISTS = {
    "analyse_lead": "Scores the lead in question and says why it is hot, warm or cold.",
    "find_rep": "Says which rep should take the lead in question.",
    "research": "Searches product documents, the objection guide, the playbook and compliance rules.",
    "plan_nudge": "Says what to do next with the lead in question, and when.",
    "recall_lead": "Recalls who the lead in question is and what happened with it.",
}
"""The specialists by the name of their node."""


class ToolChooser(Protocol):
    """A chat model that can call tools."""

    async def choose_tools(self, system: str, user: str, tools: Sequence[dict[str, Any]]) -> tuple[ToolCall, ...]:
        """Return the calls that the model wants. Raises `LanguageModelError` and nothing else."""
        ...


@dataclass(frozen=True)
class SupervisorNodes:
    """Asks a chat model for a plan; without one, or for a clear question, proposes nothing."""

    chooser: ToolChooser | None
    prompt: Prompt = field(default_factory=lambda: load_prompt("plan"))

    async def propose_plan(self, state: CopilotState) -> CopilotState:
        """Propose specialists for an unclear question. A failing model is noted, so that nobody waits for it twice."""
        reading = MessageReading.model_validate(state["reading"])
        if self.chooser is None or reading.intent_confidence >= UNCLEAR_BELOW:
            return {"proposal": []}
        material = {"question": state["text"][:MAX_QUESTION_CHARS], "lead_in_question": state.get("lead_id")}
        try:
            calls = await self.chooser.choose_tools(self.prompt.text, fence("question", material), _tools())
        except LanguageModelError as error:
            return {"proposal": [], "model_failure": {"kind": error.kind, "detail": str(error)}}
        return {"proposal": [call.name for call in calls]}


def _tools() -> list[dict[str, Any]]:
    nothing = {"type": "object", "properties": {}, "additionalProperties": False}
    return [
        {"type": "function", "function": {"name": name, "description": does, "parameters": nothing}}
        for name, does in SPECIALISTS.items()
    ]
