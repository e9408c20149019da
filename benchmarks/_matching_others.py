"""What others would have won, told from logs whose truth is planted: other rules, people instead of the matcher, reps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from rich.progress import track
from scipy.special import expit, logit

from benchmarks._matching_floor import outcome_table, request_for
from benchmarks.harness import Figure, Options
from domain.people import Lead
from domain.routing import RoutingPolicy
from domain.values import DecisionId
from simulation.catalogue import load_market, market_names
from simulation.floor import SalesFloor, simulate
from tools.matching.affinity import fit_affinity
from tools.matching.arrays import BoolMatrix, BoolVector, FloatMatrix, FloatVector, IntVector
from tools.matching.batch import Floor
from tools.matching.describing import SHOWN
from tools.matching.effectiveness.choices_made import candidates_of, choices_of
from tools.matching.effectiveness.counterfactual import OthersReport
from tools.matching.effectiveness.expectation import settle
from tools.matching.effectiveness.facts import GIVEN, LEADS, MATCHES, OVERRIDES, REJECTIONS, REPS, Facts
from tools.matching.effectiveness.others import measure_others
from tools.matching.effectiveness.policies import NEVER_EXPLORE, ROUND_ROBIN
from tools.matching.history import judged_leads
from tools.matching.network import build_network
from tools.matching.planning import plan_matches
from tools.matching.recording import record_matches

START = datetime(2025, 1, 1, tzinfo=UTC)
LEADS_MADE, DAYS, PAST_DAYS = 9000, 600, 450
BATCH, LOGGED = 20, 2000
NEWCOMERS = 4
"""Reps without a past, so that there is something to explore."""

SCORER_NOISE = 0.6
BOLD = 0.5
"""Part of the leads that the bold log gives away by an even draw."""

_JUDGED = 20
_LEAST_P = 1e-3


@dataclass(frozen=True)
class _Played:
    """The leads after a floor's past, as the matcher gives them out, with what is true of them.

    Attributes:
        leads: Table `LEADS` of the facts, outcomes and reps apart.
        reps: Table `REPS` of the facts.
        truth: Shape (n_leads, n_reps). Planted chance of each pair.
        choices: Table `CHOICES`, of the matcher as it runs.
        candidates: Table `CANDIDATES`.
        rep: Shape (n_leads,). Index of the rep chosen.
        plain: Shape (n_leads,). Index of the rep whom the plan on the mean chose.
        listed: Shape (n_leads, n_reps). The candidates listed among the best.
    """

    leads: pl.DataFrame
    reps: pl.DataFrame
    truth: FloatMatrix
    choices: pl.DataFrame
    candidates: pl.DataFrame
    rep: IntVector
    plain: IntVector
    listed: BoolMatrix

    @property
    def even(self) -> FloatMatrix:
        """Shape (n_leads, n_reps). An even draw among those listed."""
        share: FloatMatrix = self.listed / self.listed.sum(axis=1, keepdims=True)
        return share

    def report(self, rep: IntVector, won: BoolVector, choices: pl.DataFrame, given: pl.DataFrame) -> OthersReport:
        """Let the leads end with some reps, and say what others would have won."""
        ids = self.reps["rep_id"].to_list()
        leads = self.leads.with_columns(
            rep_id=pl.Series([ids[r] for r in rep]), outcome=pl.Series(np.where(won, "won", "lost"))
        )
        facts = Facts(
            leads=leads,
            matches=pl.DataFrame(schema=MATCHES),
            rejections=pl.DataFrame(schema=REJECTIONS),
            overrides=pl.DataFrame(schema=OVERRIDES),
            reps=self.reps,
            product_names={},
            given=given,
            choices=choices,
            candidates=self.candidates,
        )
        return measure_others(facts, settle(leads))

    def draw_outcomes(self, rep: IntVector, rng: np.random.Generator) -> BoolVector:
        """Let every lead be won with its planted chance in the hands of a rep. Shape (n_leads,)."""
        won: BoolVector = rng.random(len(rep)) < self.truth[np.arange(len(rep)), rep]
        return won


@dataclass(frozen=True)
class _Told:
    """What was told, beside the truth and what a plain mean says; wins per 100 leads. No interval where none was told."""

    what: str
    truth: float
    naive: float
    """What a plain mean says, or where the report tells nothing what the chances promise; NaN for nothing."""

    told: float | None
    low: float = 0.0
    high: float = 0.0


def measure(options: Options) -> list[Figure]:
    """Measure; `--quick` takes one floor per market and 5 draws of outcomes, else five floors and 20 draws."""
    seeds = [options.seed + i for i in range(1 if options.quick else 5)]
    floors = [(market, seed) for market in market_names() for seed in seeds]
    told: list[_Told] = []
    ranked: list[tuple[float, float]] = []
    held: list[bool] = []
    named = 0
    n_draws = 5 if options.quick else 20
    for market, seed in track(floors, description="others"):
        played, rng = _play(market, seed), np.random.default_rng(seed)
        for _ in range(n_draws):
            told += [*_own_log(played, rng), *_bold_log(played, rng), *_kept_by_people(played, rng)]
            correlations, covered, blamed = _uplift(played, rng)
            ranked.append(correlations)
            held += covered
            named += blamed
    data = f"{len(floors)} floors x {n_draws} draws, {LOGGED:,} leads"
    ours, raw = (float(np.mean(column)) for column in zip(*ranked, strict=True))
    return [
        *_told_figures([each for each in told if each.what in _TOLD], data, options),
        _unsupported([each for each in told if each.what == _OWN_ROUND_ROBIN], data),
        Figure(
            f"correlation of wins because of the rep with the truth, within a floor ({data})",
            ours,
            peer="raw conversion rate",
            peer_value=raw,
            bar="more",
            holds=ours > raw,
        ),
        _coverage("95 % intervals of it that hold the truth", held, options),
        Figure(
            f"reps said to add or cost wins when leads are dealt to random reps (of {len(held)})",
            named,
            bar="at most 1 in 40",
            holds=named <= len(held) / 40,
        ),
    ]


_OWN_NEVER = "never explore less as it was, matcher's own log"
_OWN_ROUND_ROBIN = "round-robin, matcher's own log"
_BOLD_NEVER = "never explore, log with half drawn evenly"
_BOLD_ROUND_ROBIN = "round-robin, log with half drawn evenly"
_BOLD_WEIGHTED = "round-robin by weights alone, the same"
_PEOPLE = "matcher less people who keep the good leads"
_TOLD = (_OWN_NEVER, _BOLD_NEVER, _BOLD_ROUND_ROBIN, _BOLD_WEIGHTED, _PEOPLE)


def _coverage(name: str, held: Sequence[bool], options: Options) -> Figure:
    """Hold intervals to the bar; a look at few floors, whose draws have the leads in common, is too coarse to judge."""
    part = float(np.mean(held))
    holds = None if options.quick else part >= 0.9  # noqa: PLR2004 - the bar
    return Figure(name, part, bar="at least 0.90 in a full run", holds=holds)


def _told_figures(told: Sequence[_Told], data: str, options: Options) -> list[Figure]:
    found = []
    for what in _TOLD:
        mine = [each for each in told if each.what == what]
        heard = [each for each in mine if each.told is not None]
        errors = np.array([(each.told or 0.0) - each.truth for each in heard])
        naive = np.array([each.naive - each.truth for each in heard])
        held = [each.low <= each.truth <= each.high for each in heard]
        found += [
            Figure(
                f"mean error, {what} ({data}, {len(heard)} of {len(mine)} told)",
                float(errors.mean()),
                "wins per 100",
                peer="plain mean",
                peer_value=float(naive.mean()),
            ),
            Figure(
                f"root mean square error, {what}",
                float(np.sqrt((errors**2).mean())),
                "wins per 100",
                peer="plain mean",
                peer_value=float(np.sqrt((naive**2).mean())),
            ),
            _coverage(f"95 % intervals that hold the truth, {what}", held, options),
        ]
    return found


def _unsupported(untold: Sequence[_Told], data: str) -> Figure:
    """Say how wrong the decisions' own chances are where the report refuses to tell a value."""
    error = float(np.mean([each.naive - each.truth for each in untold if not np.isnan(each.naive)]))
    refused = sum(each.told is None for each in untold)
    name = f"{_OWN_ROUND_ROBIN}: error of what chances promise where the log is silent"
    return Figure(f"{name} ({data}, {refused} of {len(untold)} refused)", error, "wins per 100")


def _own_log(played: _Played, rng: np.random.Generator) -> list[_Told]:
    won = played.draw_outcomes(played.rep, rng)
    report = played.report(played.rep, won, played.choices, _given(played, None))
    lines = {line.policy: line for line in report.policies.policies}
    never, even = lines[NEVER_EXPLORE], lines[ROUND_ROBIN]
    rows = np.arange(len(won))
    truth = 100 * float((played.truth[rows, played.plain] - played.truth[rows, played.rep]).mean())
    alike = 100 * float(won[played.rep == played.plain].mean() - won.mean())
    drawn = 100 * float((played.even * played.truth).sum(axis=1).mean())
    found, modelled = never.beyond, np.nan if even.modelled is None else even.modelled
    return [
        _Told(_OWN_NEVER, truth, alike, *((found.value, found.low, found.high) if found else (None,))),
        _Told(_OWN_ROUND_ROBIN, drawn, modelled, even.value.value if even.value else None),
    ]


def _bold_log(played: _Played, rng: np.random.Generator) -> list[_Told]:
    """Draw half of the leads evenly among the candidates listed, and tell both policies from that."""
    rows = np.arange(len(played.rep))
    drawn = _draw(played.even, rng)
    rep = np.where(rng.random(len(rows)) < BOLD, drawn, played.plain)
    propensity = BOLD * played.even[rows, rep] + (1 - BOLD) * (rep == played.plain)
    ids = played.reps["rep_id"].to_list()
    choices = played.choices.with_columns(
        rep_id=pl.Series([ids[r] for r in rep]),
        propensity=pl.Series(propensity),
        at=played.leads["created_at"],
    )
    won = played.draw_outcomes(rep, rng)
    lines = {line.policy: line for line in played.report(rep, won, choices, _given(played, None)).policies.policies}
    never, even = lines[NEVER_EXPLORE].value, lines[ROUND_ROBIN]
    best = 100 * float(played.truth[rows, played.plain].mean())
    spread = 100 * float((played.even * played.truth).sum(axis=1).mean())
    alike = 100 * float(won[rep == played.plain].mean())
    as_drawn = 100 * float(won[rep == _draw(played.even, rng)].mean())
    return [
        _Told(what, truth, naive, *((found.value, found.low, found.high) if found else (None,)))
        for what, truth, naive, found in (
            (_BOLD_NEVER, best, alike, never),
            (_BOLD_ROUND_ROBIN, spread, as_drawn, even.value),
            (_BOLD_WEIGHTED, spread, as_drawn, even.weighted),
        )
    ]


def _kept_by_people(played: _Played, rng: np.random.Generator) -> list[_Told]:
    """Let people keep leads of good scores and deal them evenly; the matcher gets the others."""
    odds = logit(played.leads["p_lead"].to_numpy())
    matcher = rng.random(len(odds)) > expit((odds - odds.mean()) / odds.std())
    rep = np.where(matcher, played.rep, _draw(played.even, rng))
    won = played.draw_outcomes(rep, rng)
    comparison = played.report(rep, won, played.choices, _given(played, matcher)).comparison
    gain = played.truth[np.arange(len(rep)), played.rep] - (played.even * played.truth).sum(axis=1)
    truth = 100 * float(gain.mean())
    naive = 100 * float(won[matcher].mean() - won[~matcher].mean())
    found = comparison.adjusted.difference if comparison.adjusted else None
    return [_Told(_PEOPLE, truth, naive, *((found.value, found.low, found.high) if found else (None,)))]


def _uplift(played: _Played, rng: np.random.Generator) -> tuple[tuple[float, float], list[bool], int]:
    """Return correlations with the truth of ours and of raw conversion, which intervals hold, and whom chance names."""
    ids = played.reps["rep_id"].to_list()
    won = played.draw_outcomes(played.rep, rng)
    lines = played.report(played.rep, won, played.choices, _given(played, None)).uplift
    judged = [line for line in lines if line.settled >= _JUDGED]
    own = played.truth[np.arange(len(won)), played.rep] - (played.even * played.truth).sum(axis=1)
    truth = np.array([own[played.rep == ids.index(line.key)].sum() for line in judged])
    ours = np.array([line.added_wins.value for line in judged])
    raw = np.array([line.wins / line.settled for line in judged])
    held = [bool(line.added_wins.low <= true <= line.added_wins.high) for line, true in zip(judged, truth, strict=True)]
    # Every lead is won with the chance of its average candidate: whoever had it made no difference.
    average = rng.random(len(won)) < (played.even * played.truth).sum(axis=1)
    null = played.report(_draw(played.even, rng), average, played.choices, _given(played, None)).uplift
    blamed = sum(line.verdict in {"adds", "costs"} for line in null)
    return (float(np.corrcoef(ours, truth)[0, 1]), float(np.corrcoef(raw, truth)[0, 1])), held, blamed


def _draw(chance: FloatMatrix, rng: np.random.Generator) -> IntVector:
    drawn: IntVector = (rng.random((len(chance), 1)) > chance.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return drawn


def _given(played: _Played, matcher: BoolVector | None) -> pl.DataFrame:
    by = np.where(np.ones(len(played.rep), dtype=np.bool_) if matcher is None else matcher, "matcher", "manager")
    table = {"lead_id": played.leads["lead_id"], "by": by.tolist(), "p_before": played.leads["p_lead"]}
    return pl.DataFrame(table, schema=GIVEN)


def _play(market: str, seed: int) -> _Played:
    """Simulate a floor; let the matcher learn from its past and give out what comes then, in batches, exploring."""
    made = simulate(load_market(market), n_leads=LEADS_MADE, seed=seed, start=START, days=DAYS)
    now, team = START + timedelta(days=PAST_DAYS), list(made.stage.team.reps)
    past = _with_past_scores(outcome_table(made, now), made, seed)
    new = [rep.id for rep in team[-NEWCOMERS:]]
    judged = judged_leads(past.filter(~pl.col("rep_id").is_in(new).fill_null(value=False)), now=now)
    model = fit_affinity(judged, team, rng=np.random.default_rng(seed))
    floor = Floor(
        reps=team,
        products={product.id: product for product in made.market.domain_products()},
        open_leads={},
        model=model,
        network=build_network(judged, model),
    )
    leads = _arriving(made, now)
    truth = _truth(made, leads, [rep.id for rep in team])
    noise = np.random.default_rng([seed, 1]).normal(0, SCORER_NOISE, len(leads))
    mean = truth.mean(axis=1).clip(_LEAST_P, 1 - _LEAST_P)
    return _hand_out(leads, truth, expit(logit(mean) + noise), floor, now, seed)


def _hand_out(
    leads: list[Lead], truth: FloatMatrix, scored: FloatVector, floor: Floor, now: datetime, seed: int
) -> _Played:
    decisions = []
    for number, begin in enumerate(range(0, len(leads), BATCH)):
        part = slice(begin, begin + BATCH)
        plan = plan_matches(
            [request_for(lead, float(p)) for lead, p in zip(leads[part], scored[part], strict=True)],
            floor,
            policy=RoutingPolicy(),
            now=now + timedelta(hours=number),
            rng=np.random.default_rng([seed, 2, number]),
        )
        names = [DecisionId("score")] * len(plan.matches)
        decisions += record_matches(plan.matches, score_decisions=names, open_leads=[0] * len(floor.reps))
    served = np.array([each.chosen is not None for each in decisions])
    decisions = [each for each in decisions if each.chosen is not None]
    index: dict[str, int] = {rep.id: i for i, rep in enumerate(floor.reps)}
    choices, candidates = choices_of(decisions), candidates_of(decisions)
    listed = np.zeros((len(decisions), len(floor.reps)), dtype=np.bool_)
    for row, decision in enumerate(decisions):
        listed[row, [index[each["rep_id"]] for each in decision.considered[:SHOWN]]] = True
    kept = [lead for lead, there in zip(leads, served, strict=True) if there]
    return _Played(
        leads=_lead_table(kept, scored[served], now),
        reps=pl.DataFrame([(rep.id, rep.name, True) for rep in floor.reps], schema=REPS, orient="row"),
        truth=truth[served],
        choices=choices,
        candidates=candidates,
        rep=np.array([index[each] for each in choices["rep_id"]], dtype=np.int64),
        plain=np.array([index[each] for each in choices["unexplored_rep_id"]], dtype=np.int64),
        listed=listed,
    )


def _with_past_scores(past: pl.DataFrame, made: SalesFloor, seed: int) -> pl.DataFrame:
    """Add what the scorer said of each lead before anybody had it, with the same error as later."""
    ids = past["lead_id"].to_list()
    chance = made.truth.p_convert(ids, [""] * len(ids)).clip(_LEAST_P, 1 - _LEAST_P)
    noise = np.random.default_rng([seed, 3]).normal(0, SCORER_NOISE, len(ids))
    return past.with_columns(p_base=pl.Series(expit(logit(chance) + noise)))


def _arriving(made: SalesFloor, now: datetime) -> list[Lead]:
    rows = made.leads.filter(pl.col("created_at") >= now).sort("created_at").head(LOGGED)
    columns = ["id", "market", "created_at", "source", "region", "language", "timezone", "product_id"]
    return [Lead(**row) for row in rows.select(columns).iter_rows(named=True)]


def _truth(made: SalesFloor, leads: Sequence[Lead], reps: Sequence[str]) -> FloatMatrix:
    asked = [lead.id for lead in leads for _ in reps], [rep for _ in leads for rep in reps]
    truth: FloatMatrix = made.truth.p_convert(*asked).reshape(len(leads), len(reps))
    return truth


def _lead_table(leads: Sequence[Lead], scored: FloatVector, now: datetime) -> pl.DataFrame:
    """Return the leads as facts; each came at a moment of its own."""
    table = {
        "lead_id": [lead.id for lead in leads],
        "created_at": [now + timedelta(minutes=i) for i in range(len(leads))],
        "product_id": [lead.product_id for lead in leads],
        "region": [lead.region for lead in leads],
        "source": [lead.source for lead in leads],
        "rep_id": None,
        "outcome": None,
        "value": None,
        "p_lead": scored,
        "first_contact_at": None,
    }
    return pl.DataFrame(table, schema=LEADS)
