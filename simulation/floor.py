"""The sales floor: simulates a market's history as frames, with the truth apart. Pure: seeded, no clock, no I/O."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from domain.errors import InvalidInputError
from simulation import frames
from simulation.arrivals import draw_arrivals
from simulation.effects import Effects
from simulation.market import MarketModel
from simulation.moments import Timeline
from simulation.odds import planted_scale
from simulation.story import Stage, draw_roster, play
from simulation.streams import Streams
from simulation.team import draw_team
from simulation.truth import Truth

_FEWEST_REPS = 2


@dataclass(frozen=True)
class SalesFloor:
    """A history as records would hold it up to `end`, and the truth that produced it.

    The frames' columns are the fields of the domain types; lists and mappings are JSON text, a lead's market fields
    are columns `fields.<name>`. `nudges` holds the historical policy's decisions: lead_id, action_id, channel, at,
    replied (an opt-out is no reply) and propensity.
    """

    market: MarketModel
    seed: int
    start: datetime
    end: datetime
    leads: pl.DataFrame
    reps: pl.DataFrame
    products: pl.DataFrame
    interactions: pl.DataFrame
    outcomes: pl.DataFrame
    consents: pl.DataFrame
    assignments: pl.DataFrame
    nudges: pl.DataFrame
    truth: Truth
    stage: Stage

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the frames by name, without the truth."""
        names = ("leads", "reps", "products", "interactions", "outcomes", "consents", "assignments", "nudges")
        return {name: getattr(self, name) for name in names}


def simulate(
    market: MarketModel,
    *,
    n_leads: int,
    seed: int,
    start: datetime,
    days: int,
    n_reps: int = 24,
    effects: Effects = Effects(),  # noqa: B008 - frozen
) -> SalesFloor:
    """Simulate a sales floor.

    Args:
        market: What is planted.
        n_leads: Leads created within the days, bots and duplicates among them; >= 1.
        seed: The same seed gives the same floor.
        start: Aware moment of the first day.
        days: Length of the history, >= 1. Leads of the last months are still open.
        n_reps: How many reps, >= 2.
        effects: Which planted effects are on.

    Raises:
        InvalidInputError: If a size is too small or `start` is naive.
    """
    _check("n_leads", n_leads, 1)
    _check("days", days, 1)
    _check("n_reps", n_reps, _FEWEST_REPS)
    if start.tzinfo is None:
        raise InvalidInputError("start", start, "must have a time zone")
    streams = Streams(seed)
    timeline = Timeline(start.astimezone(UTC), float(days))
    stage = Stage(
        market=market,
        effects=effects,
        timeline=timeline,
        scale=planted_scale(market, effects),
        team=draw_team(market, n_reps, timeline, effects, streams),
    )
    created = draw_arrivals(market, n_leads, timeline, seasons=effects.seasons, rng=streams.of("arrivals"))
    story = play(stage, draw_roster(stage, created, frames.lead_ids(market, n_leads), streams), streams)
    return SalesFloor(
        market=market,
        seed=seed,
        start=timeline.start,
        end=timeline.start + timedelta(days=days),
        leads=frames.lead_frame(story, streams),
        reps=frames.rep_frame(stage.team),
        products=frames.product_frame(market),
        interactions=frames.interaction_frame(story),
        outcomes=frames.outcome_frame(story),
        consents=frames.consent_frame(story),
        assignments=frames.assignment_frame(story),
        nudges=frames.nudge_frame(story),
        truth=story.truth,
        stage=stage,
    )


def _check(name: str, value: int, least: int) -> None:
    if value < least:
        raise InvalidInputError(name, value, f"must be at least {least}")
