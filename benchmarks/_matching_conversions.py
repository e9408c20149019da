"""True expected conversions of the matcher beside round-robin, three simple policies and an oracle that knows all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from rich.progress import track
from scipy.special import logit

from benchmarks._matching_floor import BATCH, N_LEADS, Stage, set_stage, with_past_scores
from benchmarks.harness import Figure, Options
from domain.people import Rep
from domain.routing import RoutingPolicy
from simulation.catalogue import market_names
from tools.matching.affinity import AffinityModel, fit_affinity, kind_of, shift_probability
from tools.matching.arrays import FloatMatrix, IntVector
from tools.matching.assignment import assign_leads
from tools.matching.flow import POOL
from tools.matching.history import judged_leads
from tools.matching.planning import plan_matches
from tools.matching.round_robin import assign_in_turn

MIN_SHARE = 0.70
HISTORY = (500, 1500, 3000, N_LEADS)
_POLICY = RoutingPolicy(explore=0.0)
_BINS = 10
_MAX_ECE = 0.03


@dataclass(frozen=True)
class Trial:
    """One batch on one floor.

    Attributes:
        conversions: True expected conversions, by policy.
        gini: Gini of load by capacity, by policy.
        silent: Whether the history told reps apart, by history.
        gap: Difference between promised and planted chance, by tenths of the promise, weighted: of the matcher's pairs.
        slope: Log-odds of the planted chance per log-odds of the promise, over reps of one lead.
    """

    conversions: Mapping[str, float]
    gini: Mapping[str, float]
    silent: bool
    gap: float
    slope: float


def measure(options: Options) -> list[Figure]:
    """Measure each market; `--quick` takes 2 floors a market, else 20."""
    n_floors = 2 if options.quick else 20
    found = []
    curve: dict[tuple[int, str], list[float]] = {(n, who): [] for who in ("with", "without") for n in HISTORY}
    for market in market_names():
        stages = track(range(options.seed, options.seed + n_floors), description=f"conversions, {market}")
        trials = []
        for seed in stages:
            stage = set_stage(market, seed)
            trials.append(_play(stage, seed))
            if seed < options.seed + max(2, n_floors // 4):
                for n in HISTORY:
                    curve[n, "with"].append(_share_with(stage, stage.reps, seed, n))
                    curve[n, "without"].append(_share_with(stage, without_skills(stage), seed, n))
        found += _beside_peers(market, trials)
    for (n, who), shares in curve.items():
        data = f"at most {n:,} past leads, {who} declared skills, {len(shares)} floors"
        found.append(Figure(f"learning curve: share of the oracle's gain ({data})", float(np.mean(shares))))
    return found


def _beside_peers(market: str, trials: list[Trial]) -> list[Figure]:
    mean = {name: float(np.mean([t.conversions[name] for t in trials])) for name in trials[0].conversions}
    gini = {name: float(np.mean([t.gini[name] for t in trials])) for name in trials[0].gini}
    turns, oracle = mean["round-robin"], mean["oracle"]
    data = f"{market}, {BATCH} leads, {len(trials)} floors, scorer = truth with noise"
    shares = {name: (mean[name] - turns) / (oracle - turns) for name in mean}
    each = [
        (t.conversions["ours"] - t.conversions["round-robin"])
        / (t.conversions["oracle"] - t.conversions["round-robin"])
        for t in trials
    ]
    peers = ("round-robin", "greedy", "first match", "performance-weighted")
    return [
        *(
            Figure(
                f"true expected conversions ({data})", mean["ours"], peer=peer, peer_value=mean[peer],
                bar="more", holds=mean["ours"] > mean[peer],
            )
            for peer in peers
        ),
        Figure(
            f"share of the oracle's gain over round-robin ({data})", shares["ours"], bar=f"at least {MIN_SHARE:.0%}",
            holds=shares["ours"] >= MIN_SHARE,
        ),
        Figure(f"the same, worst floor ({data})", min(each)),
        Figure(f"the same, had the matcher known the planted skills ({data})", shares["reps known"]),
        Figure(f"the same with fairness 0 ({data})", shares["ours, fairness 0"]),
        Figure(f"the same with the scorer's past probabilities ({data})", shares["ours, past scores"]),
        Figure(f"the same without declared skills ({data})", shares["ours, undeclared"]),
        Figure(
            f"the same without declared skills, with the scorer's past probabilities ({data})",
            shares["ours, undeclared, past scores"],
        ),
        Figure(f"floors on which history told nothing ({data})", float(sum(t.silent for t in trials))),
        Figure(
            f"Gini of load by capacity ({data})", gini["ours"], peer="round-robin", peer_value=gini["round-robin"],
            bar="no more", holds=gini["ours"] <= gini["round-robin"],
        ),
        Figure(
            f"promised chance against the planted one, ECE of all allowed pairs ({data})",
            float(np.mean([t.gap for t in trials])), bar=f"<= {_MAX_ECE}",
            holds=float(np.mean([t.gap for t in trials])) <= _MAX_ECE,
        ),
        Figure(
            f"planted log-odds per promised, between reps of one lead; 1 is right ({data})",
            float(np.mean([t.slope for t in trials])),
        ),
    ]  # fmt: skip


def _play(stage: Stage, seed: int) -> Trial:
    undeclared = without_skills(stage)
    past_scores = judged_leads(with_past_scores(stage, seed), now=stage.now)
    plain = learn(stage.judged(), stage.reps, seed)
    scored = learn(past_scores, stage.reps, seed)
    blind = learn(stage.judged(), undeclared, seed)
    chance = _chances(stage, plain)
    nobody = np.zeros(len(stage.reps), dtype=np.int64)
    policies = {
        "ours": plan_ours(stage, plain, stage.reps),
        "ours, fairness 0": plan_ours(stage, plain, stage.reps, replace_fairness=0.0),
        "ours, past scores": plan_ours(stage, scored, stage.reps),
        "ours, undeclared": plan_ours(stage, blind, undeclared),
        "ours, undeclared, past scores": plan_ours(stage, learn(past_scores, undeclared, seed), undeclared),
        "round-robin": assign_in_turn(stage.eligible, nobody, stage.capacities),
        "oracle": assign_leads(stage.truth, stage.eligible, nobody, stage.capacities).rep,
        "reps known": assign_leads(chances_of_skills(stage), stage.eligible, nobody, stage.capacities).rep,
        "greedy": _one_by_one(stage, chance),
        "first match": _one_by_one(stage, np.broadcast_to(-np.arange(len(stage.reps)), chance.shape)),
        "performance-weighted": _by_performance(stage, np.random.default_rng([seed, 2])),
    }
    gap, slope = _reliability(stage, _chances(stage, scored))
    return Trial(
        conversions={name: stage.conversions(chosen) for name, chosen in policies.items()},
        gini={name: stage.gini(chosen) for name, chosen in policies.items()},
        silent=plain.no_signal is not None,
        gap=gap,
        slope=slope,
    )


def without_skills(stage: Stage) -> list[Rep]:
    return [rep.model_copy(update={"skills": ()}) for rep in stage.reps]


def _share_with(stage: Stage, reps: list[Rep], seed: int, n_leads: int) -> float:
    """Return the share of the oracle's gain when history is a sample of so many leads, open ones included."""
    n = min(n_leads, stage.outcomes.height)
    thin = replace(stage, outcomes=stage.outcomes.sort("lead_id").sample(n, seed=seed))
    model = learn(thin.judged(), reps, seed)
    nobody = np.zeros(len(stage.reps), dtype=np.int64)
    turns = stage.conversions(assign_in_turn(stage.eligible, nobody, stage.capacities))
    oracle = stage.conversions(assign_leads(stage.truth, stage.eligible, nobody, stage.capacities).rep)
    return (stage.conversions(plan_ours(thin, model, reps)) - turns) / (oracle - turns)


def learn(judged: pl.DataFrame, reps: list[Rep], seed: int) -> AffinityModel:
    return fit_affinity(judged, reps, rng=np.random.default_rng(seed))


def plan_ours(
    stage: Stage, model: AffinityModel, reps: list[Rep], *, replace_fairness: float | None = None
) -> IntVector:
    """Plan the batch with all of the matcher's rules, and check that it broke none of them."""
    policy = _POLICY if replace_fairness is None else _POLICY.model_copy(update={"fairness": replace_fairness})
    plan = plan_matches(stage.requests(), stage.floor(model, reps), policy=policy, now=stage.now)
    chosen = stage.chosen(plan.matches)
    served = np.flatnonzero(chosen != POOL)
    assert stage.eligible[served, chosen[served]].all(), "a hard rule was broken"
    assert (np.bincount(chosen[served], minlength=len(reps)) <= stage.capacities).all(), "a capacity was broken"
    return chosen


def _chances(stage: Stage, model: AffinityModel) -> FloatMatrix:
    shift = sum(model.shifts(stage.reps, [kind_of(lead) for lead in stage.leads]).values())
    return shift_probability(stage.scored[:, None], np.asarray(shift).T)


def chances_of_skills(stage: Stage) -> FloatMatrix:
    """Return the chances that a matcher with this scorer would promise if it knew the planted skills."""
    column = {product.id: i for i, product in enumerate(stage.simulated.market.domain_products())}
    skill = stage.simulated.truth.skills()[:, [column[lead.product_id] for lead in stage.leads if lead.product_id]]
    return shift_probability(stage.scored[:, None], skill.T)


def _one_by_one(stage: Stage, liking: FloatMatrix) -> IntVector:
    """Give each lead, in order of arrival, to the allowed rep with a free place who is liked best."""
    free = stage.capacities.copy()
    chosen = np.full(len(stage.leads), POOL, dtype=np.int64)
    for lead in range(len(stage.leads)):
        able = np.flatnonzero(stage.eligible[lead] & (free > 0))
        if len(able):
            chosen[lead] = able[liking[lead, able].argmax()]
            free[chosen[lead]] -= 1
    return chosen


def _by_performance(stage: Stage, rng: np.random.Generator) -> IntVector:
    """Draw each lead's rep among the allowed and free ones, in proportion to his past win rate on the product."""
    judged = stage.judged()
    had = {(r, p): (n, w) for r, p, n, w in judged.group_by("rep_id", "product_id").agg(
        pl.len(), pl.col("won").sum().alias("w")).rows()}  # fmt: skip
    base = float(judged["won"].to_numpy().mean())
    free = stage.capacities.copy()
    chosen = np.full(len(stage.leads), POOL, dtype=np.int64)
    for row, lead in enumerate(stage.leads):
        able = np.flatnonzero(stage.eligible[row] & (free > 0))
        if len(able):
            counts = [had.get((stage.reps[rep].id, lead.product_id), (0, 0.0)) for rep in able]
            rates = np.array([(won + base) / (n + 1) for n, won in counts])
            chosen[row] = rng.choice(able, p=rates / rates.sum())
            free[chosen[row]] -= 1
    return chosen


def _reliability(stage: Stage, promised: FloatMatrix) -> tuple[float, float]:
    """Hold promises against the planted chances of the same pairs, all later than what was learned from."""
    allowed = stage.eligible & (stage.truth > 0)
    said, true = promised[allowed], stage.truth[allowed]
    order = np.argsort(said)
    gap = sum(
        abs(float(said[part].mean() - true[part].mean())) * len(part) for part in np.array_split(order, _BINS)
    ) / len(said)
    x, y = (_centred(np.where(allowed, logit(v.clip(1e-6, 1 - 1e-6)), np.nan)) for v in (promised, stage.truth))
    return gap, float((x * y).sum() / (x * x).sum())


def _centred(values: FloatMatrix) -> FloatMatrix:
    """Take the mean over the allowed reps of each lead away."""
    rows = np.isfinite(values).sum(axis=1) > 1
    kept = values[rows]
    centred = kept - np.nanmean(kept, axis=1, keepdims=True)
    flat: FloatMatrix = centred[np.isfinite(centred)]
    return flat
