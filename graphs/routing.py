"""Which specialists look into a question, and what follows a review. Pure routers: no I/O, no clock.

Async, because the Temporal plugin runs conditional edges as workflow code, where a sync function has no thread to run in.
"""

from typing import Literal

from agents.state import CopilotState, FollowUpState
from agents.supervisor import UNCLEAR_BELOW
from domain.conversations import MessageReading

Specialist = Literal["analyse_lead", "find_rep", "research", "plan_nudge", "recall_lead"]

MAX_SPECIALISTS = 3
"""Specialists that run for one question at most."""

ALL: tuple[Specialist, ...] = ("analyse_lead", "find_rep", "research", "plan_nudge", "recall_lead")
NEED_LEAD: frozenset[Specialist] = frozenset({"analyse_lead", "find_rep", "plan_nudge", "recall_lead"})

BY_INTENT: dict[str, tuple[Specialist, ...]] = {
    "score_explanation": ("analyse_lead", "recall_lead"),
    "find_rep": ("find_rep", "analyse_lead"),
    "next_action": ("plan_nudge", "analyse_lead"),
    "reminder": ("plan_nudge",),
    "lead_history": ("recall_lead",),
    "product_question": ("research",),
    "objection_help": ("research", "recall_lead"),
    "write_message": ("research", "recall_lead"),
    # A rep who pastes a lead's words asks how to answer them.
    "pricing": ("research",),
    "info_request": ("research",),
    "support": ("research",),
    "complaint": ("research", "recall_lead"),
    "objection": ("research", "recall_lead"),
    "smalltalk": (),
    "greeting": (),
    "out_of_scope": (),
}
DEFAULT: tuple[Specialist, ...] = ("research", "analyse_lead")


def choose_specialists(reading: MessageReading, lead_id: str | None, proposal: list[str]) -> tuple[Specialist, ...]:
    """Choose who looks into a question; the order is fixed, whoever proposed it.

    An unclear question goes by the proposal where there is one, and else to everybody who is asked by default. A name that is no
    specialist is ignored, and so is one who needs a lead where none is in question; when that leaves nobody, the documents are
    asked before the rep is ("How long may a first call last?" reads like a question about a lead).

    Args:
        reading: What the listener read.
        lead_id: The lead in question.
        proposal: Names that a chat model proposed; untrusted.
    """
    unclear = reading.intent_confidence < UNCLEAR_BELOW
    proposed = tuple(name for name in ALL if name in proposal) if unclear else ()
    usual = DEFAULT if unclear and reading.intent not in BY_INTENT else BY_INTENT.get(reading.intent, DEFAULT)
    wanted = proposed or usual
    able = tuple(name for name in wanted if lead_id is not None or name not in NEED_LEAD)
    return (able or (("research",) if wanted else ()))[:MAX_SPECIALISTS]


async def route_question(state: CopilotState) -> list[Specialist | Literal["write"]]:
    """Send the question to its specialists, all at once, or straight to the writer."""
    reading = MessageReading.model_validate(state["reading"])
    chosen = choose_specialists(reading, state.get("lead_id"), state.get("proposal", []))
    return list(chosen) or ["write"]


async def route_reviewed_reply(state: CopilotState) -> Literal["write", "__end__"]:
    """Send a reply back to the writer until there is one to show; the reviewer bounds how often."""
    return "__end__" if state.get("reply") else "write"


async def route_checked_lead(state: FollowUpState) -> Literal["score_lead", "__end__"]:
    """End the step where the lead has ended."""
    return "__end__" if _is_concluded(state) else "score_lead"


async def route_planned_step(state: FollowUpState) -> Literal["research_facts", "__end__"]:
    """End the step where the plan needs no message."""
    return "__end__" if _is_concluded(state) else "research_facts"


async def route_reviewed_draft(state: FollowUpState) -> Literal["draft", "__end__"]:
    """Send a message back to its writer until the step is concluded; the reviewer bounds how often."""
    return "__end__" if _is_concluded(state) else "draft"


def _is_concluded(state: FollowUpState) -> bool:
    """Say whether `step` is the result already: it comes in as a number and leaves as an object."""
    return isinstance(state.get("step"), dict)
