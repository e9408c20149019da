"""What learning costs: a new rep, and a rep who turns bad, over simulated weeks whose true chances are known."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from rich.progress import track
from scipy.special import expit

from benchmarks.harness import Figure, Options
from domain.people import Rep
from domain.values import ProductId, RepId
from tools.matching.affinity import LeadKind, fit_affinity, shift_probability
from tools.matching.arrays import FloatMatrix, FloatVector, IntVector
from tools.matching.assignment import Assignment, assign_leads
from tools.matching.exploring import explore_within
from tools.matching.history import judged_leads
from tools.matching.weights import tune_weights

N_REPS, N_PRODUCTS, PER_WEEK = 10, 2, 60
PAST_WEEKS, WEEKS = 30, 16
SPREAD = 0.35
EDGE = 0.2
"""How far the best or worst rep lies beyond the others, log-odds."""

SCORER_NOISE = 0.4
_SLACK = 2.0
_MEAN_CHANCE = 0.25
"""What a lead brings on average, for the bar on what exploring may cost."""

_START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Settings:
    """How the matcher of one run learns."""

    explore: float
    forgets: bool
    fairness: float = 0.1


OURS = Settings(explore=0.05, forgets=True)
PEER = Settings(explore=0.0, forgets=False)
TIMID = Settings(explore=0.0, forgets=True)
NEW_BEST, NEW_WORST, TURNS_BAD, NOTHING = (
    "a new rep who is the best",
    "a new rep who is the worst",
    "the best rep turns bad",
    "nothing happens",
)
SCENARIOS = (NEW_BEST, NEW_WORST, TURNS_BAD, NOTHING)


@dataclass(frozen=True)
class _Week:
    """Leads of a week: product, what the scorer says, and the true chance in each rep's hands."""

    product: IntVector
    scored: FloatVector
    chance: FloatMatrix


def measure(options: Options) -> list[Figure]:
    """Measure the regret of each scenario; `--quick` takes 2 seeds, else 15. Medians over seeds."""
    seeds = range(options.seed, options.seed + (2 if options.quick else 15))
    found = []
    for name in SCENARIOS:
        runs = [
            tuple(_regret(name, settings, seed) for settings in (OURS, PEER, TIMID, None))
            for seed in track(seeds, description=name)
        ]
        ours, peer, timid, blind = (np.array(column) for column in zip(*runs, strict=True))
        data = f"{WEEKS} weeks of {PER_WEEK} leads, {N_REPS} reps, median of {len(runs)} seeds"
        least, best = float(np.median(peer)), name in {NEW_BEST, TURNS_BAD}
        # What exploring may cost at most: its budget of all that the weeks would bring.
        most = least if best else least + OURS.explore * WEEKS * PER_WEEK * _MEAN_CHANCE
        found += [
            Figure(
                f"regret, {name} ({data})",
                float(np.median(ours)),
                "conversions",
                "matcher that neither explores nor forgets",
                least,
                bar="no more" if best else f"at most {most:.1f}: the peer's and the budget",
                holds=bool(np.median(ours) <= most),
            ),
            Figure(
                f"the same beside ours without exploring ({name})", float(np.median(ours)), "conversions",
                "forgets, but never explores", float(np.median(timid)),
            ),
            Figure(
                f"the same beside a fair draw ({name})", float(np.median(ours)), "conversions",
                "no learning at all", float(np.median(blind)),
            ),
        ]  # fmt: skip
    return found if options.quick else [*found, *_tuned(options.seed)]


def _tuned(seed: int) -> list[Figure]:
    """Tune the budget of exploration on one set of simulated weeks, and judge it on another."""

    def value(explore: float, seeds: range) -> float:
        settings = Settings(explore=explore, forgets=True)
        return -float(np.mean([_regret(name, settings, s) for name in SCENARIOS for s in seeds]))

    tuned = tune_weights(
        lambda weights: value(weights["explore"], range(seed + 100, seed + 102)),
        {"explore": (0.0, 0.2)},
        rng=np.random.default_rng(seed),
        n_trials=8,
        first={"explore": OURS.explore},
    )
    fresh = range(seed + 200, seed + 203)
    return [
        Figure("budget of exploration that simulated weeks favour", tuned.weights["explore"], peer="default", peer_value=OURS.explore),
        Figure(
            "mean regret with it on fresh weeks, all scenarios",
            -value(tuned.weights["explore"], fresh),
            "conversions",
            "with the default",
            -value(OURS.explore, fresh),
        ),
    ]  # fmt: skip


def _regret(scenario: str, settings: Settings | None, seed: int) -> float:
    """Return the true conversions lost to an oracle, week by week learning; None for a matcher that never learns."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(0, SPREAD, (N_REPS, 1)) / np.sqrt(2) + rng.normal(0, SPREAD, (N_REPS, N_PRODUCTS)) / np.sqrt(2)
    best, worst = effect.max() + EDGE, effect.min() - EDGE
    past = effect.copy()
    if scenario == TURNS_BAD:
        past[-1] = best
    if scenario != NOTHING:
        effect[-1] = best if scenario == NEW_BEST else worst
    reps = [Rep(id=RepId(f"rep-{i}"), market="weeks", name=f"rep {i}") for i in range(N_REPS)]
    tables = []
    for week in range(PAST_WEEKS):
        leads = _leads(past, rng)
        able = N_REPS - 1 if scenario in {NEW_BEST, NEW_WORST} else N_REPS
        tables.append(_ended(leads, rng.integers(0, able, PER_WEEK), week, rng))
    lost = 0.0
    capacities = np.full(N_REPS, int(np.ceil(_SLACK * PER_WEEK / N_REPS)), dtype=np.int64)
    for week in range(PAST_WEEKS, PAST_WEEKS + WEEKS):
        leads = _leads(effect, rng)
        luck = np.random.default_rng([seed, week])
        rep = _assign(leads, pl.concat(tables), reps, settings, capacities, week, luck)
        tables.append(_ended(leads, rep, week, luck))
        best = _solve(leads.chance, capacities, 0.0).rep
        rows = np.arange(PER_WEEK)
        lost += float(leads.chance[rows, best].sum() - leads.chance[rows, rep].sum())
    return lost


def _leads(effect: FloatMatrix, rng: np.random.Generator) -> _Week:
    product = rng.integers(0, N_PRODUCTS, PER_WEEK)
    base = rng.normal(-1.4, 0.8, PER_WEEK) + 0.2 * product
    chance = expit(base[:, None] + effect.T[product])
    scored: FloatVector = expit(base + SCORER_NOISE * rng.standard_normal(PER_WEEK))
    return _Week(product, scored, chance)


def _ended(leads: _Week, rep: IntVector, week: int, rng: np.random.Generator) -> pl.DataFrame:
    """Let a week's leads end; everybody knows the result before the next week's leads come."""
    n = len(rep)
    won = rng.random(n) < leads.chance[np.arange(n), rep]
    created = _START + timedelta(weeks=week)
    return pl.DataFrame(
        {
            "lead_id": [f"{week:03}-{i:03}" for i in range(n)],
            "created_at": [created] * n,
            "product_id": [f"product-{p}" for p in leads.product],
            "region": ["all"] * n,
            "source": ["web"] * n,
            "rep_id": [f"rep-{r}" for r in rep],
            "outcome": np.where(won, "won", "lost"),
            "outcome_at": [created + timedelta(days=5)] * n,
            "p_base": leads.scored,
        },
        schema_overrides={"created_at": pl.Datetime("us", "UTC"), "outcome_at": pl.Datetime("us", "UTC")},
    )


def _assign(
    leads: _Week,
    past: pl.DataFrame,
    reps: list[Rep],
    settings: Settings | None,
    capacities: IntVector,
    week: int,
    rng: np.random.Generator,
) -> IntVector:
    """Learn from all that ended, and give the week's leads out, as the matching tool does."""
    if settings is None:
        places = np.repeat(np.arange(N_REPS), capacities)
        return rng.permutation(places)[:PER_WEEK]
    now = _START + timedelta(weeks=week)
    model = fit_affinity(judged_leads(past, now=now), reps, rng=rng, forgets=settings.forgets)
    kinds = [LeadKind(ProductId(f"product-{p}"), "all", "web") for p in range(N_PRODUCTS)]
    mean: FloatMatrix = np.sum(list(model.shifts(reps, kinds).values()), axis=0)

    def worth_of(shift: FloatMatrix) -> FloatMatrix:
        return shift_probability(leads.scored[:, None], shift.T[leads.product])

    found = explore_within(
        mean,
        model.spreads(reps, kinds),
        worth_of,
        lambda worth: _solve(worth, capacities, settings.fairness),
        kind=leads.product,
        budget=settings.explore,
        rng=rng,
        n_plans=1,
    )
    return found.rep


def _solve(worth: FloatMatrix, capacities: IntVector, fairness: float) -> Assignment:
    nobody, everybody = np.zeros(N_REPS, dtype=np.int64), np.ones(worth.shape, dtype=np.bool_)
    return assign_leads(worth, everybody, nobody, capacities, workload_weight=fairness * float(worth.mean()))
