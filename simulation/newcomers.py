"""Lets a fresh, plausible lead arrive on a floor, for demonstrations. Gives it to nobody and contacts nobody."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from domain.events import ConsentEvent, Interaction
from domain.people import Lead
from simulation import frames
from simulation.effects import Effects
from simulation.floor import SalesFloor
from simulation.moments import Timeline
from simulation.rows import consent_of, interaction_of, lead_of
from simulation.story import Stage, draw_roster, play
from simulation.streams import Streams
from simulation.truth import Truth

_INSTANT_DAYS = 1.0 / 86_400


@dataclass(frozen=True)
class NewLead:
    """A lead that has just arrived, with its hidden side.

    Attributes:
        lead: As a form would record it.
        consents: What it allowed.
        interactions: What it did of its own accord, in order of time.
        latents: Hidden urgency, need, budget and channel habits, in standard deviations.
        truth: Reads the planted probabilities of this one lead, with the floor's reps.
    """

    lead: Lead
    consents: tuple[ConsentEvent, ...]
    interactions: tuple[Interaction, ...]
    latents: dict[str, float]
    truth: Truth


def new_lead(floor: SalesFloor, seed: int, *, at: datetime | None = None, days: float = 0.0) -> NewLead:
    """Let a lead arrive.

    Args:
        floor: The floor whose market, reps and planted sizes hold for the lead.
        seed: The same seed gives the same lead.
        at: Moment of creation; the floor's end when None.
        days: How many days of its own behaviour to include, >= 0.
    """
    market, streams = floor.market, Streams(seed)
    unassigned = market.model_copy(update={"recording": market.recording.model_copy(update={"never_assigned": 1.0})})
    created = floor.stage.timeline.of(at or floor.end)
    stage = Stage(
        market=unassigned,
        effects=_genuine(floor.stage.effects),
        timeline=Timeline(floor.start, created + days + _INSTANT_DAYS),
        scale=floor.stage.scale,
        team=floor.stage.team,
    )
    lead_id = f"{market.code}-lead-new-{seed}"
    story = play(stage, draw_roster(stage, np.array([created]), (lead_id,), streams), streams)
    return NewLead(
        lead=lead_of(frames.lead_frame(story, streams).row(0, named=True)),
        consents=tuple(consent_of(row) for row in _own(frames.consent_frame(story), lead_id)),
        interactions=tuple(interaction_of(row) for row in _own(frames.interaction_frame(story), lead_id)),
        latents=story.truth.latents(lead_id),
        truth=story.truth,
    )


def _genuine(effects: Effects) -> Effects:
    return replace(effects, bots=False, duplicates=False)


def _own(frame: pl.DataFrame, lead_id: str) -> list[dict[str, object]]:
    """Return the rows with ids of their own, so that they never meet those of the floor."""
    return [row | {"id": f"{lead_id}-{row['id']}"} for row in frame.iter_rows(named=True)]
