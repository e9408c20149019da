"""State of the two graphs: JSON only, because it crosses checkpoints and Temporal histories. No behaviour but a reducer."""

from typing import Annotated, Any, TypedDict

Json = dict[str, Any]
"""A JSON object, as `model_dump(mode="json")` gives it."""


def collect_problems(stored: list[Json], new: list[Json] | None) -> list[Json]:
    """Append problems of specialists that run at the same time; `None` starts the list afresh."""
    return [] if new is None else [*stored, *new]


class CopilotState(TypedDict, total=False):
    """One chat turn. `lead_id` is the lead in question and stays between the turns of a conversation."""

    turn_id: str
    market: str
    text: str
    asked_lead_id: str | None
    lead_id: str | None
    history: list[Json]
    reading: Json | None
    proposal: list[str]
    model_failure: Json | None
    score: Json | None
    match: Json | None
    search: Json | None
    nudge: Json | None
    lead: Json | None
    interactions: list[Json]
    problems: Annotated[list[Json], collect_problems]
    evidence: list[Json]
    draft: Json | None
    findings: list[str]
    attempts: int
    reply: Json | None


class FollowUpState(TypedDict, total=False):
    """One step of a journey. `step` comes in as the step's number and leaves as its `FollowUpStep` in JSON."""

    lead_id: str
    market: str
    key: str
    lead: Json
    reachable: bool
    score: Json
    nudge: Json
    search: Json
    draft: Json
    findings: list[str]
    attempts: int
    step: int | Json


class StepInput(TypedDict):
    """What the first look of a step needs."""

    lead_id: str
    key: str


class ScoreInput(TypedDict):
    """What scoring in a journey needs. `key` tells one step's activity from the next one's."""

    lead_id: str
    key: str


class PlanInput(TypedDict):
    """What planning in a journey needs."""

    lead_id: str
    key: str
    score: Json
    reachable: bool


class ResearchInput(TypedDict):
    """What finding facts for a message needs."""

    key: str
    market: str
    lead: Json
    nudge: Json


class DraftInput(TypedDict, total=False):
    """What writing a message needs."""

    key: str
    lead: Json
    nudge: Json
    search: Json
    draft: Json
    findings: list[str]
    attempts: int


class ReviewInput(DraftInput, total=False):
    """What reviewing a message and concluding the step needs."""

    lead_id: str
    score: Json


def fresh_turn() -> CopilotState:
    """Return what every turn starts from, so that nothing of the turn before it is left in the thread."""
    return {
        "reading": None,
        "proposal": [],
        "model_failure": None,
        "score": None,
        "match": None,
        "search": None,
        "nudge": None,
        "lead": None,
        "interactions": [],
        "problems": None,  # type: ignore[typeddict-item]  # None is the reducer's sign to start afresh
        "evidence": [],
        "draft": None,
        "findings": [],
        "attempts": 0,
        "reply": None,
    }
