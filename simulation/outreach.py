"""Draws the historical contacts: consents, a randomised policy with known propensities, replies and opt-outs."""

from dataclasses import dataclass

import numpy as np

from domain.events import Channel
from simulation.allotment import Allotment
from simulation.market import MarketModel
from simulation.response import Response
from simulation.streams import Streams
from simulation.vectors import BoolVector, FloatMatrix, FloatVector, IntVector, sigmoid

FIRST_DAYS = 7.0
_GAP_SPREAD = 0.35
_REPEAT_DISCOUNT = 1 / 3
_OPT_OUT_RATE = 0.010
_MEDIAN_FIRST_CONTACT_DAYS = 3.0 / 24
_REPLY_MEDIAN_DAYS = {"email": 0.40, "sms": 0.05, "phone": 0.0003, None: 0.30}
_REPLY_SPREAD, _REPLY_URGENCY = 0.8, -0.45


@dataclass(frozen=True)
class Consents:
    """By channel, whether consent was given at creation; and when it was withdrawn, infinite if never."""

    given: dict[str, BoolVector]
    withdrawn_at: FloatVector

    def allows(self, channel: str | None, at: FloatVector) -> BoolVector:
        """Say which leads may be contacted on a channel at a moment. Waiting needs no consent."""
        if channel is None:
            return np.ones(len(at), dtype=np.bool_)
        return np.asarray(self.given[channel] & (at < self.withdrawn_at))


@dataclass(frozen=True)
class Touches:
    """Decisions of the historical policy, one row each, `wait` among them.

    Attributes:
        lead: Index of the lead.
        action: Index of the action.
        at: Days since the start.
        propensity: Probability with which the policy chose the action.
        replied: Whether the lead answered; an opt-out is no answer.
        opted_out: Whether the lead answered with an opt-out.
        reply_at: Days since the start; NaN where nothing came back.
    """

    lead: IntVector
    action: IntVector
    at: FloatVector
    propensity: FloatVector
    replied: BoolVector
    opted_out: BoolVector
    reply_at: FloatVector

    def where(self, kept: BoolVector) -> "Touches":
        """Return the rows that are kept."""
        return Touches(
            self.lead[kept],
            self.action[kept],
            self.at[kept],
            self.propensity[kept],
            self.replied[kept],
            self.opted_out[kept],
            self.reply_at[kept],
        )


def draw_outreach(
    response: Response, allotment: Allotment, pace: FloatVector, streams: Streams
) -> tuple[Consents, Touches]:
    """Contact every assigned lead up to the policy's number of touches.

    At each touch the policy chooses among the actions that consent allows, with probabilities proportional to the
    market's weights; those are the logged propensities. An opt-out ends the contacts.

    Args:
        response: How leads respond.
        allotment: Who has the lead, from when.
        pace: Shape (n_reps,). Multiplies the time to the first contact.
        streams: Source of randomness.
    """
    market, n_leads = response.market, len(response.population)
    rng = streams.of("outreach")
    recording = market.recording
    given = {
        Channel.EMAIL.value: rng.random(n_leads) < recording.email_consent,
        Channel.SMS.value: rng.random(n_leads) < recording.sms_consent,
        Channel.PHONE.value: rng.random(n_leads) < recording.phone_consent,
    }
    withdrawn_at = np.full(n_leads, np.inf)
    everyone = np.arange(n_leads)
    at = allotment.first_at + _MEDIAN_FIRST_CONTACT_DAYS * pace[allotment.first] * np.exp(rng.standard_normal(n_leads))
    offset = np.array([region.utc_offset_h for region in market.regions])[response.population.region]
    touches = []
    for number, gap_days in enumerate(market.gap_days):
        at = at + gap_days * np.exp(_GAP_SPREAD * rng.standard_normal(n_leads))
        at = response.timeline.waking(at, offset)
        chances = _policy(market, Consents(given, withdrawn_at), at, number)
        action = np.minimum(
            (rng.random(n_leads)[:, None] >= np.cumsum(chances, axis=1)).sum(axis=1), len(market.actions) - 1
        )
        contacted = np.array([spec.channel is not None for spec in market.actions])[action]
        due = np.isfinite(at) & (at < withdrawn_at)
        moment = np.where(due, at, 0.0)
        replied = rng.random(n_leads) < response.reply_probability(everyone, action, moment)
        out = contacted & (rng.random(n_leads) < _opt_out_probability(response))
        reply_at = at + _reply_delay(response, action, rng)
        replied &= ~out
        withdrawn_at = np.where(due & out, reply_at, withdrawn_at)
        kept = due
        touches.append(
            Touches(
                everyone[kept],
                action[kept],
                at[kept],
                chances[everyone, action][kept],
                replied[kept],
                out[kept],
                np.where(replied | out, reply_at, np.nan)[kept],
            )
        )
    return Consents(given, withdrawn_at), _concatenate(touches)


def first_contact(touches: Touches, market: MarketModel, n_leads: int) -> FloatVector:
    """Return when each lead was first contacted, NaN if never. Waiting is no contact."""
    contacted = np.array([spec.channel is not None for spec in market.actions])[touches.action]
    first = np.full(n_leads, np.inf)
    np.minimum.at(first, touches.lead[contacted], touches.at[contacted])
    return np.where(np.isfinite(first), first, np.nan)


def follow_up_odds(response: Response, touches: Touches, *, within_days: float = FIRST_DAYS) -> FloatVector:
    """Add up what the contacts of the first days did to each lead's log-odds of conversion.

    Each contact counts a third as much as the one before it.

    Args:
        response: How leads respond.
        touches: The contacts, in order of time for each lead.
        within_days: Days after creation that count.
    """
    n_leads = len(response.population)
    contacted = np.array([spec.channel is not None for spec in response.market.actions])[touches.action]
    counts = contacted & (touches.at < response.created[touches.lead] + within_days)
    lead, action = touches.lead[counts], touches.action[counts]
    order = np.argsort(lead, kind="stable")
    lead, action = lead[order], action[order]
    position = np.arange(len(lead)) - np.searchsorted(lead, lead)
    odds = response.nudge_odds(lead, action) * _REPEAT_DISCOUNT**position
    return np.asarray(np.bincount(lead, weights=odds, minlength=n_leads), dtype=np.float64)


def _policy(market: MarketModel, consents: Consents, at: FloatVector, number: int) -> FloatMatrix:
    weights = np.array([spec.history[number] for spec in market.actions])
    allowed = np.stack(
        [consents.allows(spec.channel.value if spec.channel else None, at) for spec in market.actions], axis=1
    )
    chances = weights * allowed
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _opt_out_probability(response: Response) -> FloatVector:
    need = response.population.latents["need"] if response.effects.behaviour else np.zeros(len(response.population))
    return sigmoid(np.log(_OPT_OUT_RATE) - 0.6 * need)


def _reply_delay(response: Response, action: IntVector, rng: np.random.Generator) -> FloatVector:
    medians = np.array(
        [_REPLY_MEDIAN_DAYS[spec.channel.value if spec.channel else None] for spec in response.market.actions]
    )
    n_leads = len(action)
    log_delay = _REPLY_SPREAD * rng.standard_normal(n_leads)
    if response.effects.behaviour:
        log_delay = log_delay + _REPLY_URGENCY * response.population.latents["urgency"]
    return np.asarray(medians[action] * np.exp(log_delay))


def _concatenate(parts: list[Touches]) -> Touches:
    return Touches(
        np.concatenate([part.lead for part in parts]),
        np.concatenate([part.action for part in parts]),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.propensity for part in parts]),
        np.concatenate([part.replied for part in parts]),
        np.concatenate([part.opted_out for part in parts]),
        np.concatenate([part.reply_at for part in parts]),
    )
