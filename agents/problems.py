"""What a specialist could not find out, as a value the writer can report. Does not hide outages of the records."""

from agents.evidence import Problem
from agents.state import CopilotState
from domain.errors import (
    KnowledgeUnavailableError,
    LeadlineError,
    LeadNotFoundError,
    NotEnoughDataError,
    NotFoundError,
    RefusedError,
)

REPORTABLE = (NotFoundError, NotEnoughDataError, RefusedError, KnowledgeUnavailableError)
"""Errors that are an answer in themselves: the rest of the turn goes on without this specialist."""


def report(specialist: str, error: LeadlineError) -> CopilotState:
    """Return the state's update for a specialist that failed with an error of `REPORTABLE`."""
    text = f"I know no lead with the id {error.id!r}" if isinstance(error, LeadNotFoundError) else str(error)
    problem = Problem(specialist=specialist, error=type(error).__name__, text=text)
    return {"problems": [problem.model_dump(mode="json")]}
