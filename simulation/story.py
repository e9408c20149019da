"""Plays the lives of leads on one floor, from who they are to how they end. Orders the draws; has no numbers of its own."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.allotment import Allotment, allot
from simulation.behaviour import Actors, draw_behaviour
from simulation.contacts import contact_events
from simulation.effects import Effects
from simulation.endings import Endings, draw_endings
from simulation.identities import Identities, draw_identities, garble, misspell
from simulation.market import MarketModel
from simulation.moments import Timeline
from simulation.odds import Scale, lead_odds
from simulation.outreach import Consents, Touches, draw_outreach, first_contact, follow_up_odds
from simulation.population import Population, draw_population
from simulation.response import Response
from simulation.sentences import write_sentences
from simulation.streams import Streams
from simulation.team import Team
from simulation.truth import Truth
from simulation.vectors import BoolVector, FloatVector, IntVector

_DUPLICATE_WITHIN_DAYS = 20.0


@dataclass(frozen=True)
class Stage:
    """What does not depend on the leads."""

    market: MarketModel
    effects: Effects
    timeline: Timeline
    scale: Scale
    team: Team


@dataclass(frozen=True)
class Roster:
    """The leads as recorded, in order of creation; `bot` and `duplicate` have shape (n_leads,)."""

    ids: tuple[str, ...]
    created: FloatVector
    population: Population
    identities: Identities
    bot: BoolVector
    duplicate: BoolVector


@dataclass(frozen=True)
class Story:
    """Everything that happened, also what lies after the floor's last day.

    Attributes:
        events: Interactions as columns, with indices for leads and reps and days for moments.
    """

    stage: Stage
    roster: Roster
    allotment: Allotment
    consents: Consents
    touches: Touches
    endings: Endings
    events: pl.DataFrame
    truth: Truth


def draw_roster(stage: Stage, created: FloatVector, ids: tuple[str, ...], streams: Streams) -> Roster:
    """Draw the leads; some are bots, and some are earlier leads recorded again.

    Args:
        stage: Market and switches.
        created: Shape (n_leads,). Days since the start, ascending.
        ids: One per lead.
        streams: Source of randomness.
    """
    n_leads, recording = len(created), stage.market.recording
    population = draw_population(stage.market, n_leads, streams)
    identities = draw_identities(stage.market, n_leads, streams.of("identities"))
    rng = streams.of("recording")
    bot = (rng.random(n_leads) < recording.bots) & stage.effects.bots
    wanted = (rng.random(n_leads) < recording.duplicates) & stage.effects.duplicates & ~bot
    original = _earlier(created, rng)
    duplicate = wanted & (original < np.arange(n_leads)) & ~bot[original] & ~wanted[original]
    rows = np.where(duplicate, original, np.arange(n_leads))
    identities = misspell(identities.take(rows), duplicate, streams.of("misspelling"))
    return Roster(
        ids=ids,
        created=created,
        population=population.take(rows),
        identities=garble(identities, bot, streams.of("garbling")),
        bot=bot,
        duplicate=duplicate,
    )


def play(stage: Stage, roster: Roster, streams: Streams) -> Story:
    """Let leads be assigned, contacted, act and end.

    The outcome is drawn from lead, rep of record and the contacts of the first days; events are drawn from the
    latents and never from the outcome, which only ends them.

    Args:
        stage: Market, switches, time and team.
        roster: The leads.
        streams: Source of randomness.
    """
    market, timeline = stage.market, stage.timeline
    population, created = roster.population, roster.created
    response = Response(market, stage.effects, population, created, timeline)
    allotment = allot(market, stage.team.eligible(population), created, streams)
    consents, touches = draw_outreach(response, allotment, stage.team.pace, ~roster.bot, streams)
    truth = Truth(
        lead_ids=roster.ids,
        buyer=~(roster.bot | roster.duplicate),
        base_odds=lead_odds(market, stage.scale, population, created, timeline, stage.effects),
        follow_up=follow_up_odds(response, touches),
        rep=allotment.final,
        contacted=first_contact(touches, market, len(created)),
        response=response,
        team=stage.team,
    )
    endings = draw_endings(market, population, created, truth.p_convert(roster.ids), truth.buyer, streams)
    actors = act(stage, roster, allotment)
    batches = [*draw_behaviour(actors, streams), *contact_events(actors, touches, streams)]
    events = pl.concat([batch.frame() for batch in batches])
    return Story(stage, roster, allotment, consents, touches, endings, events, truth)


def act(stage: Stage, roster: Roster, allotment: Allotment) -> Actors:
    """Return the leads as actors."""
    return Actors(
        market=stage.market,
        effects=stage.effects,
        population=roster.population,
        created=roster.created,
        bot=roster.bot,
        duplicate=roster.duplicate,
        allotment=allotment,
        timeline=stage.timeline,
        sentences=write_sentences(stage.market),
    )


def _earlier(created: FloatVector, rng: np.random.Generator) -> IntVector:
    """Return for each lead one that came some days before it, or itself."""
    days_before = rng.uniform(0.5, _DUPLICATE_WITHIN_DAYS, len(created))
    found = np.searchsorted(created, created - days_before)
    return np.minimum(found, np.arange(len(created)))
