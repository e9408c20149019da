"""Ports of scores that are kept: their history, what people say of them, and who keeps them and their models up to date.

As in `domain.ports`, every method is idempotent where it says so, and raises the errors of `domain.errors` only.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.rescoring import LeadChange, LeadStanding, ModelUpdate, Rescored
from domain.score_history import RecordedScore
from domain.scores import ScoreOverride
from domain.values import LeadId, Market


class ScoreHistory(Protocol):
    """The scores that were recorded, read from the decision log."""

    async def of_lead(self, lead_id: LeadId, *, limit: int) -> tuple[RecordedScore, ...]:
        """Return the newest scores of a lead, newest first."""
        ...

    async def newest(self, lead_ids: Sequence[LeadId], *, before: datetime) -> Mapping[LeadId, RecordedScore]:
        """Return each lead's newest score before a moment; a lead without one is absent."""
        ...

    async def before_assignment(self, market: Market, *, before: datetime) -> Mapping[LeadId, float]:
        """Return the probability that each lead had when nobody had it yet: of its newest score up to its first rep.

        Leads that were never scored before that are absent; scores and assignments at or after `before` do not count.
        """
        ...

    async def at_first_offer(
        self, market: Market, *, since: datetime, before: datetime
    ) -> Mapping[LeadId, RecordedScore]:
        """Return the score that counts as `before_assignment`, for leads whose first rep got them within a period."""
        ...

    def recorded(self, market: Market, *, since: datetime | None = None) -> AsyncIterator[RecordedScore]:
        """Go through every score of a market's leads from a moment on, in the order they were recorded."""
        ...


class ScoreOverrides(Protocol):
    """What people said a score should be; append-only."""

    async def record(self, override: ScoreOverride) -> bool:
        """Append an override or a withdrawal. Idempotent by id."""
        ...

    async def of_lead(self, lead_id: LeadId) -> tuple[ScoreOverride, ...]:
        """Return all overrides of a lead, in order of time."""
        ...

    async def in_force(self, lead_ids: Sequence[LeadId], *, at: datetime) -> Mapping[LeadId, ScoreOverride]:
        """Return the override that counts at a moment, for the leads that have one."""
        ...


class LeadStandings(Protocol):
    """Which leads there are, and which of them have ended."""

    async def of(self, lead_ids: Sequence[LeadId]) -> Mapping[LeadId, LeadStanding]:
        """Return the standing of each lead that exists."""
        ...


class LeadRescorer(Protocol):
    """Scores leads anew after something happened to them."""

    async def rescore(self, lead_ids: Sequence[LeadId], *, as_of: datetime) -> Rescored:
        """Score those that exist and have not ended, and record the scores.

        The same leads and moment give the same decisions, so a repetition records nothing new.
        """
        ...


class ModelTrainer(Protocol):
    """Trains the model that scores a market's leads."""

    async def update_model(self, market: Market, *, now: datetime) -> ModelUpdate:
        """Train on what was settled before a moment, and promote the result if it is no worse than what serves.

        Idempotent: the same data gives the same version. Raises `NotEnoughDataError`.
        """
        ...


class ScoreKeeper(Protocol):
    """Keeps recorded scores up to date: whoever is named is scored anew, once, whatever dies meanwhile."""

    async def leads_changed(self, market: Market, changes: Sequence[LeadChange]) -> None:
        """Ask to score leads of a market anew. Raises `WorkflowsUnavailableError`; then nothing was asked."""
        ...


class LeadNews(Protocol):
    """Takes note that leads changed. Never fails, and keeps nobody waiting."""

    async def lead_changed(self, market: Market, lead_id: LeadId, *, at: datetime) -> None:
        """Pass on that something happened to a lead at a moment."""
        ...


class Trainings(Protocol):
    """Starts trainings. Raises `WorkflowsUnavailableError` when the server does not answer."""

    async def start(self, market: Market) -> str:
        """Start to train a market's model and return the id of the training; one that runs already goes on."""
        ...
