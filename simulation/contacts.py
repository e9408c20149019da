"""Turns historical contacts into interactions: sent, opened, clicked, answered. Draws what leads write back."""

import numpy as np
import polars as pl

from domain.events import Channel, InteractionKind
from simulation.behaviour import Actors
from simulation.events import Events, as_json
from simulation.outreach import Touches
from simulation.sentences import COOL, OPT_OUT, OUT_OF_OFFICE, QUESTION, WARM
from simulation.streams import Streams
from simulation.vectors import BoolVector, FloatVector, IntVector, sigmoid

_SENT = {
    Channel.EMAIL: InteractionKind.EMAIL_SENT,
    Channel.SMS: InteractionKind.SMS_SENT,
    Channel.PHONE: InteractionKind.CALL_ATTEMPTED,
}
_ANSWERED = {
    Channel.EMAIL: InteractionKind.EMAIL_REPLIED,
    Channel.SMS: InteractionKind.SMS_REPLIED,
    Channel.PHONE: InteractionKind.CALL_ANSWERED,
    None: InteractionKind.CHAT_MESSAGE,
}
_OPEN_ODDS, _CLICK_ODDS, _AWAY_RATE = -0.4, -1.3, 0.03
_CALL_MEDIAN_S, _CALL_SPREAD = 190.0, 0.7


def contact_events(actors: Actors, touches: Touches, streams: Streams) -> list[Events]:
    """Return the interactions that the historical contacts left.

    Args:
        actors: Who was contacted.
        touches: The contacts, waits among them.
        streams: Source of randomness.
    """
    rng = streams.of("contacts")
    batches: list[Events] = []
    for number, action in enumerate(actors.market.actions):
        rows = touches.where(touches.action == number)
        rep = actors.allotment.rep_at(rows.lead, rows.at)
        proposal = action.id == "proposal"
        if action.channel is not None:
            kind = InteractionKind.PROPOSAL_SENT if proposal else _SENT[action.channel]
            batches.append(
                Events(kind, action.channel, rows.lead, rows.at, rep=rep, attributes=_named(action.id, len(rep)))
            )
        if action.channel == Channel.EMAIL:
            batches += _opens(actors, rows, action.id, proposal=proposal, rng=rng)
        batches += _answers(actors, rows, action.channel, action.id, rng)
    return batches


def _opens(actors: Actors, rows: Touches, action_id: str, *, proposal: bool, rng: np.random.Generator) -> list[Events]:
    n = len(rows.lead)
    liking = 0.6 * actors.population.habits["email"][rows.lead]
    interest = 0.55 * actors.latent("urgency")[rows.lead] + 0.45 * actors.latent("need")[rows.lead]
    answered = np.isfinite(rows.reply_at)
    opened = answered | (rng.random(n) < sigmoid(_OPEN_ODDS + liking + interest))
    latest = np.where(answered, rows.reply_at - rows.at, np.inf)
    opened_at = rows.at + np.minimum(rng.exponential(0.35, n), 0.8 * latest)
    kind = InteractionKind.PROPOSAL_OPENED if proposal else InteractionKind.EMAIL_OPENED
    batches = [_kept(kind, Channel.EMAIL, rows, opened_at, opened, action_id)]
    if not proposal:
        clicked = opened & (rng.random(n) < sigmoid(_CLICK_ODDS + interest))
        clicked_at = opened_at + 0.1 * rng.exponential(0.02, n) * np.minimum(1.0, latest)
        batches.append(_kept(InteractionKind.EMAIL_CLICKED, Channel.EMAIL, rows, clicked_at, clicked, action_id))
    return batches


def _answers(
    actors: Actors, rows: Touches, channel: Channel | None, action_id: str, rng: np.random.Generator
) -> list[Events]:
    n = len(rows.lead)
    spoke = np.isfinite(rows.reply_at)
    class_ = _tone(actors, rows, rng)
    uniform, seconds = rng.random(n), _CALL_MEDIAN_S * np.exp(_CALL_SPREAD * rng.standard_normal(n))
    away = (rng.random(n) < _AWAY_RATE) & ~spoke & (channel == Channel.EMAIL)
    population = actors.population
    batches = []
    for kept, moment, classes in ((spoke, rows.reply_at, class_), (away, rows.at + 0.001, np.full(n, OUT_OF_OFFICE))):
        lead = rows.lead[kept]
        rep = actors.allotment.rep_at(lead, moment[kept])
        text = actors.sentences.pick(classes[kept], population.language[lead], population.product[lead], uniform[kept])
        is_call = channel == Channel.PHONE
        longer = np.exp(0.3 * actors.latent("need")[lead])
        batches.append(
            Events(
                _ANSWERED[channel],
                channel or Channel.CHAT,
                lead,
                moment[kept],
                rep=rep,
                seconds=seconds[kept] * longer if is_call else None,
                text=text,
                attributes=_named(action_id, len(lead)) if channel else None,
            )
        )
    return batches


def _tone(actors: Actors, rows: Touches, rng: np.random.Generator) -> IntVector:
    wants = actors.latent("urgency")[rows.lead] + actors.latent("need")[rows.lead]
    appeal = np.stack([0.2 + 0.6 * wants, np.full(len(wants), 0.2), -0.1 - 0.6 * wants])
    tone = np.array([WARM, QUESTION, COOL])[np.argmax(appeal + rng.gumbel(size=appeal.shape), axis=0)]
    return np.where(rows.opted_out, OPT_OUT, tone)


def _kept(
    kind: InteractionKind, channel: Channel, rows: Touches, at: FloatVector, kept: BoolVector, action_id: str
) -> Events:
    lead = rows.lead[kept]
    return Events(kind, channel, lead, at[kept], attributes=_named(action_id, len(lead)))


def _named(action_id: str, n: int) -> pl.Series:
    return as_json([{"action_id": action_id}], np.zeros(n, dtype=np.int64))
