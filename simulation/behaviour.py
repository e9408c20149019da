"""Draws what leads do of their own accord, more of it the more they want. Does not look at how they end."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from domain.events import Channel, InteractionKind
from simulation.allotment import Allotment
from simulation.effects import Effects
from simulation.events import Events, as_json
from simulation.market import Behaviour, MarketModel, Sequel
from simulation.moments import Timeline
from simulation.odds import utc_offsets
from simulation.population import Population
from simulation.sentences import CHAT, FIRST_OBJECTION, Sentences
from simulation.streams import Streams
from simulation.vectors import BoolVector, FloatVector, IntVector, sigmoid

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.3",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (X11; Linux x64) HeadlessChrome/125.0.0.0 Safari/537.36",
)
_FIRST_WEEK_DAYS = 7.0
_BOT_VIEWS, _BOT_SECONDS = 30.0, 1.5
_DUPLICATE_SHARE = 0.3
_DURATION_SPREAD, _DURATION_NEED = 0.6, 0.35


@dataclass(frozen=True)
class Actors:
    """Who acts and on what terms; vectors have shape (n_leads,)."""

    market: MarketModel
    effects: Effects
    population: Population
    created: FloatVector
    bot: BoolVector
    duplicate: BoolVector
    allotment: Allotment
    timeline: Timeline
    sentences: Sentences

    def latent(self, name: str) -> FloatVector:
        """Return a latent as behaviour shows it: nothing at all where behaviour is switched off."""
        values = self.population.latents[name]
        return values if self.effects.behaviour else np.zeros_like(values)

    def waking(self, lead: IntVector, at: FloatVector) -> FloatVector:
        """Move moments of the leads' nights to the morning."""
        return self.timeline.waking(at, utc_offsets(self.market, self.population)[lead])


def draw_behaviour(actors: Actors, streams: Streams) -> list[Events]:
    """Draw every behaviour of the market for every lead, and the forms and crawlers around them.

    Counts are Poisson with a rate that fades by half-lives; the log rate is linear in the latents.

    Args:
        actors: Who acts.
        streams: Source of randomness.
    """
    batches = [_forms(actors), *_bot_views(actors, streams.of("bot views"))]
    for behaviour in actors.market.behaviours:
        batches += _behave(actors, behaviour, streams.of(f"behaviour {behaviour.kind}"))
    return batches


def _behave(actors: Actors, behaviour: Behaviour, rng: np.random.Generator) -> list[Events]:
    tau = behaviour.half_life_days / np.log(2)
    whole = behaviour.first_week / -np.expm1(-_FIRST_WEEK_DAYS / tau)
    log_rate = (
        behaviour.urgency * actors.latent("urgency")
        + behaviour.need * actors.latent("need")
        + behaviour.budget * actors.latent("budget")
    )
    share = np.where(actors.bot, 0.0, np.where(actors.duplicate, _DUPLICATE_SHARE, 1.0))
    lead = np.repeat(np.arange(len(share)), rng.poisson(whole * share * np.exp(log_rate)))
    at = actors.waking(lead, actors.created[lead] + rng.exponential(tau, len(lead)))
    rep = actors.allotment.rep_at(lead, at) if behaviour.with_rep else np.full(len(lead), -1)
    if behaviour.with_rep:
        kept = rep >= 0
        lead, at, rep = lead[kept], at[kept], rep[kept]
    first = Events(
        behaviour.kind,
        behaviour.channel,
        lead,
        at,
        rep=rep,
        seconds=_durations(actors, lead, behaviour.seconds, rng) if behaviour.seconds else None,
        text=_text(actors, behaviour.kind, lead, rng),
        attributes=_attributes(actors, behaviour.kind, lead, rng),
    )
    return [first] if behaviour.sequel is None else [first, *_follow(actors, first, behaviour.sequel, rng)]


def _follow(actors: Actors, first: Events, sequel: Sequel, rng: np.random.Generator) -> list[Events]:
    assert first.rep is not None
    odds = np.log(sequel.chance / (1 - sequel.chance)) + sequel.need * actors.latent("need")[first.lead]
    happens = rng.random(len(first.lead)) < sigmoid(odds)
    delay = sequel.after_h / 24 * np.exp(0.5 * rng.standard_normal(len(first.lead)))
    at = actors.waking(first.lead, first.at + delay)
    minutes = (
        60.0 * rng.lognormal(3.4, 0.4, len(first.lead)) if sequel.kind == InteractionKind.MEETING_ATTENDED else None
    )
    batches = []
    for kind, kept in ((sequel.kind, happens), (sequel.otherwise, ~happens)):
        if kind is not None:
            seconds = minutes[kept] if minutes is not None and kind == sequel.kind else None
            batches.append(
                Events(kind, sequel.channel, first.lead[kept], at[kept], rep=first.rep[kept], seconds=seconds)
            )
    return batches


def _durations(actors: Actors, lead: IntVector, median: float, rng: np.random.Generator) -> FloatVector:
    noise = _DURATION_SPREAD * rng.standard_normal(len(lead))
    return np.asarray(median * np.exp(_DURATION_NEED * actors.latent("need")[lead] + noise))


def _text(actors: Actors, kind: InteractionKind, lead: IntVector, rng: np.random.Generator) -> pl.Series | None:
    n = len(lead)
    if kind == InteractionKind.CHAT_MESSAGE:
        class_ = np.full(n, CHAT)
    elif kind == InteractionKind.OBJECTION_RAISED:
        class_ = FIRST_OBJECTION + _objections(actors, lead, rng)
    else:
        return None
    population = actors.population
    return actors.sentences.pick(class_, population.language[lead], population.product[lead], rng.random(n))


def _objections(actors: Actors, lead: IntVector, rng: np.random.Generator) -> IntVector:
    """Choose what is objected to: the price by those short of budget, the timing by those without urgency."""
    neutral = np.zeros(len(lead))
    appeal = np.stack(
        [-0.7 * actors.latent("budget")[lead], -0.7 * actors.latent("urgency")[lead], neutral - 0.4, neutral - 0.3]
    )
    return np.asarray(np.argmax(appeal + rng.gumbel(size=appeal.shape), axis=0))


def _attributes(actors: Actors, kind: InteractionKind, lead: IntVector, rng: np.random.Generator) -> pl.Series | None:
    n = len(lead)
    if kind in {InteractionKind.PAGE_VIEWED, InteractionKind.DOCUMENT_OPENED}:
        crawled_rate = actors.market.recording.crawled_views if actors.effects.bots else 0.0
        crawled = (rng.random(n) < crawled_rate) & (kind == InteractionKind.PAGE_VIEWED)
        own = lead % len(BROWSERS)
        agent = np.where(crawled, len(BROWSERS) + rng.integers(len(CRAWLERS), size=n), own)
        return _views(actors.market, agent, rng)
    if kind == InteractionKind.BUDGET_DISCUSSED:
        prices = np.array([product.price for product in actors.market.products])[actors.population.product[lead]]
        amount = prices * np.exp(0.35 * actors.latent("budget")[lead] + 0.4 * rng.standard_normal(n))
        rounded = pl.Series(np.round(amount, -2).astype(np.int64))
        return _amounts(rounded)
    return None


def _amounts(amount: pl.Series) -> pl.Series:
    return pl.select(pl.concat_str([pl.lit('{"amount": '), amount.cast(pl.String), pl.lit("}")])).to_series()


def _views(market: MarketModel, agent: IntVector, rng: np.random.Generator) -> pl.Series:
    agents = (*BROWSERS, *CRAWLERS)
    rows: list[dict[str, object]] = [{"page": page, "user_agent": name} for name in agents for page in market.pages]
    return as_json(rows, agent * len(market.pages) + rng.integers(len(market.pages), size=len(agent)))


def _forms(actors: Actors) -> Events:
    by_form = np.array([source.form for source in actors.market.sources.values()])
    lead = np.flatnonzero(by_form[actors.population.source])
    browser = np.where(actors.bot[lead], len(BROWSERS) + lead % len(CRAWLERS), lead % len(BROWSERS))
    rows: list[dict[str, object]] = [{"user_agent": agent} for agent in (*BROWSERS, *CRAWLERS)]
    return Events(
        InteractionKind.FORM_SUBMITTED, Channel.WEB, lead, actors.created[lead], attributes=as_json(rows, browser)
    )


def _bot_views(actors: Actors, rng: np.random.Generator) -> list[Events]:
    bots = np.flatnonzero(actors.bot)
    lead = np.repeat(bots, rng.poisson(_BOT_VIEWS, len(bots)))
    at = actors.created[lead] + rng.uniform(0, 0.08, len(lead))
    agent = len(BROWSERS) + lead % len(CRAWLERS)
    seconds = rng.exponential(_BOT_SECONDS, len(lead))
    return [
        Events(
            InteractionKind.PAGE_VIEWED,
            Channel.WEB,
            lead,
            at,
            seconds=seconds,
            attributes=_views(actors.market, agent, rng),
        )
    ]
