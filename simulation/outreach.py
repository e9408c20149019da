"""Draws the historical contacts: consents, a randomised policy with known propensities, replies and opt-outs."""

from dataclasses import dataclass, fields

import numpy as np

from domain.events import Channel
from simulation.allotment import Allotment
from simulation.market import MarketModel
from simulation.odds import utc_offsets
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
        return Touches(**{column.name: getattr(self, column.name)[kept] for column in fields(self)})


def draw_outreach(
    response: Response, allotment: Allotment, pace: FloatVector, reachable: BoolVector, streams: Streams
) -> tuple[Consents, Touches]:
    """Contact every assigned lead up to the policy's number of touches.

    At each touch the policy chooses among the actions that consent allows, with probabilities proportional to the
    market's weights; those are the logged propensities. An opt-out ends the contacts.

    Args:
        response: How leads respond.
        allotment: Who has the lead, from when.
        pace: Shape (n_reps,). Multiplies the time to the first contact.
        reachable: Shape (n_leads,). False for leads that nobody contacts.
        streams: Source of randomness.
    """
    market, n_leads = response.market, len(response.population)
    rng = streams.of("outreach")
    given = _given(market, n_leads, rng)
    withdrawn_at = np.full(n_leads, np.inf)
    everyone = np.arange(n_leads)
    offset = utc_offsets(market, response.population)
    opt_out = _opt_out_probability(response)
    at = allotment.first_at + _MEDIAN_FIRST_CONTACT_DAYS * pace[allotment.first] * np.exp(rng.standard_normal(n_leads))
    rounds = []
    for number, gap_days in enumerate(market.gap_days):
        at = at + gap_days * np.exp(_GAP_SPREAD * rng.standard_normal(n_leads))
        at = response.timeline.waking(at, offset)
        due = reachable & np.isfinite(at) & (at < withdrawn_at)
        chances = _policy(market, Consents(given, withdrawn_at), at, number)
        action = _choose(chances, rng.random(n_leads))
        opted_out = _is_contact(market, action) & (rng.random(n_leads) < opt_out)
        chance_of_reply = response.reply_probability(everyone, action, np.where(due, at, 0.0))
        replied = (rng.random(n_leads) < chance_of_reply) & ~opted_out
        reply_at = np.where(replied | opted_out, at + _reply_delay(response, action, rng), np.nan)
        withdrawn_at = np.where(due & opted_out, reply_at, withdrawn_at)
        propensity = chances[everyone, action]
        rounds.append(Touches(everyone, action, at, propensity, replied, opted_out, reply_at).where(due))
    return Consents(given, withdrawn_at), _concatenate(rounds)


def first_contact(touches: Touches, market: MarketModel, n_leads: int) -> FloatVector:
    """Return when each lead was first contacted, NaN if never. Waiting is no contact."""
    contacted = _is_contact(market, touches.action)
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
    counts = _is_contact(response.market, touches.action) & (touches.at < response.created[touches.lead] + within_days)
    lead, action = touches.lead[counts], touches.action[counts]
    order = np.argsort(lead, kind="stable")
    lead, action = lead[order], action[order]
    position = np.arange(len(lead)) - np.searchsorted(lead, lead)
    odds = response.nudge_odds(lead, action) * _REPEAT_DISCOUNT**position
    return np.asarray(np.bincount(lead, weights=odds, minlength=n_leads), dtype=np.float64)


def _given(market: MarketModel, n_leads: int, rng: np.random.Generator) -> dict[str, BoolVector]:
    recording = market.recording
    return {
        Channel.EMAIL.value: rng.random(n_leads) < recording.email_consent,
        Channel.SMS.value: rng.random(n_leads) < recording.sms_consent,
        Channel.PHONE.value: rng.random(n_leads) < recording.phone_consent,
    }


def _is_contact(market: MarketModel, action: IntVector) -> BoolVector:
    return np.array([spec.channel is not None for spec in market.actions])[action]


def _choose(chances: FloatMatrix, uniform: FloatVector) -> IntVector:
    """Return one action per row; `wait`, always allowed, takes what rounding leaves over."""
    passed = uniform[:, None] >= np.cumsum(chances, axis=1)
    return np.asarray(np.minimum(passed.sum(axis=1), chances.shape[1] - 1))


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


def _concatenate(rounds: list[Touches]) -> Touches:
    return Touches(**{c.name: np.concatenate([getattr(part, c.name) for part in rounds]) for c in fields(Touches)})
